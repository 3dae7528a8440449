// SPDX-License-Identifier: Apache-2.0

/// Rows of `OptionTable`.
enum ComparisonRows {
  /// Which files count as changed.
  static let comparison: [OptionRow] = [
    OptionRow(
      ["checksum"],
      "c",
      negation: .namesAndLetter,
      in: .comparison,
      help: "Compare the contents of files of one size.",
      manual: """
        A file is copied if its size or its contents differ, whatever its time.
        Both sides are read at the same time and compared byte by byte, until they differ.
        """
    ) { options, typed in options.comparison.comparesContents = typed.isOn },

    OptionRow(
      ["checksum-choice", "cc"],
      nil,
      OptionValue("STR"),
      in: .comparison,
      help: "The checksum that %C shows; bytes are compared.",
      manual: #"""
        The checksum that
        .B %C
        shows:
        .BR xxh128 " (which is the default), " xxh3 ", " xxh64 ", " md5 ", " md4 ", " sha1
        or
        .BR none .
        The second of two is for files that are compared
        .RB ( \-c ).
        Bytes are compared all the same;
        .B \-c
        is refused where the checksum for it is
        .BR none .
        """#
    ) { options, typed throws(Refusal) in try options.comparison.choose(typed) },

    OptionRow(
      ["checksum-seed"],
      nil,
      OptionValue("NUM"),
      in: .comparison,
      help: "Taken as rsync takes it; bytes are compared.",
      manual: """
        A number, which is checked as rsync checks it.
        It makes no difference: fastsync compares bytes.
        """
    ) { options, typed throws(Refusal) in _ = try typed.integer() },

    OptionRow(
      ["size-only"],
      in: .comparison,
      help: "Take files of one size for equal.",
      manual: "Files of one size are taken for equal, whatever their times."
    ) { options, _ in options.comparison.isBySizeAlone = true },

    OptionRow(
      ["ignore-times"],
      "I",
      in: .comparison,
      help: "Copy files of equal size and time as well.",
      manual: "Files of equal size and time are copied as well."
    ) { options, _ in options.comparison.ignoresTimes = true },

    OptionRow(
      ["modify-window"],
      "@",
      OptionValue("NUM"),
      in: .comparison,
      help: "Take times for equal that differ by no more seconds.",
      manual: #"""
        Modification times are taken for equal if their whole seconds differ by no more than
        .IR NUM .
        With a negative number nanoseconds count, which is what fastsync does without this option;
        rsync's default is 0.
        """#
    ) { options, typed throws(Refusal) in options.comparison.modifyWindow = try typed.integer() },
  ]
}
