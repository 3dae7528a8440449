// SPDX-License-Identifier: Apache-2.0

import CopyEngine

/// Rows of `OptionTable`.
enum LinkRows {
  /// What is done with symbolic links.
  static let links: [OptionRow] = [
    OptionRow(
      ["copy-links"],
      "L",
      in: .names,
      help: "Copy what symbolic links lead to in their place.",
      manual: """
        Copy what symbolic links lead to in their place.
        One that leads nowhere is an error, and so is one to a directory that it lies in.
        """
    ) { options, _ in options.names.links.followsAll = true },

    OptionRow(
      ["copy-dirlinks"],
      "k",
      in: .names,
      help: "The same of symbolic links to directories."
    ) { options, _ in options.names.links.followsDirectories = true },

    OptionRow(
      ["keep-dirlinks"],
      "K",
      in: .names,
      help: "Keep symbolic links to directories at the target where SRC has a directory.",
      manual: """
        Where the source has a directory and the target a symbolic link to one, the link stays, and
        what it leads to is written to.
        Who may make links at the target decides where that is.
        """
    ) { options, _ in options.names.links.keepsTargetDirectories = true },

    OptionRow(
      ["copy-unsafe-links"],
      in: .names,
      help: "Copy what symbolic links lead to that lead out of the tree.",
      manual: """
        Copy what symbolic links lead to in their place where they lead out of what is copied:
        where they are absolute, or climb above the top.
        """
    ) { options, _ in options.names.links.followsUnsafe = true },

    OptionRow(
      ["safe-links"],
      in: .names,
      help: "Leave out symbolic links that lead out of the tree."
    ) { options, _ in options.names.links.leavesOutUnsafe = true },

    OptionRow(
      ["insecure-links"],
      negation: .names,
      in: .names,
      help: "Follow links of other users on the way to DEST and to what options name.",
      manual: #"""
        Follow symbolic links of other users on the way to the target, and to the files and
        directories that options name:
        .BR \-\-files\-from ", " \-\-exclude\-from ", " \-\-include\-from ,
        merge files,
        .BR \-\-backup\-dir ", " \-\-link\-dest
        and its kin, and
        .BR \-\-log\-file .
        Without it only links are followed that belong to root or to who runs this: who may write
        into a directory on the way could else lead a privileged run elsewhere.
        """#
    ) { options, typed in options.followsForeignLinks = typed.isOn },

    OptionRow(
      ["munge-links"],
      negation: .names,
      in: .names,
      help: "Take the /rsyncd-munged/ of a daemon off symbolic links.",
      manual: #"""
        Take the
        .B /rsyncd\-munged/
        off symbolic links that a daemon put before what they lead to; so rsync has it for a local
        copy.
        """#
    ) { options, typed in options.names.links.unmunges = typed.isOn },
  ]
}
