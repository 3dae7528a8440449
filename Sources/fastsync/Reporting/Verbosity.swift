// SPDX-License-Identifier: Apache-2.0

/// What is said, how it looks, and where it goes.
struct Verbosity: Equatable, Sendable {
  /// Counts `-v`; 0 with `-q`.
  var level = 0
  /// Whether there are only errors to be said (`-q`).
  var isQuiet = false
  /// How figures look.
  var figures = FigureStyle.grouped
  /// Whether the run says why it goes about it as it does (`--explain`).
  var explains = false
  /// What is said of each kind of things (`--info`, `--debug`).
  var info = OutputLevels<InfoFlag>(verbosity: 0)
  var debug = OutputLevels<DebugFlag>(verbosity: 0)
  /// How an entry is shown, if any is.
  var format: OutputFormat?
  /// How much of what is unchanged is itemized: rsync's count of `-i`, 0 without `%i`.
  var itemizes = 0
  /// Whether the list is said to be gathered before anything is copied.
  var listsFirst = false
  /// What the names of a list are relative to (`--files-from`).
  var listRoot: [UInt8]?
  /// Which checksum `%C` shows.
  var checksum = Checksum.automatic
  /// Where a log is kept, if one is.
  var log: LogSettings?
  /// Where events are written as JSON, and figures of the run, by a path.
  var json: JSONPlace?
  var metricsFile: [UInt8]?
  /// Where a line of figures is written each second, by a path.
  var traceFile: [UInt8]?
  /// Whether it is told how long requests took (`--stats=latency`).
  var tellsLatency = false
  /// Whether bytes beyond ASCII are shown as they are (`-8`).
  var keepsHighBits = false
  /// When output is written.
  var buffering = OutputBuffering.automatic
  /// Whether everything goes to the standard error (`--stderr=all`).
  var allToStandardError = false
  /// Whether a terminal may not show how far the run has come (`--no-progress`).
  var hidesProgress = false

  /// Where a log is kept, and in which format.
  struct LogSettings: Equatable, Sendable {
    let path: [UInt8]
    let format: OutputFormat
  }

  /// The verbosity of a run without options.
  init() {}

  /// Weighs what was typed.
  init(_ typed: TypedOptions, _ operands: [Operand] = []) {
    let output = typed.output
    figures = FigureStyle(rawValue: min(typed.humanReadable, 3)) ?? .binary
    isQuiet = typed.isQuiet
    explains = typed.explains
    level = isQuiet ? 0 : typed.verbose
    listsFirst = output.listsFirst
    checksum = typed.comparison.checksum
    if typed.names.filesFrom != nil { listRoot = operands.first?.bytes }
    keepsHighBits = output.keepsHighBits
    buffering = output.buffering
    allToStandardError = output.errors == .all
    hidesProgress = output.hidesProgress
    info = OutputLevels(verbosity: typed.verbose)
    debug = OutputLevels(verbosity: typed.verbose)
    debug.override(by: output.debug)
    if output.givesStatistics { info.raise([.stats: typed.verbose > 1 ? 3 : 2]) }
    setFormat(output)
    json = output.json
    metricsFile = output.metricsFile
    traceFile = output.traceFile
    tellsLatency = output.givesLatency
    if json == .standardOutput { becomeSilent() }
    if let path = output.logFile {
      log = LogSettings(
        path: path,
        format: output.logFileFormat.map { OutputFormat($0) } ?? .itemized
      )
    }
  }

  /// Leaves the standard output to machines.
  private mutating func becomeSilent() {
    (isQuiet, explains, level) = (true, false, 0)
  }

  /// Whether what is as it should be is told as well.
  var tellsUnchanged: Bool { itemizes > 1 || info[.name] > 1 }

  /// Whether it is measured how long requests take.
  var measuresTransfers: Bool { tellsLatency || traceFile != nil }

  /// What becomes of bytes beyond ASCII.
  var highBits: HighBits { keepsHighBits ? .kept : .ofLocale }

  /// Whether a terminal may show how far the run has come: not where that is told in rsync's form.
  var mayDisplay: Bool { !isQuiet && !hidesProgress && info[.progress] == 0 }

  /// Settles how entries are shown, which says what progress and `--info=name` bring.
  private mutating func setFormat(_ output: TypedOutput) {
    var comesAfter = true
    if let typed = output.format {
      let typed = OutputFormat(typed)
      comesAfter = typed.has("bcC")
      itemizes = typed.has("i") ? output.itemizes | 1 : 0
      format = typed
    } else if output.itemizes > 0 {
      comesAfter = false
      itemizes = output.itemizes
      format = .itemized
    }
    var chosen = info
    chosen.override(by: output.info)
    if output.showsProgress {
      if comesAfter && chosen[.name] == 0 { info.raise([.name: 1]) }
      info.raise([.flist: 2, .progress: 1])
    }
    info.override(by: output.info)
    if info[.name] > 0 && format == nil { format = .names }
  }
}

/// When output is written (`--outbuf`).
enum OutputBuffering: Equatable, Sendable {
  /// At once on a terminal; else gathered, and put into order.
  case automatic
  /// Line by line.
  case lines
  /// Gathered, and put into order.
  case blocks
}
