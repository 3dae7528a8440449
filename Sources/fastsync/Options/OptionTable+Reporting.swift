// SPDX-License-Identifier: Apache-2.0

extension OptionTable {
  /// What the command says, and whether it only says it.
  static let reporting: [OptionRow] = [
    OptionRow(
      ["dry-run"],
      "n",
      in: .reporting,
      help: "Change nothing; with -v tell what would be done.",
      manual: #"""
        Change nothing; with
        .B \-v
        tell what would be done.
        """#
    ) { options, _ in options.isDryRun = true },

    OptionRow(
      ["verbose"],
      "v",
      negation: .namesAndLetter,
      in: .reporting,
      help: "Name what is copied, and sum up; -vv sums up in full.",
      manual: """
        Name each entry that is copied, made or repaired, and sum up at the end.
        Given twice, sum up in full.
        """
    ) { options, typed in options.verbose = typed.isOn ? options.verbose + 1 : 0 },

    OptionRow(
      ["quiet"],
      "q",
      in: .reporting,
      help: "Say nothing but errors."
    ) { options, _ in options.isQuiet = true },

    OptionRow(
      ["human-readable"],
      "h",
      negation: .namesAndLetter,
      in: .reporting,
      help: "Figures in units of 1000, with -hh of 1024; -h alone prints the help.",
      manual: """
        Write figures in units of 1000
        .RB ( 1.23M ),
        given twice in units of 1024.
        Alone it prints the help.
        """
    ) { options, typed in options.humanReadable = typed.isOn ? options.humanReadable + 1 : 0 },

    OptionRow(
      ["version"],
      "V",
      in: .reporting,
      help: "Print the version."
    ) { options, _ in options.request = .version },

    OptionRow(
      ["help"],
      in: .reporting,
      help: "Print this help.",
      manual: "Print a short help."
    ) { options, _ in options.request = .help },
  ]

  /// Options that ask for what is done anyway.
  static let compatibility: [OptionRow] = [
    OptionRow(
      ["whole-file"],
      "W",
      in: .compatibility,
      help: "Accepted: files are always copied whole."
    ) { _, _ in },

    OptionRow(
      ["inc-recursive", "i-r"],
      negation: .names,
      in: .compatibility,
      help: "Accepted, also with --no-: there is one way to walk.",
      manual: #"""
        Accepted, as are
        .B \-\-no\-inc\-recursive
        and
        .BR \-\-no\-i\-r .
        """#
    ) { _, _ in },
  ]
}
