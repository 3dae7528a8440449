// SPDX-License-Identifier: Apache-2.0

/// What the command says, and whether it only says it.
enum ReportingOption: String, ToggleOption {
  case dryRun = "dry-run"
  case verbose, quiet
  case humanReadable = "human-readable"

  var letter: Character? {
    switch self {
    case .dryRun: "n"
    case .verbose: "v"
    case .quiet: "q"
    case .humanReadable: "h"
    }
  }

  var longNames: [String] { [rawValue] }

  var summary: String {
    switch self {
    case .dryRun: "Change nothing; with -v tell what would be done."
    case .verbose: "Name what is copied, and sum up; -vv sums up in full."
    case .quiet: "Say nothing but errors."
    case .humanReadable: "Figures in units of 1000, with -hh of 1024."
    }
  }

  var isNegatable: Bool { self == .verbose || self == .humanReadable }
}

/// How much is said, and how figures look.
struct Verbosity: Equatable, Sendable {
  /// Counts `-v`; 0 with `-q`.
  var level = 0
  /// Whether there are only errors to be said (`-q`).
  var isQuiet = false
  /// Whether the run says why it goes about it as it does (`--explain`).
  var explains = false
  /// How figures look.
  var figures = FigureStyle.grouped

  /// The level of a run without options.
  init() {}

  /// Counts what was typed.
  init(_ toggles: [Toggle<ReportingOption>]) {
    var humanReadable = FigureStyle.grouped.rawValue
    for toggle in toggles {
      switch toggle.option {
      case .verbose: level = toggle.isOn ? level + 1 : 0
      case .humanReadable: humanReadable = toggle.isOn ? humanReadable + 1 : 0
      case .dryRun, .quiet: break
      }
    }
    figures = FigureStyle(rawValue: min(humanReadable, 3)) ?? .binary
    isQuiet = toggles.contains { $0.option == .quiet }
    if isQuiet { level = 0 }
  }
}

/// Options that ask for what is done anyway.
enum CompatibilityOption: String, ToggleOption {
  case wholeFile = "whole-file"
  case incrementalRecursion = "inc-recursive"

  var letter: Character? { self == .wholeFile ? "W" : nil }

  var longNames: [String] { self == .wholeFile ? [rawValue] : [rawValue, "i-r"] }

  var summary: String {
    switch self {
    case .wholeFile: "Accepted: files are always copied whole."
    case .incrementalRecursion: "Accepted, also with --no-: there is one way to walk."
    }
  }

  var isNegatable: Bool { self == .incrementalRecursion }
}
