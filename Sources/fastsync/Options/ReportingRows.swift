// SPDX-License-Identifier: Apache-2.0

/// Rows of `OptionTable`.
enum ReportingRows {
  /// What the command says, and whether it only says it.
  static let reporting: [OptionRow] =
    amount + form + [
      OptionRow(
        ["version"],
        "V",
        in: .reporting,
        help: "Print the version and what is built in; -VV as JSON."
      ) { options, _ in
        options.output.versions += 1
        options.request = .version
      },

      OptionRow(
        ["help"],
        in: .reporting,
        help: "Print this help.",
        manual: "Print a short help."
      ) { options, _ in options.request = .help },
    ]

  private static let amount: [OptionRow] = [
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
      help: "Name what is copied, and sum up; -vv also what is not.",
      manual: """
        Name each entry that is copied, made or repaired, and sum up at the end.
        Given twice, also tell what is up to date, and why something is left out.
        """
    ) { options, typed in options.verbose = typed.isOn ? options.verbose + 1 : 0 },

    OptionRow(
      ["quiet"],
      "q",
      in: .reporting,
      help: "Say nothing but errors."
    ) { options, _ in options.isQuiet = true },

    OptionRow(
      ["info"],
      nil,
      OptionValue("FLAGS"),
      in: .reporting,
      help: "What is told, by rsync's words (--info=help names them).",
      manual: #"""
        What is told, by rsync's words and levels, such as
        .BR name2,del0,stats2 ;
        .B \-\-info=help
        names them.
        """#
    ) { options, typed throws(Refusal) in
      if try options.output.info.choose(typed.value) {
        options.request = .text(OutputLevels<InfoFlag>.help)
      }
    },

    OptionRow(
      ["debug"],
      nil,
      OptionValue("FLAGS"),
      in: .reporting,
      help: "The same of details (--debug=help names the words)."
    ) { options, typed throws(Refusal) in
      if try options.output.debug.choose(typed.value) {
        options.request = .text(OutputLevels<DebugFlag>.help)
      }
    },

    OptionRow(
      ["stats"],
      nil,
      OptionValue("WORD", .words(["latency"]), isOptional: true),
      in: .reporting,
      help: "Count at the end what was found, made and copied; also how long requests took.",
      manual: #"""
        Count at the end what was found, made and copied.
        With
        .B latency
        tell also for each device how long reads, writes and flushes took: the times that 50, 90, 99
        and 99.9 percent of the requests kept to, the longest, and how many were under way at once.
        A write to the page cache is done when the data is there; what it waits for on the disk is a
        flush.
        """#
    ) { options, typed throws(Refusal) in
      guard typed.value.isEmpty || typed.value.elementsEqual("latency".utf8) else {
        throw Refusal(Array("--stats=".utf8) + typed.value, ": there is only --stats=latency")
      }
      options.output.givesStatistics = true
      if !typed.value.isEmpty { options.output.givesLatency = true }
    },

    OptionRow(
      ["progress"],
      negation: .names,
      in: .reporting,
      help: "Tell of each file that is copied; --info=progress2 of all.",
      manual: #"""
        Tell of each file that is copied, in rsync's form;
        .B \-\-info=progress2
        of all.
        Without it a terminal shows after a second how far the run has come, in two lines that are
        gone at the end, and then in three lines what was copied, how fast, which disk or other
        thing was the limit, and what was not copied.
        Of disks it is shown how fast they are read and written, and for how much of the time they
        are busy.
        .B \-\-no\-progress
        shows nothing of that.
        """#
    ) { options, typed in
      options.output.showsProgress = typed.isOn
      options.output.hidesProgress = !typed.isOn
    },
  ]

  private static let form: [OptionRow] = [
    OptionRow(
      ["itemize-changes"],
      "i",
      negation: .namesAndLetter,
      in: .reporting,
      help: "Tell by letters what changes of each entry; -ii of all.",
      manual: """
        Tell by rsync's eleven letters what changes of each entry.
        Given twice, also of those that do not change.
        """
    ) { options, typed in
      options.output.itemizes = typed.isOn ? options.output.itemizes + 1 : 0
    },

    OptionRow(
      ["out-format", "log-format"],
      nil,
      OptionValue("FORMAT"),
      in: .reporting,
      help: "How an entry is told, by rsync's escapes (%i %n%L).",
      manual: #"""
        How an entry is told, by the escapes of rsyncd.conf:
        .BR "%b %B %c %C %f %G %i %l %L %M %n %o %p %t %U %%" ,
        with widths and with
        .B \(aq
        for figures that are easy to read.
        For
        .B %C
        each file is read once more, which
        .B \-\-bwlimit
        does not count; what has changed or is gone by then has none.
        """#
    ) { options, typed in options.output.format = typed.value },

    OptionRow(
      ["log-file"],
      nil,
      OptionValue("FILE", .file),
      in: .reporting,
      help: "Append what happens to a file."
    ) { options, typed in options.output.logFile = typed.value },

    OptionRow(
      ["log-file-format"],
      nil,
      OptionValue("FORMAT"),
      in: .reporting,
      help: "How an entry is told there."
    ) { options, typed in options.output.logFileFormat = typed.value },

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
      ["8-bit-output"],
      "8",
      negation: .namesAndLetter,
      in: .reporting,
      help: "Write bytes of names as they are, whatever the locale."
    ) { options, typed in options.output.keepsHighBits = typed.isOn },

    OptionRow(
      ["outbuf"],
      nil,
      OptionValue("N|L|B"),
      in: .reporting,
      help: "Write output at once, by lines, or in order and in blocks.",
      manual: """
        Write each line at once (N or L), or gather lines and put them into order first (B), which
        is done anyway where the output is no terminal.
        """
    ) { options, typed throws(Refusal) in
      options.output.buffering = try typed.buffering()
    },

    OptionRow(
      ["stderr"],
      nil,
      OptionValue("MODE", .words(["errors", "all", "client"])),
      in: .reporting,
      help: "What goes to the standard error: errors, or all that is said.",
      manual: """
        What goes to the standard error:
        .B errors
        or
        .B client
        (which is the same of a local copy), or
        .B all
        that is said.
        """
    ) { options, typed throws(Refusal) in
      options.output.errors = try typed.errors()
    },

    OptionRow(
      ["msgs2stderr"],
      negation: .names,
      in: .reporting,
      help: "Same as --stderr=all, and with --no- as --stderr=client."
    ) { options, typed in options.output.errors = typed.isOn ? .all : .client },
  ]

  /// Options that ask for what is done anyway.
  static let compatibility: [OptionRow] = [
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
    ) { options, typed in options.output.listsFirst = !typed.isOn }
  ]
}

// Values of these options.
extension TypedOption {
  /// The value as a way to write output, of which rsync looks at the first letter.
  fileprivate func buffering() throws(Refusal) -> OutputBuffering {
    switch value.first.map({ Character(Unicode.Scalar($0)).uppercased() }) {
    case "N", "U", "L": return .lines
    case "B", "F": return .blocks
    default: throw Refusal("Invalid --outbuf setting -- specify N, L, or B.")
    }
  }

  /// The value as a beginning of one of the words that say where messages go.
  fileprivate func errors() throws(Refusal) -> TypedOutput.Errors {
    let ways: [(String, TypedOutput.Errors)] = [
      ("errors", .errors), ("all", .all), ("client", .client),
    ]
    guard !value.isEmpty, let way = ways.first(where: { $0.0.utf8.starts(with: value) }) else {
      throw Refusal(
        Array("--stderr mode \"".utf8) + value,
        "\" is not one of errors, all, or client"
      )
    }
    return way.1
  }
}
