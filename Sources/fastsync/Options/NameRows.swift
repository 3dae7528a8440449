// SPDX-License-Identifier: Apache-2.0

import CopyEngine

/// Rows of `OptionTable`.
enum NameRows {
  /// Which names are copied, and where they go.
  static let names: [OptionRow] = directories + lists + state

  private static let directories: [OptionRow] = [
    OptionRow(
      ["dirs"],
      "d",
      negation: .namesAndLetter,
      in: .names,
      help: "Make directories without descending into them; DIR/ and . are listed.",
      manual: #"""
        Make directories without descending into them.
        What is in a directory is only copied where it is named with a slash at its end, or as
        .BR . ,
        and then not what is in its directories.
        With
        .B \-r
        this means nothing.
        """#
    ) { options, typed in
      options.select([], typed)
      options.names.directories = typed.isOn ? .made : .skipped
    },

    OptionRow(
      ["old-dirs", "old-d"],
      in: .names,
      help: "The same, and not -r.",
      manual: #"""
        The same as
        .B \-d
        without
        .BR \-r .
        """#
    ) { options, typed in
      options.select([], typed)
      options.names.directories = .madeAlone
    },

    OptionRow(
      ["relative"],
      "R",
      negation: .namesAndLetter,
      in: .names,
      help: "Keep the path of each SRC, from a /./ in it on.",
      manual: #"""
        Each source keeps its path below the target, so that
        .B a/b/c
        becomes
        .BR DEST/a/b/c ;
        the directories on the way are made as they are at the source.
        Of a path with
        .B /./
        in it only the part behind that counts.
        """#
    ) { options, typed in options.names.isRelative = typed.isOn },

    OptionRow(
      ["implied-dirs", "i-d"],
      negation: .names,
      in: .names,
      help: "With -R, keep the metadata of directories on the way (the default).",
      manual: #"""
        With
        .B \-R
        the directories on the way to a source get their metadata, which is the default.
        With
        .B \-\-no\-implied\-dirs
        they are left as they are, also where they are links to directories, and made like any new
        directory where they are missing.
        """#
    ) { options, typed in options.names.keepsImplied = typed.isOn },

    OptionRow(
      ["mkpath"],
      negation: .names,
      in: .names,
      help: "Make the directories above DEST.",
      manual: "Make all directories of the target's path that are missing, not only the last."
    ) { options, typed in options.names.makesTargetPath = typed.isOn },
  ]

  private static let lists: [OptionRow] = [
    OptionRow(
      ["files-from"],
      nil,
      OptionValue("FILE", .file),
      in: .names,
      help: "Copy the names below SRC that FILE lists, one a line; - is the standard input.",
      manual: #"""
        Copy those names below the only source that
        .I FILE
        lists, one a line, or
        .B \-
        the standard input; what begins with
        .B #
        or
        .B ;
        is left out.
        Implies
        .B \-R
        and
        .BR \-d ;
        directories are descended into only with
        .BR \-r ,
        which
        .B \-a
        does not imply then, and a name with a slash at its end stands for what is in it.
        """#
    ) { options, typed in options.names.filesFrom = typed.value },

    OptionRow(
      ["from0"],
      "0",
      negation: .names,
      in: .names,
      help: "What --files-from and later options with rules read ends with NULs, not lines."
    ) { options, typed in
      options.names.endsInNUL = typed.isOn
      options.filters.endsByNul = typed.isOn
    },

    OptionRow(
      ["list-only"],
      in: .names,
      help: "Only list what SRC has; so it is where there is no DEST.",
      manual: #"""
        List what the sources have, with permissions, sizes and times, and copy nothing.
        So it is where one source and no target are given.
        Without
        .B \-r
        only what is in a directory that has a slash at its end is listed.
        """#
    ) { options, _ in options.names.listsOnly = true },

    OptionRow(
      ["ignore-missing-args"],
      in: .names,
      help: "A SRC, or a listed name, that is missing is no error."
    ) { options, _ in options.names.ignoresMissing = true },
  ]

  private static let state: [OptionRow] = [
    OptionRow(
      ["update"],
      "u",
      in: .names,
      help: "Leave files that are newer at the target.",
      manual: """
        Leave files as they are that are newer at the target.
        Other kinds of entries are copied all the same.
        """
    ) { options, _ in options.names.state.leavesNewer = true },

    OptionRow(
      ["existing", "ignore-non-existing"],
      in: .names,
      help: "Make nothing new at the target."
    ) { options, _ in options.names.state.leavesOutNew = true },

    OptionRow(
      ["ignore-existing"],
      in: .names,
      help: "Leave what is at the target as it is, but for directories."
    ) { options, _ in options.names.state.leavesExisting = true },

    OptionRow(
      ["max-size"],
      nil,
      OptionValue("SIZE"),
      in: .names,
      help: "Leave out files that are larger.",
      manual: #"""
        Leave out files that are larger.
        .I SIZE
        is a number with
        .BR B ,
        .BR K ,
        .BR M ,
        .BR G ,
        .B T
        or
        .B P
        behind it, counting in 1024, or with another
        .B B
        in 1000, and with
        .B +1
        or
        .B \-1
        for a byte more or less.
        """#
    ) { options, typed throws(Refusal) in
      options.names.state.bytesMax = UInt64(clamping: try typed.size())
    },

    OptionRow(
      ["min-size"],
      nil,
      OptionValue("SIZE"),
      in: .names,
      help: "Leave out files that are smaller."
    ) { options, typed throws(Refusal) in
      options.names.state.bytesMin = UInt64(clamping: try typed.size())
    },
  ]
}
