// SPDX-License-Identifier: Apache-2.0

import CopyEngine

/// How far a run has come, at one moment.
struct ProgressFigures {
  var reading = CopyMeter.Reading()
  /// Since the run began.
  var seconds = 0.0
  /// Bytes a second, of late and since the beginning.
  var rateNow: Double?
  var rateAverage = 0.0
  /// How long it will go on, in seconds, as far as that can be told.
  var secondsLeft: Double?
  /// How fast disks are read and written, as far as they tell.
  var disks: DiskRates?
  var errors = 0
  /// What keeps the run from going on as it did, in words.
  var troubles: [String] = []
  /// What is being copied, as it may be shown.
  var current: String?

  /// How much is done, in percent; 100 only when all is.
  var percent: Int? {
    guard reading.isPlanComplete, reading.filesPlanned > 0 else { return nil }
    guard reading.bytesPlanned > 0 else {
      return min(100 * reading.files / reading.filesPlanned, 100)
    }
    let part = Double(reading.bytes) / Double(reading.bytesPlanned)
    return min(Int(100 * part), reading.files < reading.filesPlanned ? 99 : 100)
  }
}

/// The two lines that a terminal shows of a run, and the one that a signal asks for.
struct ProgressLines {
  let figures: ProgressFigures

  /// How a part of a line looks.
  enum Style: String {
    case plain = ""
    case error = "31"
    case trouble = "33"
  }

  /// A part of a line.
  private struct Part {
    let text: String
    /// What is not so important is left out first where there is no room.
    let rank: Int
    var style = Style.plain
  }

  private static let gap = "  "
  /// With so many columns there is room for the averages of disks.
  private static let longColumnsMin = 110
  /// So much is left for a name where disks are shown.
  private static let nameColumnsMin = 24

  /// The first line: how much is done, and how long it will take.
  func first(columns: Int) -> String {
    let reading = figures.reading
    let isOpen = !reading.isPlanComplete
    var parts: [Part] = []
    if let percent = figures.percent { parts.append(Part(text: "\(percent)%", rank: 0)) }
    parts.append(
      Part(
        text: Self.size(Double(reading.bytes)) + "/" + Self.size(Double(reading.bytesPlanned))
          + (isOpen ? "+" : ""),
        rank: 2
      )
    )
    let style = FigureStyle.grouped
    parts.append(
      Part(
        text: style.count(reading.files) + "/" + style.count(reading.filesPlanned)
          + (isOpen ? "+ files" : " files"),
        rank: 4
      )
    )
    if let rate = figures.rateNow { parts.append(Part(text: Self.rate(rate), rank: 3)) }
    parts.append(Part(text: "avg " + Self.rate(figures.rateAverage), rank: 5))
    if let left = figures.secondsLeft {
      parts.append(Part(text: Self.duration(left) + " left", rank: 1))
    } else {
      parts.append(Part(text: Self.duration(figures.seconds), rank: 1))
    }
    return Self.line(Self.fitting(parts, columns), isColoured: false)
  }

  /// The second line: what went wrong, how fast the disks are, and what is being copied.
  ///
  /// - Parameters:
  ///   - columns: How much room there is.
  ///   - isColoured: Whether what went wrong has a colour.
  ///   - gap: What stands for what is left out of a name.
  /// - Returns: The line.
  func second(columns: Int, isColoured: Bool, gap: String) -> String {
    var parts: [Part] = []
    if figures.errors > 0 {
      let noun = figures.errors == 1 ? "error" : "errors"
      let text = "\(FigureStyle.grouped.count(figures.errors)) \(noun)"
      parts.append(Part(text: text, rank: 0, style: .error))
    }
    for trouble in figures.troubles {
      let text = TerminalText.shortened(trouble, to: columns, gap: gap)
      parts.append(Part(text: text, rank: 1, style: .trouble))
    }
    parts = Self.fitting(parts, columns)
    func used() -> Int {
      parts.reduce(0) { $0 + TerminalText.columns(of: $1.text) + Self.gap.count }
    }
    if let text = figures.disks?.text(isLong: columns >= Self.longColumnsMin),
      columns - used() - text.utf8.count - Self.gap.count >= Self.nameColumnsMin
    {
      parts.append(Part(text: text, rank: 3))
    }
    // Of a name in less room nothing could be told.
    if let current = figures.current, columns - used() >= 8 {
      let text = TerminalText.shortened(current, to: columns - used(), gap: gap)
      parts.append(Part(text: text, rank: 2))
    }
    return Self.line(parts, isColoured: isColoured)
  }

  /// All in one line, for a log as well as for a terminal.
  func status(_ style: FigureStyle) -> String {
    let reading = figures.reading
    let more = reading.isPlanComplete ? "" : " or more"
    var parts: [String] = []
    if let percent = figures.percent { parts.append("\(percent)%") }
    let (bytes, bytesPlanned) = (style.text(reading.bytes), style.text(reading.bytesPlanned))
    parts.append("\(bytes) of \(bytesPlanned)\(more) bytes")
    let (files, filesPlanned) = (style.count(reading.files), style.count(reading.filesPlanned))
    parts.append("\(files) of \(filesPlanned)\(more) files")
    if let rate = figures.rateNow { parts.append("\(style.rate(rate)) bytes/s now") }
    parts.append("\(style.rate(figures.rateAverage)) bytes/s on average")
    if let disks = figures.disks { parts.append("disks: \(disks.text(isLong: true))") }
    parts.append("\(Self.duration(figures.seconds)) passed")
    if let left = figures.secondsLeft { parts.append("\(Self.duration(left)) left") }
    parts.append("\(style.count(figures.errors)) \(figures.errors == 1 ? "error" : "errors")")
    parts += figures.troubles
    if let current = figures.current { parts.append("at \(current)") }
    return parts.joined(separator: ", ")
  }

  /// Leaves out what there is no room for.
  private static func fitting(_ all: [Part], _ columns: Int) -> [Part] {
    var parts = all
    func width() -> Int {
      parts.reduce(-gap.count) { $0 + TerminalText.columns(of: $1.text) + gap.count }
    }
    while width() > columns, let last = parts.max(by: { $0.rank < $1.rank }) {
      parts.removeAll { $0.rank == last.rank }
    }
    return parts
  }

  private static func line(_ parts: [Part], isColoured: Bool) -> String {
    parts.map { part in
      guard isColoured, part.style != .plain else { return part.text }
      return "\u{1b}[\(part.style.rawValue)m\(part.text)\u{1b}[0m"
    }.joined(separator: gap)
  }

  /// A number of bytes in three digits, in units of 1000.
  static func size(_ bytes: Double) -> String {
    var (figure, unit) = (max(bytes, 0), "B")
    for larger in ["kB", "MB", "GB", "TB", "PB", "EB"] where figure >= 999.5 {
      figure /= 1000
      unit = larger
    }
    if unit == "B" || figure >= 99.95 { return "\(UInt64(figure.rounded())) \(unit)" }
    let digits = figure >= 9.995 ? 1 : 2
    return "\(decimalText(figure).dropLast(2 - digits)) \(unit)"
  }

  /// So many bytes a second.
  static func rate(_ bytes: Double) -> String { size(bytes) + "/s" }

  /// Hours, minutes and seconds.
  static func duration(_ seconds: Double) -> String {
    let whole = Int(min(max(seconds, 0).rounded(), 1e9))
    let parts = [whole / 60 % 60, whole % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }
    return "\(whole / 3600):" + parts.joined(separator: ":")
  }
}
