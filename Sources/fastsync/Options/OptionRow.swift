// SPDX-License-Identifier: Apache-2.0

/// One option, and all that is known of it: its names, its words in every text, and what it does.
struct OptionRow: Sendable {
  /// The long names without their dashes; the first is the one that texts show.
  let names: [String]
  /// The letter, where it has one.
  let letter: Unicode.Scalar?
  /// The value that it takes, where it takes one.
  let value: OptionValue?
  /// How it can be taken back.
  let negation: Negation
  /// The section of the help and of the manual page; `nil` keeps it out of both.
  let group: OptionGroup?
  /// What it does, in a line or two for the help.
  let help: String
  /// What it does, at length and in troff for the manual page; `nil` where the help says it all.
  let manual: String?
  /// What it does to a command line.
  let effect: Effect

  /// How an option can be taken back.
  enum Negation {
    case none
    /// By `--no-NAME`.
    case names
    /// By `--no-NAME` and `--no-L`.
    case namesAndLetter
  }

  /// What an option does to a command line.
  enum Effect: Sendable {
    case changes(Change)
    case refused(RefusalReason)
  }

  typealias Change =
    @Sendable (_ options: inout TypedOptions, _ typed: TypedOption) throws(Refusal) -> Void

  /// Describes an option that fastsync has.
  init(
    _ names: [String],
    _ letter: Unicode.Scalar? = nil,
    _ value: OptionValue? = nil,
    negation: Negation = .none,
    in group: OptionGroup?,
    help: String,
    manual: String? = nil,
    change: @escaping Change
  ) {
    self.names = names
    self.letter = letter
    self.value = value
    self.negation = negation
    self.group = group
    self.help = help
    self.manual = manual
    effect = .changes(change)
  }

  /// Describes an option that only rsync has.
  init(
    refused reason: RefusalReason,
    _ names: [String],
    _ letter: Unicode.Scalar? = nil,
    _ value: OptionValue? = nil,
    negation: Negation = .none
  ) {
    self.names = names
    self.letter = letter
    self.value = value
    self.negation = negation
    group = nil
    help = ""
    manual = nil
    effect = .refused(reason)
  }

  /// Every way to type it: first those that give it, then those that take it back.
  var spellings: [OptionSpelling] {
    var spellings: [OptionSpelling] = []
    if let letter { spellings.append(OptionSpelling(text: "-\(letter)", isOn: true)) }
    for name in names { spellings.append(OptionSpelling(text: "--" + name, isOn: true)) }
    if negation == .none { return spellings }
    for name in names { spellings.append(OptionSpelling(text: "--no-" + name, isOn: false)) }
    if negation == .namesAndLetter, let letter {
      spellings.append(OptionSpelling(text: "--no-\(letter)", isOn: false))
    }
    return spellings
  }
}

/// One way to type an option.
struct OptionSpelling {
  /// The word, with its dashes.
  let text: String
  /// Whether it gives the option, and not takes it back.
  let isOn: Bool
}

/// The sections of the help and of the manual page, in their order.
enum OptionGroup: String, CaseIterable {
  case selection = "What is copied and kept"
  case names = "Which names are copied, and where they go"
  case filters = "Which names are left out"
  case metadata = "How metadata is kept"
  case comparison = "Which files count as changed"
  case deletion = "What is deleted"
  case reporting = "What is said"
  case target = "What is at the target, and beside it"
  case transfer = "How it is copied"
  case limits = "How fast, and how long"
  case devices = "Whole devices"
  case compatibility = "For rsync's sake"
}

/// What an option takes.
struct OptionValue: Sendable {
  /// What it looks like.
  enum Kind: Sendable {
    /// A number, a size or any text.
    case text
    /// One of these words.
    case words([String])
    /// One of these words, or one for the source and one for the target: `SOURCE:TARGET`.
    case wordsBySide([String])
    case file
    case directory
  }

  /// What the texts call it.
  let name: String
  /// What it looks like.
  let kind: Kind
  /// Whether it may be left out; it is always behind a `=` then.
  let isOptional: Bool
  /// The word that counts when the option is not given, where that is worth a mention.
  let standard: String?

  /// Describes a value.
  init(_ name: String, _ kind: Kind = .text, standard: String? = nil, isOptional: Bool = false) {
    self.name = name
    self.kind = kind
    self.isOptional = isOptional
    self.standard = standard
  }

  /// The words that may be typed, for the help and the completions.
  var words: [String] {
    switch kind {
    case .words(let words), .wordsBySide(let words): words
    case .text, .file, .directory: []
    }
  }
}

/// Why fastsync does not have an option of rsync.
enum RefusalReason: CaseIterable {
  /// It belongs to transfers between machines.
  case remote
  /// It belongs to delta transfer.
  case delta
  /// It would set birth times, which Linux does not let anybody do; rsync refuses it there as well.
  case birthTimes

  /// The answer to an option that was typed.
  func refusal(of spelling: String) -> Refusal {
    switch self {
    case .remote:
      Refusal(
        "\(spelling) is for transfers between machines, and fastsync only copies locally",
        .unsupported
      )
    case .delta:
      Refusal("\(spelling) is for delta transfer, and fastsync copies files whole", .unsupported)
    case .birthTimes:
      Refusal("\(spelling) is not supported here: Linux lets nobody set birth times")
    }
  }
}
