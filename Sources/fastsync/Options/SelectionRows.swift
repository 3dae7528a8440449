// SPDX-License-Identifier: Apache-2.0

/// Rows of `OptionTable`.
enum SelectionRows {
  /// What is copied, and what is kept of it.
  static let selection: [OptionRow] = [
    OptionRow(
      ["archive"],
      "a",
      in: .selection,
      help: "Same as -rlptgoD.",
      manual: #"""
        Same as
        .BR \-rlptgoD .
        """#
    ) { options, typed in options.select(TypedOptions.archive, typed) },

    OptionRow(
      ["recursive"],
      "r",
      negation: .namesAndLetter,
      in: .selection,
      help: "Descend into directories.",
      manual: """
        Descend into directories.
        Without it directories are skipped.
        """
    ) { options, typed in options.select([.recursion], typed) },

    OptionRow(
      ["links"],
      "l",
      negation: .namesAndLetter,
      in: .selection,
      help: "Copy symbolic links as such.",
      manual: """
        Copy symbolic links as such.
        Without it they are skipped.
        """
    ) { options, typed in options.select([.symbolicLinks], typed) },

    OptionRow(
      ["perms"],
      "p",
      negation: .namesAndLetter,
      in: .selection,
      help: "Keep permissions.",
      manual: "Keep permissions, with the setuid, setgid and sticky bits."
    ) { options, typed in options.select([.permissions], typed) },

    OptionRow(
      ["times"],
      "t",
      negation: .namesAndLetter,
      in: .selection,
      help: "Keep modification times.",
      manual: "Keep modification times, in nanoseconds."
    ) { options, typed in options.select([.times], typed) },

    OptionRow(
      ["group"],
      "g",
      negation: .namesAndLetter,
      in: .selection,
      help: "Keep the group."
    ) { options, typed in options.select([.group], typed) },

    OptionRow(
      ["owner"],
      "o",
      negation: .namesAndLetter,
      in: .selection,
      help: "Keep the owner (as root).",
      manual: "Keep the owner; only root can."
    ) { options, typed in options.select([.owner], typed) },

    OptionRow(
      [],
      "D",
      negation: .namesAndLetter,
      in: .selection,
      help: "Same as --devices --specials.",
      manual: #"""
        Same as
        .BR "\-\-devices \-\-specials" .
        """#
    ) { options, typed in options.select([.devices, .specials], typed) },

    OptionRow(
      ["devices"],
      negation: .names,
      in: .selection,
      help: "Copy device nodes (as root).",
      manual: "Make device nodes again; only root can."
    ) { options, typed in options.select([.devices], typed) },

    OptionRow(
      ["specials"],
      negation: .names,
      in: .selection,
      help: "Copy FIFOs and sockets.",
      manual: "Make FIFOs and sockets again."
    ) { options, typed in options.select([.specials], typed) },

    OptionRow(
      ["hard-links"],
      "H",
      negation: .namesAndLetter,
      in: .selection,
      help: "Keep hard links.",
      manual: """
        Names of one file at the source become names of one file at the target, across all sources
        of
        the run.
        """
    ) { options, typed in options.select([.hardLinks], typed) },

    OptionRow(
      ["acls"],
      "A",
      negation: .namesAndLetter,
      in: .selection,
      help: "Keep ACLs; implies -p.",
      manual: #"""
        Keep POSIX ACLs, access and default.
        Implies
        .BR \-p .
        """#
    ) { options, typed in
      options.select(
        typed.isOn ? [.accessControlLists, .permissions] : [.accessControlLists],
        typed
      )
    },

    OptionRow(
      ["xattrs"],
      "X",
      negation: .namesAndLetter,
      in: .selection,
      help: "Keep extended attributes.",
      manual: """
        Keep extended attributes, file capabilities among them.
        What one kind of filesystem has for itself, such as btrfs.compression, is carried over
        between two of that kind, before there is data; elsewhere it is left out, which -v counts.
        Given twice, those are kept as well in which rsync stores metadata (user.rsync.%stat).
        """
    ) { options, typed in
      options.select([.extendedAttributes], typed)
      options.metadata.attributes = typed.isOn ? options.metadata.attributes + 1 : 0
    },

    OptionRow(
      ["sparse"],
      "S",
      negation: .namesAndLetter,
      in: .selection,
      help: "Make holes of runs of zeros.",
      manual: """
        Holes of the source stay holes, and zeros that fill 4K from a multiple of 4K on become some,
        in an image 64K.
        Such files are written through the cache.
        What shares extents with its source stays as it is there.
        """
    ) { options, typed in options.select([.holes], typed) },

    OptionRow(
      ["one-file-system"],
      "x",
      negation: .namesAndLetter,
      in: .selection,
      help: "Stay on each source's filesystem.",
      manual: """
        Stay on the filesystem of each source.
        What is mounted below it arrives as an empty directory, and given twice not at all.
        So does the target, where it is mounted there.
        """
    ) { options, typed in
      options.oneFileSystem = typed.isOn ? options.oneFileSystem + 1 : 0
    },
  ]
}
