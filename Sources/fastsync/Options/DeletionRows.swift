// SPDX-License-Identifier: Apache-2.0

import CopyEngine

/// Rows of `OptionTable`.
enum DeletionRows {
  /// What is removed, at the target and at the source.
  static let deletion: [OptionRow] = target + limits

  private static let target: [OptionRow] = [
    OptionRow(
      ["delete"],
      in: .deletion,
      help: "Delete from the target what the source lacks.",
      manual: #"""
        Delete from directories of the target what the source lacks; same as
        .BR \-\-delete\-during .
        After an error of reading the source nothing more is deleted.
        When a source directory is empty and its target is not, or when
        .I /etc/fstab
        has something mounted there that is not, nothing is done; see
        .BR \-\-force\-delete .
        What is mounted below the target is not touched.
        """#
    ) { options, _ in options.deletion.isOn = true },

    OptionRow(
      ["delete-before"],
      in: .deletion,
      help: "Delete before anything is copied.",
      manual: """
        Delete before anything is copied.
        The source is read in full first, and nothing is deleted when that fails.
        """
    ) { options, _ in options.deletion.isBefore = true },

    OptionRow(
      ["delete-during", "del"],
      in: .deletion,
      help: "Delete from each directory before it is copied.",
      manual: "Delete from each directory just before what is in it is copied."
    ) { options, _ in options.deletion.during = .during },

    OptionRow(
      ["delete-delay"],
      in: .deletion,
      help: "Find what to delete while copying, and delete then.",
      manual: #"""
        Delete when everything was copied, as
        .BR \-\-delete\-after .
        """#
    ) { options, _ in options.deletion.during = .delay },

    OptionRow(
      ["delete-after"],
      in: .deletion,
      help: "Delete when everything was copied.",
      manual: """
        Delete when everything was copied, and is on stable storage.
        """
    ) { options, _ in options.deletion.isAfter = true },
  ]

  private static let limits: [OptionRow] = [
    OptionRow(
      ["delete-excluded"],
      in: .deletion,
      help: "Delete also what filter rules leave out.",
      manual: #"""
        Delete also what filter rules leave out; implies
        .BR \-\-delete .
        Rules that do not say for which side they are do not protect names of the target then.
        """#
    ) { options, _ in options.deletion.deletesExcluded = true },

    OptionRow(
      ["remove-source-files"],
      in: .deletion,
      help: "Remove sources that are at the target.",
      manual: """
        Remove what is no directory from the source when it is on stable storage at the target,
        whether it was copied or was there before.
        A source that has changed since, or that is the target itself, stays, and is an error.
        """
    ) { options, _ in options.deletion.sources = .synchronized },

    OptionRow(
      ["remove-sent-files"],
      in: .deletion,
      help: "The same of files and links that were copied.",
      manual: #"""
        The same as
        .BR \-\-remove\-source\-files ,
        but only of files that were copied and symbolic links that were made.
        """#
    ) { options, _ in options.deletion.sources = .sent },

    OptionRow(
      ["force-delete"],
      in: .deletion,
      help: "Delete though a source is empty or not mounted.",
      manual: """
        Delete though a source directory is empty, or what should be mounted there is not.
        """
    ) { options, _ in options.deletion.isForced = true },

    OptionRow(
      ["delete-missing-args"],
      in: .deletion,
      help: "Delete what a SRC or a list names and the source does not have.",
      manual: #"""
        Delete from the target what a SRC or a listed name stands for when the source does not have
        it, which is no error then.
        A directory that is not empty goes only with
        .B \-\-force
        or
        .BR \-\-delete .
        That is done before anything is copied, and counts for
        .BR \-\-max\-delete .
        """#
    ) { options, _ in options.deletion.removesMissing = true },

    OptionRow(
      ["ignore-errors"],
      negation: .names,
      in: .deletion,
      help: "Delete even after errors of reading.",
      manual: "Delete even after the source could not be read in full."
    ) { options, typed in options.deletion.ignoresErrors = typed.isOn },

    OptionRow(
      ["force"],
      negation: .names,
      in: .deletion,
      help: "Let what is no directory replace one that is not empty.",
      manual: #"""
        Let what is no directory take the place of a directory that is not empty, which is deleted
        then.
        So it is with
        .B \-\-delete
        anyway.
        """#
    ) { options, typed in options.deletion.replacesTrees = typed.isOn },

    OptionRow(
      ["max-delete"],
      nil,
      OptionValue("NUM"),
      in: .deletion,
      help: "Delete no more than NUM names.",
      manual: """
        Delete no more than NUM names.
        What is left is counted, and the exit status is 25.
        """
    ) { options, typed throws(Refusal) in
      options.deletion.entriesMax = try max(0, typed.number(Int(Int32.min)...Int(Int32.max)))
    },
  ]
}
