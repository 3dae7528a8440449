// SPDX-License-Identifier: Apache-2.0

/// How much is said, and how figures look.
struct Verbosity: Equatable, Sendable {
  /// Counts `-v`; 0 with `-q`.
  var level = 0
  /// Whether there are only errors to be said (`-q`).
  var isQuiet = false
  /// How figures look.
  var figures = FigureStyle.grouped
  /// Whether the run says why it goes about it as it does (`--explain`).
  var explains = false

  /// The verbosity of a run without options.
  init() {}

  /// Weighs what was typed.
  init(_ typed: TypedOptions) {
    figures = FigureStyle(rawValue: min(typed.humanReadable, 3)) ?? .binary
    isQuiet = typed.isQuiet
    explains = typed.explains
    level = isQuiet ? 0 : typed.verbose
  }
}
