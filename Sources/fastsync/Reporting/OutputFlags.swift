// SPDX-License-Identifier: Apache-2.0

/// The words of `--info` or `--debug`.
protocol OutputFlag: RawRepresentable<String>, CaseIterable, Hashable, Sendable {
  /// The option that takes them.
  static var option: String { get }
  /// What each `-v` adds, from none on.
  static var addedByVerbosity: [[Self: Int]] { get }
  /// What it has said, in rsync's words.
  var help: String { get }
}

/// What `--info` is about.
enum InfoFlag: String, OutputFlag {
  case backup, copy, del, flist, misc, mount, name, nonreg, progress, remove, skip, stats, symsafe

  static var option: String { "--info" }

  static var addedByVerbosity: [[InfoFlag: Int]] {
    [
      [.nonreg: 1],
      [.copy: 1, .del: 1, .flist: 1, .misc: 1, .name: 1, .stats: 1, .symsafe: 1],
      [.backup: 1, .misc: 2, .mount: 1, .name: 2, .remove: 1, .skip: 1],
    ]
  }

  var help: String {
    switch self {
    case .backup: "Mention files backed up"
    case .copy: "Mention files copied locally on the receiving side"
    case .del: "Mention deletions on the receiving side"
    case .flist: "Mention file-list receiving/sending (levels 1-2)"
    case .misc: "Mention miscellaneous information (levels 1-2)"
    case .mount: "Mention mounts that were found or skipped"
    case .name: "Mention 1) updated file/dir names, 2) unchanged names"
    case .nonreg: "Mention skipped non-regular files (default 1, 0 disables)"
    case .progress: "Mention 1) per-file progress or 2) total transfer progress"
    case .remove: "Mention files removed on the sending side"
    case .skip: "Mention files skipped due to transfer overrides (levels 1-2)"
    case .stats: "Mention statistics at end of run (levels 1-3)"
    case .symsafe: "Mention symlinks that are unsafe"
    }
  }
}

/// What `--debug` is about.
enum DebugFlag: String, OutputFlag {
  case acl, backup, bind, chdir, connect, cmd, del, deltasum, dup, exit, filter, flist, fuzzy, genr
  case hash, hlink, iconv, io, nstr, own, proto, recv, send, time

  static var option: String { "--debug" }

  static var addedByVerbosity: [[DebugFlag: Int]] {
    [
      [:], [:],
      [
        .bind: 1, .cmd: 1, .connect: 1, .del: 1, .deltasum: 1, .dup: 1, .filter: 1, .flist: 1,
        .iconv: 1,
      ],
      [
        .acl: 1, .backup: 1, .connect: 2, .deltasum: 2, .del: 2, .exit: 1, .filter: 2, .flist: 2,
        .fuzzy: 1, .genr: 1, .own: 1, .recv: 1, .send: 1, .time: 1,
      ],
      [
        .cmd: 2, .deltasum: 3, .del: 3, .exit: 2, .flist: 3, .iconv: 2, .own: 2, .proto: 1,
        .time: 2,
      ],
      [.chdir: 1, .deltasum: 4, .flist: 4, .fuzzy: 2, .hash: 1, .hlink: 1],
    ]
  }

  var help: String {
    switch self {
    case .acl: "Debug extra ACL info"
    case .backup: "Debug backup actions (levels 1-2)"
    case .bind: "Debug socket bind actions"
    case .chdir: "Debug when the current directory changes"
    case .connect: "Debug connection events (levels 1-2)"
    case .cmd: "Debug commands+options that are issued (levels 1-2)"
    case .del: "Debug delete actions (levels 1-3)"
    case .deltasum: "Debug delta-transfer checksumming (levels 1-4)"
    case .dup: "Debug weeding of duplicate names"
    case .exit: "Debug exit events (levels 1-3)"
    case .filter: "Debug filter actions (levels 1-3)"
    case .flist: "Debug file-list operations (levels 1-4)"
    case .fuzzy: "Debug fuzzy scoring (levels 1-2)"
    case .genr: "Debug generator functions"
    case .hash: "Debug hashtable code"
    case .hlink: "Debug hard-link actions (levels 1-3)"
    case .iconv: "Debug iconv character conversions (levels 1-2)"
    case .io: "Debug I/O routines (levels 1-4)"
    case .nstr: "Debug negotiation strings"
    case .own: "Debug ownership changes in users & groups (levels 1-2)"
    case .proto: "Debug protocol information"
    case .recv: "Debug receiver functions"
    case .send: "Debug sender functions"
    case .time: "Debug setting of modified times (levels 1-2)"
    }
  }
}

/// The levels of the words of `--info` or `--debug`.
struct OutputLevels<Flag: OutputFlag>: Equatable, Sendable {
  /// The highest level that a word can have.
  private static var levelMax: Int { 4 }

  private var levels: [Flag: Int] = [:]

  /// Levels that nobody chose.
  init() {}

  /// What so many `-v` bring.
  init(verbosity: Int) {
    for added in Flag.addedByVerbosity.prefix(verbosity + 1) { raise(added) }
  }

  /// The level of a word.
  subscript(flag: Flag) -> Int { levels[flag] ?? 0 }

  /// Sets words, as options do that imply them.
  mutating func raise(_ added: [Flag: Int]) { levels.merge(added) { $1 } }

  /// Sets what was chosen by words, which counts more than what is implied.
  mutating func override(by chosen: OutputLevels) { raise(chosen.levels) }

  /// Takes a list of words, such as `name2,del0` or `ALL`.
  ///
  /// - Returns: Whether the help was asked for, with which reading ends.
  mutating func choose(_ list: [UInt8]) throws(Refusal) -> Bool {
    for part in list.split(separator: UInt8(ascii: ",")) {
      let digitCodes = UInt8(ascii: "0")...UInt8(ascii: "9")
      func isDigit(_ byte: UInt8) -> Bool { digitCodes.contains(byte) }
      var word = part
      if let first = part.first, !isDigit(first) {
        while let last = word.last, isDigit(last) { word = word.dropLast() }
      }
      let digits = String(decoding: part[word.endIndex...], as: UTF8.self)
      let level = digits.isEmpty ? 1 : min(Int(digits) ?? Self.levelMax, Self.levelMax)
      switch String(decoding: word, as: UTF8.self).lowercased() {
      case "help": return true
      case "none": setAll(to: 0)
      case "all": setAll(to: level)
      case let name:
        guard let flag = Flag(rawValue: name) else {
          throw Refusal(Array("Unknown \(Flag.option) item: \"".utf8) + word, "\"")
        }
        levels[flag] = level
      }
    }
    return false
  }

  private mutating func setAll(to level: Int) {
    for flag in Flag.allCases { levels[flag] = level }
  }

  /// What `help` in place of a word prints.
  static var help: String {
    func line(_ word: String, _ text: String) -> String {
      word + String(repeating: " ", count: max(10 - word.count, 0)) + " \(text)"
    }
    var lines = ["Use OPT or OPT1 for level 1 output, OPT2 for level 2, etc.; OPT0 silences.", ""]
    lines += Flag.allCases.map { line($0.rawValue.uppercased(), $0.help) }
    lines += [
      "",
      line("ALL", "Set all \(Flag.option) options (e.g. all\(levelMax))"),
      line("NONE", "Silence all \(Flag.option) options (same as all0)"),
      line("HELP", "Output this help message"),
      "",
      "Options added at each level of verbosity:",
    ]
    for (verbosity, added) in Flag.addedByVerbosity.enumerated() where !added.isEmpty {
      let words = Flag.allCases.compactMap { flag in
        added[flag].map { flag.rawValue.uppercased() + ($0 == 1 ? "" : "\($0)") }
      }
      lines.append("\(verbosity)) \(words.joined(separator: ","))")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
