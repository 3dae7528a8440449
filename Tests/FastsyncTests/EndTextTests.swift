// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Testing

@testable import fastsync

/// What ends a run that a person watches.
@Suite("The three lines at the end")
struct EndTextTests {
  private let source = DiskUse.recordedSource
  private let target = DiskUse.recordedTarget(rateWritten: 146e6)

  private var report: CopyReport {
    var report = CopyReport()
    report.filesCopied = 12_345
    report.bytesCopied = 45_600_000_000
    report.bytesWritten = 45_600_000_000
    report.created.files = 12_000
    report.created.directories = 1
    report.created.symbolicLinks = 11
    report.hardLinksMade = 1
    report.created.specials = 2
    report.deletions.removed.files = 3
    report.entriesUnchanged = 1_200
    return report
  }

  private var facts: RunLimit.Facts {
    var facts = RunLimit.Facts()
    facts.seconds = 312
    facts.bytesWritten = 45_600_000_000
    facts.disks = [source, target]
    facts.processorSeconds = 50
    facts.processors = 2
    return facts
  }

  @Test("what was copied, how fast, and how it ended")
  func allThere() {
    #expect(
      EndText(report: report, facts: facts).lines == [
        "Copied 12,345 files (45.6 GB), 12 links, 2 special files, 1 directory; deleted 3; "
          + "1,200 were up to date.",
        "Took 0:05:12 until all was on the disk: 146 MB/s. Limit: target disk sdb, 97% busy "
          + "(source disk sda 41%, processor 8%).",
        "Everything is there, and on stable storage (exit status 0).",
      ]
    )
  }

  @Test("a dry run says what would be done")
  func dryRun() {
    var text = EndText(report: report, facts: facts)
    text.isDryRun = true
    #expect(text.lines.count == 2)
    #expect(text.lines.first?.hasPrefix("Would copy 12,345 files (45.6 GB), ") == true)
    #expect(text.lines.first?.contains("; would delete 3; ") == true)
    #expect(text.lines.last == "A dry run, which changed nothing (exit status 0).")
  }

  @Test("nothing to do, at once")
  func nothing() {
    var report = CopyReport()
    report.entriesUnchanged = 1
    var facts = RunLimit.Facts()
    facts.seconds = 0.04
    var text = EndText(report: report, facts: facts)
    text.isDurable = false
    #expect(
      text.lines == [
        "Copied nothing; 1 was up to date.", "Took 0.0 s until the kernel had all.",
        "Everything is there, and yet to be brought to the disk by the kernel (exit status 0).",
      ]
    )
  }

  @Test("small files are counted in files, holes are not written")
  func rates() {
    var report = CopyReport()
    report.filesCopied = 5_000
    report.bytesCopied = 50_000_000
    report.bytesWritten = 20_000_000
    var facts = facts
    facts.seconds = 2.04
    facts.bytesWritten = 20_000_000
    let lines = EndText(report: report, facts: facts).lines
    #expect(lines[0] == "Copied 5,000 files (50.0 MB, of which 20.0 MB had to be written).")
    #expect(
      lines[1].hasPrefix("Took 2.0 s until all was on the disk: 9.80 MB/s, 2,450 files/s. ")
    )
    facts.seconds = 0.4
    #expect(EndText(report: report, facts: facts).lines[1].hasSuffix(" files/s."))
  }

  /// The last line after something has gone wrong.
  private func outcome(_ leftOut: Int = 0, _ change: (inout CopyReport) -> Void) -> String? {
    var report = CopyReport()
    change(&report)
    var text = EndText(report: report, facts: facts)
    text.leftOut = leftOut
    return text.lines.last
  }

  @Test("what was not copied, and what the exit status means")
  func outcomes() {
    #expect(
      outcome(5) {
        $0.failures = 1_003; $0.vanished = 2
      }
        == "Not everything was copied (exit status 23): 1,003 failed, 2 vanished at the source, "
        + "5 left out as the options say."
    )
    #expect(
      outcome { $0.vanished = 2 }
        == "Some entries vanished before they were copied (exit status 24): "
        + "2 vanished at the source."
    )
    #expect(
      outcome { $0.deletions.skipped = 7 }
        == "Not everything was deleted (exit status 25): 7 not deleted (--max-delete)."
    )
    #expect(
      outcome { $0.stop = .interrupted }
        == "Interrupted (exit status 20): run it again to finish."
    )
    #expect(
      outcome {
        $0.stop = .failure; $0.failures = 1; $0.leavesTargetHalfWritten = true
      }
        == "Stopped before everything was copied (exit status 11): 1 failed, the target is half "
        + "written, and of no use until a run has finished."
    )
    #expect(
      outcome { $0.stop = .timeLimit }
        == "Ended by the clock before everything was copied (exit status 30): "
        + "run it again to finish."
    )
  }

  /// What the second line has behind the rate.
  private func limit(_ change: (inout RunLimit.Facts) -> Void) -> String {
    var facts = facts
    change(&facts)
    let line = EndText(report: report, facts: facts).lines[1]
    return String(line.split(separator: "/s. ").last ?? "")
  }

  @Test("what was the limit")
  func limits() {
    #expect(
      limit { $0.bytesPerSecondMax = 150_000_000 }
        == "Limit: --bwlimit (target disk sdb 97%, source disk sda 41%, processor 8%)."
    )
    #expect(
      limit { $0.processorSeconds = 620 }
        == "Limit: the processor (target disk sdb 97%, source disk sda 41%, processor 99%)."
    )
    #expect(
      limit { $0.disks = [source] }
        == "Nothing was busy most of the time (source disk sda 41%, processor 8%)."
    )
    #expect(limit { $0.disks = [] } == "The processor was 8% busy.")
    #expect(
      limit {
        $0.disks = []; $0.unmeasuredSource = "nfs4 on server:/data"
      }
        == "Limit: reading nfs4 on server:/data, by all that is known (processor 8%)."
    )
    #expect(
      limit {
        $0.disks = [source]; $0.unmeasuredTarget = "fuse.sshfs on host:"
      }
        == "Limit: writing fuse.sshfs on host:, by all that is known "
        + "(source disk sda 41%, processor 8%)."
    )
    // The busy disk is the limit, whatever the other side is.
    #expect(
      limit {
        $0.disks = [target]; $0.unmeasuredSource = "nfs4 on server:/data"
      }
      .hasPrefix("Limit: target disk sdb, 97% busy")
    )
    let others = (0..<6).map { number in
      DiskUse(
        name: "sd\(number)",
        isSource: true,
        isTarget: true,
        busyPercent: 10 * number,
        rateRead: 0,
        rateWritten: 0
      )
    }
    #expect(
      limit { $0.disks = others }
        == "Nothing was busy most of the time (disk sd5 50%, disk sd4 40%, disk sd3 30%, "
        + "disk sd2 20%, others less, processor 8%)."
    )
  }
}
