// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import SystemPackage
import Testing

@testable import fastsync

/// The lines that the command writes.
@Suite struct MessageTests {
  static func text(_ message: Message) -> String { String(decoding: message.bytes, as: UTF8.self) }

  /// What `-v` prints of an entry.
  static func shown(_ path: FilePath, _ kind: EntryEvent.Kind) -> String {
    let entry = EntryEvent(path: path, kind: kind, change: .contents)
    let isDirectory = if case .directory = kind { true } else { false }
    let item = OutputItem(entry, isDirectory: isDirectory)
    let line = OutputFormat.names.line(item, OutputFormat.Context())
    return text(Message(escaping: line))
  }

  @Test func failures() {
    let denied = CopyError(.open, "SRC/a", .permissionDenied, .entry)
    #expect(Self.text(.failure(denied)) == "fastsync: SRC/a: cannot open: Permission denied")
    let refusal = OperandRefusal.targetInsideSource(isOnOtherFilesystem: false)
    let inside = CopyError(.refuse(refusal), "SRC", nil, .selection)
    #expect(Self.text(.failure(inside)) == "fastsync: SRC: target lies inside the source")
    let ring = CopyError(.setUpRing, "", .noMemory, .stop)
    let sector = CopyError(.read, "SRC/a", .ioError, .entry, offset: 4096)
    let line = "fastsync: SRC/a: cannot read at offset 4096: Input/output error"
    #expect(Self.text(.failure(sector)) == line)
    #expect(
      Self.text(.failure(ring)) == "fastsync: io_uring: cannot be had: Cannot allocate memory"
    )
  }

  @Test(arguments: [
    ("a\nb", "a\\#012b"), ("a\u{1B}[31m", "a\\#033[31m"), ("\u{7F}", "\u{7F}"), ("a\tb", "a\tb"),
    ("\\#012", "\\#134#012"), ("\\#01x", "\\#01x"), ("\\", "\\"), ("é\u{1}", "é\\#001"),
    ("\\#1\n2", "\\#1\\#0122"), ("\\#999", "\\#134#999"),
  ])
  func controlCharacters(name: String, shown: String) {
    #expect(Self.shown(FilePath(name), .file) == shown)
  }

  @Test(arguments: ["a\nb", "\\#012", "\u{1B}x", "\\#12", "a\tb", "\\#0123"])
  func controlCharactersAgreeWithRsync(name: String) throws {
    let script = """
      d=$(mktemp -d) && cd "$d" && mkdir SRC && touch "SRC/$1"
      rsync -rn8 --out-format=%n SRC/ DEST/ | tail -n 1; rm -rf "$d"
      """
    let shown = try run("sh", ["-c", script, "sh", name]).outputText
    #expect(Self.shown(FilePath(name), .file) + "\n" == shown)
  }

  @Test func otherBytesStayAsTheyAre() {
    var message = Message()
    message.append(FilePath(platformString: [-1, 0x41, 0]))
    #expect(message.bytes == [0xff, 0x41])
    let word: [UInt8] = [0x2d, 0xff, 0x0a]
    #expect(Message.error(word).bytes == Array("fastsync: -".utf8) + [0xff] + Array("\\#012".utf8))
  }

  @Test func updatesAsRsyncNamesThem() {
    #expect(Self.shown("d/e", .directory) == "d/e/")
    #expect(Self.shown(".", .directory) == "./")
    #expect(Self.shown("l", .symbolicLink("../x")) == "l -> ../x")
    #expect(Self.shown("b", .hardLink("d/a")) == "b => d/a")
    #expect(Self.shown("fifo", .special) == "fifo")
  }

  @Test(arguments: [
    (0, "0", "0", "0", "0"), (999, "999", "999", "999", "999"),
    (1_000, "1000", "1,000", "1.00K", "1000"),
    (74_455, "74455", "74,455", "74.45K", "72.71K"), (1_005, "1005", "1,005", "1.00K", "1005"),
    (1_234_567, "1234567", "1,234,567", "1.23M", "1.18M"),
    (1 << 30, "1073741824", "1,073,741,824", "1.07G", "1.00G"),
    (UInt64.max, "18446744073709551615", "18,446,744,073,709,551,615", "18.45E", "16.00E"),
  ])
  func figures(figure: UInt64, plain: String, grouped: String, decimal: String, binary: String) {
    #expect(FigureStyle.plain.text(figure) == plain)
    #expect(FigureStyle.grouped.text(figure) == grouped)
    #expect(FigureStyle.decimal.text(figure) == decimal)
    #expect(FigureStyle.binary.text(figure) == binary)
  }

  @Test func summaries() throws {
    var report = CopyReport()
    report.filesCopied = 1_200
    report.bytesWritten = 3_000_000
    report.bytesVisited = 6_000_000
    func lines(_ line: String, isDryRun: Bool = false) throws -> [String] {
      guard case .copy(_, let verbosity) = try invocation("\(line) a b") else { return [] }
      return Summary(report: report, seconds: 1.5, isDryRun: isDryRun, verbosity: verbosity).lines
    }
    #expect(try lines("") == [])
    let sent = "sent 3,000,000 bytes  received 0 bytes  1,500,000.00 bytes/sec"
    let total = "total size is 6,000,000  speedup is 2.00"
    #expect(try lines("-v") == ["", sent, total])
    #expect(try lines("-v", isDryRun: true) == ["", sent, total + " (DRY RUN)"])
    #expect(try lines("--stats").count == 17)
    #expect(try lines("-vh").last?.contains("total size is 6.00M") == true)
    #expect(try lines("-v --info=stats0") == [])
  }

  /// A tree is finished by another run; a device has lost what it had.
  @Test func closingLines() {
    func closing(_ report: CopyReport) -> String? {
      Summary(report: report, seconds: 1, isDryRun: false, verbosity: Verbosity()).closing
    }
    var report = CopyReport()
    #expect(closing(report) == nil)
    report.stop = .interrupted
    #expect(closing(report) == "interrupted; run it again to finish")
    report.leavesTargetHalfWritten = true
    let end = "; the target is half written, and of no use until a run has finished"
    for stop in [CopyReport.Stop.interrupted, .failure, nil] {
      report.stop = stop
      report.failures = stop == .interrupted ? 0 : 1
      let line = closing(report) ?? ""
      #expect(line.hasSuffix(end) && !line.contains("run it again"))
    }
  }
}
