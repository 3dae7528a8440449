// SPDX-License-Identifier: Apache-2.0

import CopyEngine

/// Rows of `OptionTable`.
enum TargetRows {
  /// What becomes of what is at the target, and what lies beside it.
  static let target: [OptionRow] = backup + basis

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
}
