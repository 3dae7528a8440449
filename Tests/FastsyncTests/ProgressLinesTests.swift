// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import SystemPackage
import Testing

@testable import fastsync

/// What is said of how far a run has come.
@Suite("Lines about progress")
struct ProgressLinesTests {
  private var figures: ProgressFigures {
    var figures = ProgressFigures()
    figures.reading.files = 1_234
    figures.reading.bytes = 1_230_000_000
    figures.reading.filesPlanned = 45_678
    figures.reading.bytesPlanned = 4_560_000_000
    figures.reading.isPlanComplete = true
    figures.seconds = 20
    figures.rateNow = 123_400_000
    figures.rateAverage = 98_700_000
    figures.secondsLeft = 754
    figures.current = "photos/2026/summer/a rather long name.jpg"
    return figures
  }

  @Test("what is least important is left out first")
  func widths() {
    let lines = ProgressLines(figures: figures)
    let expected = [
      (79, "26%  1.23 GB/4.56 GB  1,234/45,678 files  123 MB/s  avg 98.7 MB/s  0:12:34 left"),
      (70, "26%  1.23 GB/4.56 GB  1,234/45,678 files  123 MB/s  0:12:34 left"),
      (60, "26%  1.23 GB/4.56 GB  123 MB/s  0:12:34 left"),
      (40, "26%  1.23 GB/4.56 GB  0:12:34 left"),
      (19, "26%  0:12:34 left"),
      (12, "26%"),
    ]
    for (columns, text) in expected { #expect(lines.first(columns: columns) == text) }
    for columns in 8...120 {
      #expect(lines.first(columns: columns).count <= columns)
      #expect(lines.second(columns: columns, isColoured: false, gap: "...").count <= columns)
    }
  }

  @Test("what is not known is not said")
  func unknown() {
    var figures = self.figures
    figures.reading.isPlanComplete = false
    figures.secondsLeft = nil
    figures.rateNow = nil
    let lines = ProgressLines(figures: figures)
    let text = "1.23 GB/4.56 GB+  1,234/45,678+ files  avg 98.7 MB/s  0:00:20"
    #expect(lines.first(columns: 79) == text)
  }

  @Test("all is 100 %, and nothing else")
  func percent() {
    var figures = self.figures
    figures.reading.bytes = 4_559_999_999
    #expect(figures.percent == 99)
    figures.reading.bytes = 4_560_000_000
    #expect(figures.percent == 99)
    figures.reading.files = 45_678
    #expect(figures.percent == 100)
    figures.reading.bytesPlanned = 0
    figures.reading.files = 22_839
    #expect(figures.percent == 50)
  }

  @Test("errors and stalls come before the name, which is shortened")
  func second() {
    var figures = self.figures
    figures.errors = 2
    figures.troubles = ["target disk sdb stalls for 12 s"]
    let lines = ProgressLines(figures: figures)
    #expect(
      lines.second(columns: 79, isColoured: false, gap: "\u{2026}")
        == "2 errors  target disk sdb stalls for 12 s  photos/2026\u{2026}r/a rather long name.jpg"
    )
    #expect(
      lines.second(columns: 50, isColoured: true, gap: "\u{2026}")
        == "\u{1b}[31m2 errors\u{1b}[0m  \u{1b}[33mtarget disk sdb stalls for 12 s\u{1b}[0m"
    )
    #expect(lines.second(columns: 10, isColoured: false, gap: "...") == "2 errors")
  }

  @Test("a signal is answered with all of it, in rsync's figures")
  func status() {
    #expect(
      ProgressLines(figures: figures).status(.grouped)
        == "26%, 1,230,000,000 of 4,560,000,000 bytes, 1,234 of 45,678 files, "
        + "123,400,000.00 bytes/s now, 98,700,000.00 bytes/s on average, 0:00:20 passed, "
        + "0:12:34 left, 0 errors, at photos/2026/summer/a rather long name.jpg"
    )
  }

  @Test(
    "figures have three digits",
    arguments: zip(
      [0, 999, 999.6, 1_000, 9_994, 9_996, 99_940, 99_960, 999_400, 999_600, 1.5e18],
      [
        "0 B", "999 B", "1.00 kB", "1.00 kB", "9.99 kB", "10.0 kB", "99.9 kB", "100 kB", "999 kB",
        "1.00 MB", "1.50 EB",
      ]
    )
  )
  func sizes(_ bytes: Double, _ text: String) { #expect(ProgressLines.size(bytes) == text) }

  @Test("how fast disks are is shown where a name has room beside it")
  func disks() {
    let source = DiskUse.recordedSource
    let target = DiskUse.recordedTarget(rateWritten: 139e6)
    var figures = self.figures
    figures.disks = DiskRates(now: [source, target], average: [source, target])
    let lines = ProgressLines(figures: figures)
    func second(_ columns: Int) -> String {
      lines.second(columns: columns, isColoured: false, gap: "...")
    }
    let rates = "reads 146 MB/s 41%  writes 139 MB/s 97%  "
    #expect(second(79) == rates + name(79 - rates.count))
    #expect(second(60) == "photos/2026/summer/a rather long name.jpg")
    #expect(
      second(119).hasPrefix("reads 146 MB/s (avg 146 MB/s, busy 41%)  writes 139 MB/s (avg ")
    )
    for columns in 8...120 { #expect(second(columns).count <= columns) }
    func name(_ columns: Int) -> String {
      TerminalText.shortened(figures.current ?? "", to: columns, gap: "...")
    }
    figures.troubles = ["target disk sdb stalls for 12 s"]
    let stalled = ProgressLines(figures: figures)
    #expect(
      stalled.second(columns: 79, isColoured: false, gap: "...").hasPrefix(
        "target disk sdb stalls for 12 s  photos/"
      )
    )
  }
}

/// Text by columns.
@Suite("Text of terminals")
struct TerminalTextTests {
  @Test(
    "columns are those of wcwidth",
    arguments: zip(
      ["abc", "\u{e9}", "e\u{301}", "\u{65e5}\u{672c}", "\u{1f600}", "\u{ff21}", "\u{ac00}"],
      [3, 1, 1, 4, 2, 2, 2]
    )
  )
  func columns(_ text: String, _ columns: Int) {
    #expect(TerminalText.columns(of: text) == columns)
  }

  @Test("what is shortened is as wide as there is room, whatever its characters take")
  func shortened() {
    let texts = [
      "folder/some name.txt", "\u{65e5}\u{672c}\u{8a9e}/\u{65e5}\u{672c}\u{8a9e}.txt",
      "e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}",
    ]
    for text in texts {
      let width = TerminalText.columns(of: text)
      for columns in 0...(width + 2) {
        let short = TerminalText.shortened(text, to: columns, gap: "\u{2026}")
        #expect(TerminalText.columns(of: short) <= columns)
        #expect((short == text) == (width <= columns) || columns == 0)
      }
    }
    #expect(TerminalText.shortened("folder/some name.txt", to: 12, gap: "...") == "fol...me.txt")
  }

  @Test("nothing of a name moves the cursor, or turns the text around")
  func escaped() {
    let shown = [
      ("a\nb\u{1b}[2Jc", "a\\#012b\\#033[2Jc"), ("tab\tdel\u{7f}", "tab\\#011del\\#177"),
      ("c1\u{9b}2J", "c1\\#302\\#2332J"), ("rtl\u{202e}cod", "rtl\\#342\\#200\\#256cod"),
      ("\u{65e5}\u{e9}", "\u{65e5}\u{e9}"),
    ]
    for (name, text) in shown {
      #expect(TerminalText.shown(FilePath(name), .unlessUnicode) == text)
    }
    #expect(TerminalText.shown("\u{e9}", .escaped) == "\\#303\\#251")
  }

  @Test("what is too long for a terminal is broken between words")
  func wrapping() {
    let text = "one two three, four"
    #expect(TerminalText.wrapped(text, to: 19) == [text])
    #expect(TerminalText.wrapped(text, to: 18) == ["one two three,", "  four"])
    #expect(TerminalText.wrapped(text, to: 8) == ["one two", "  three,", "  four"])
    #expect(TerminalText.wrapped(text, to: 1).count == 4)
    #expect(TerminalText.wrapped("", to: 8).isEmpty)
  }
}
