// SPDX-License-Identifier: Apache-2.0

/// Rows of `OptionTable`.
enum WordRows {
  /// What is accepted since it changes nothing where source and target are on one machine, with
  /// rsync neither.
  static let words: [OptionRow] = [
    OptionRow(
      ["block-size"],
      "B",
      OptionValue("SIZE"),
      in: .compatibility,
      help: "Accepted: blocks are for delta transfer, and files are copied whole.",
      manual: #"""
        Accepted, up to 128K: it is the size of the blocks that delta transfer compares, and files
        are copied whole, with the same result.
        """#
    ) { _, typed throws(Refusal) in _ = try typed.size(most: 128 << 10) },

    OptionRow(
      ["qsort"],
      in: .compatibility,
      help: "Accepted: there is no list of files to be sorted."
    ) { options, _ in options.output.listsFirst = true },

    OptionRow(
      ["secluded-args", "protect-args"],
      "s",
      negation: .namesAndLetter,
      in: .compatibility,
      help: "Accepted: no words go to another machine."
    ) { options, typed in options.words.secludesArguments = typed.isOn },

    OptionRow(
      ["old-args"],
      negation: .names,
      in: .compatibility,
      help: "Accepted: no words go to another machine.",
      manual: """
        Accepted, though not together with
        .BR -s :
        no words go to another machine.
        """
    ) { options, typed in options.words.usesOldArguments = typed.isOn },

    OptionRow(
      ["trust-sender"],
      in: .compatibility,
      help: "Accepted: names come from this machine."
    ) { _, _ in },

    OptionRow(
      ["blocking-io"],
      negation: .names,
      in: .compatibility,
      help: "Accepted: there is no remote shell."
    ) { _, _ in },

    OptionRow(
      ["iconv"],
      nil,
      OptionValue("SPEC"),
      negation: .names,
      in: .compatibility,
      help: "Accepted as --iconv=. or --iconv=-: names are bytes, and stay as they are.",
      manual: #"""
        .B \-\-iconv=.
        and
        .B \-\-iconv=\-
        are accepted, as is
        .BR \-\-no\-iconv :
        names are bytes, and stay as they are.
        Anything else would convert them, and is refused with exit status 4.
        .B RSYNC_ICONV
        has the same meaning where the option is not given.
        """#
    ) { options, typed in
      options.words.conversion = typed.isOn ? typed.value : nil
      options.words.saysConversion = true
    },

    OptionRow(
      ["confine-root"],
      nil,
      OptionValue("DIR", .directory),
      in: .compatibility,
      help: "Accepted as --confine-root=/, which confines nothing.",
      manual: #"""
        .B \-\-confine\-root=/
        is accepted, and confines nothing.
        Any other directory is refused with exit status 4: that is for programs that serve a
        directory to other machines.
        """#
    ) { options, typed in options.words.confinement = typed.value },
  ]
}
