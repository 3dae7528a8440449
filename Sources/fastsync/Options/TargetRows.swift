// SPDX-License-Identifier: Apache-2.0

import CopyEngine

/// Rows of `OptionTable`.
enum TargetRows {
  /// What becomes of what is at the target, and what lies beside it.
  static let target: [OptionRow] = backup + basis + inPlace + staging

  private static let basis: [OptionRow] = [
    OptionRow(
      ["compare-dest"],
      nil,
      OptionValue("DIR", .directory),
      in: .target,
      help: "Leave out what DIR has as well; may be repeated.",
      manual: #"""
        Nothing is made at the target of what
        .I DIR
        has as well, with all that is kept of it; what the target has of it is removed.
        What only has other metadata there is copied from
        .I DIR
        and gets its own.
        A relative path begins at the target.
        The option may be given up to 20 times; directories are asked in their order.
        """#
    ) { options, typed throws(Refusal) in try options.target.add(.compare, typed) },

    OptionRow(
      ["copy-dest"],
      nil,
      OptionValue("DIR", .directory),
      in: .target,
      help: "Copy what DIR has as well from there; may be repeated.",
      manual: #"""
        As
        .BR \-\-compare\-dest ,
        but what
        .I DIR
        has is copied from there, where the target has nothing of the name.
        """#
    ) { options, typed throws(Refusal) in try options.target.add(.copy, typed) },

    OptionRow(
      ["link-dest"],
      nil,
      OptionValue("DIR", .directory),
      in: .target,
      help: "Make hard links to what DIR has as well; may be repeated.",
      manual: #"""
        As
        .BR \-\-compare\-dest ,
        but what
        .I DIR
        has becomes a hard link to that.
        Where that cannot be, as between two filesystems, it is copied from there, which
        .B \-v
        tells.
        """#
    ) { options, typed throws(Refusal) in try options.target.add(.link, typed) },
  ]

  private static let backup: [OptionRow] = [
    OptionRow(
      ["backup"],
      "b",
      negation: .names,
      in: .target,
      help: "Put aside what is replaced or deleted, as NAME~.",
      manual: #"""
        What is replaced or deleted at the target is put aside first, under its name with a
        .B ~
        behind it.
        Directories are not.
        At any moment a name, also that of a backup, is old or new.
        Without
        .B \-\-backup\-dir
        the times of directories are left alone.
        """#
    ) { options, typed in options.target.backsUp = typed.isOn },

    OptionRow(
      ["backup-dir"],
      nil,
      OptionValue("DIR", .directory),
      in: .target,
      help: "Put it aside in DIR, below the same directories.",
      manual: #"""
        As
        .BR \-\-backup ,
        but backups go to
        .IR DIR ,
        below the same directories as at the target, and keep their names.
        A relative path begins at the target.
        What is missing of it is made for the first backup.
        On another filesystem backups are copies.
        """#
    ) { options, typed in options.target.backupDirectory = typed.value },

    OptionRow(
      ["suffix"],
      nil,
      OptionValue("SUFFIX", standard: "~"),
      in: .target,
      help: "Put SUFFIX behind the names of backups.",
      manual: #"""
        What is put behind the names of backups: by default a
        .BR ~ ,
        and nothing with
        .BR \-\-backup\-dir .
        """#
    ) { options, typed in options.target.backupSuffix = typed.value },
  ]

  private static let inPlace: [OptionRow] = [
    OptionRow(
      ["inplace"],
      negation: .names,
      in: .target,
      help: "Write into the files that are there; no old-or-new promise.",
      manual: #"""
        Write into the files that are there, and keep their inodes with all their names, instead of
        putting new ones in their place.
        While it is copied, and after a run that was killed, such a file is neither old nor new; a
        file that is new has its name from the start.
        .B \-\-backup
        copies what is written over.
        """#
    ) { options, typed in options.target.isInPlace = typed.isOn },

    OptionRow(
      ["append"],
      negation: .names,
      in: .target,
      help: "Write to shorter files only what they lack; implies --inplace.",
      manual: #"""
        Files that are shorter than the source get what they lack, and keep what they have, whatever
        that is; those that are as long or longer are left as they are.
        Implies
        .BR \-\-inplace .
        """#
    ) { options, typed in options.target.append = typed.isOn ? .append : nil },

    OptionRow(
      ["append-verify"],
      in: .target,
      help: "The same, if what they have is as at the source.",
      manual: #"""
        As
        .BR \-\-append ,
        but what a file has is compared with the source first, and where it is not the same the
        whole of the file is written.
        """#
    ) { options, _ in options.target.append = .appendVerified },

    OptionRow(
      ["write-devices"],
      negation: .names,
      in: .target,
      help: "Write what a file has to a device of its name; implies --inplace.",
      manual: #"""
        What a file has is written to a device that has its name at the target, instead of putting
        the file in its place.
        Implies
        .BR \-\-inplace .
        """#
    ) { options, typed in options.target.writesDevices = typed.isOn },
  ]

  /// Options that ask for what is done anyway.
  static let compatibility: [OptionRow] = [
    OptionRow(
      ["fuzzy"],
      "y",
      negation: .namesAndLetter,
      in: .compatibility,
      help: "Accepted: it changes nothing but what is sent.",
      manual: """
        Accepted: files are copied whole, so that no similar file is looked for to send less.
        The target is the same.
        """
    ) { _, _ in },

    OptionRow(
      ["preallocate"],
      in: .compatibility,
      help: "Accepted: space is allocated before it is written.",
      manual: #"""
        Accepted: the space of a file of 1M or more is allocated before it is written anyway,
        unless its filesystem compresses, and that of a smaller one in one go when it is; but with
        .BR \-\-append ,
        where what was not written must not count as there.
        """#
    ) { _, _ in },

    OptionRow(
      ["whole-file"],
      "W",
      negation: .namesAndLetter,
      in: .compatibility,
      help: "Accepted, also with --no-: files are always copied whole.",
      manual: #"""
        Files are always copied whole.
        .B \-\-no\-whole\-file
        is accepted as well: it changes what rsync sends, and the target is the same.
        """#
    ) { options, typed in options.target.isWholeFile = typed.isOn },
  ]

  private static let staging: [OptionRow] = [
    OptionRow(
      ["temp-dir"],
      "T",
      OptionValue("DIR", .directory),
      in: .target,
      help: "Make temporary names in DIR, where it is on the target's filesystem.",
      manual: #"""
        Temporary names are made in
        .IR DIR ,
        and not beside the files that get their names from them, where both are on one mount.
        Elsewhere they are made beside the files as without the option: from another filesystem no
        file gets its name in one step.
        A relative path begins at the target.
        """#
    ) { options, typed in options.target.temporaryDirectory = typed.value },

    OptionRow(
      ["partial"],
      negation: .names,
      in: .target,
      help: "Keep what there is of a file whose copy is interrupted.",
      manual: #"""
        Keep what there is of a file whose copy is interrupted or fails, under the file's own name
        and with the time of the copy, so that the next run copies it again.
        Nothing is kept by a run that is killed (SIGKILL).
        """#
    ) { options, typed in options.target.keepsPartial = typed.isOn },

    OptionRow(
      ["partial-dir"],
      nil,
      OptionValue("DIR", .directory),
      in: .target,
      help: "Keep it in DIR beside the file; implies --partial.",
      manual: #"""
        As
        .BR \-\-partial ,
        but what there is of a file is kept in
        .IR DIR ,
        relative to the directory of the file, and is removed when the file is complete, as is
        .I DIR
        when nothing else is in it.
        With
        .B \-\-partial
        the variable RSYNC_PARTIAL_DIR may name it.
        """#
    ) { options, typed in options.target.partialDirectory = typed.value },

    OptionRow(
      [],
      "P",
      in: .target,
      help: "Same as --partial --progress."
    ) { options, _ in
      options.target.keepsPartial = true
      options.output.showsProgress = true
    },

    OptionRow(
      ["delay-updates"],
      negation: .names,
      in: .target,
      help: "Give all files their names at the end of the run.",
      manual: #"""
        Files wait for their names in a directory
        .B .~tmp~
        beside them, or that of
        .BR \-\-partial\-dir ,
        and all get them at the end of the run.
        """#
    ) { options, typed in options.target.delaysUpdates = typed.isOn },
  ]
}
