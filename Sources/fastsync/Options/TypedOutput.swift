// SPDX-License-Identifier: Apache-2.0

/// What was typed about what the command says, beside `-v`, `-q` and `-h`.
struct TypedOutput {
  /// Where messages go (`--stderr`).
  enum Errors: Equatable {
    case errors, all, client
  }

  /// How often `-i` was given.
  var itemizes = 0
  var givesStatistics = false
  /// Whether statistics tell how long requests took.
  var givesLatency = false
  var showsProgress = false
  /// Whether nobody wants to see how far the run has come.
  var hidesProgress = false
  var info = OutputLevels<InfoFlag>()
  var debug = OutputLevels<DebugFlag>()
  var format: [UInt8]?
  var logFile: [UInt8]?
  var logFileFormat: [UInt8]?
  var keepsHighBits = false
  var buffering = OutputBuffering.automatic
  var errors = Errors.errors
  /// Whether the list is said to be gathered before anything is copied (`--no-inc-recursive`,
  /// `--qsort`).
  var listsFirst = false
  /// Where events are written for machines (`--json`), figures (`--metrics`), and what is done each
  /// second (`--trace`).
  var json: JSONPlace?
  var metricsFile: [UInt8]?
  var traceFile: [UInt8]?
  /// How often the version was asked for.
  var versions = 0
}

/// Where events are written as JSON.
enum JSONPlace: Equatable, Sendable {
  /// In place of all that is for people.
  case standardOutput
  /// A file, by its path.
  case file([UInt8])
}
