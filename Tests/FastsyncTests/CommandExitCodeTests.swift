// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Testing

@testable import fastsync

/// Exit statuses, which are rsync's.
@Suite struct CommandExitCodeTests {
  @Test(
    arguments: [
      (0, 0, nil, 0), (1, 0, nil, 23), (0, 1, nil, 24), (1, 1, nil, 23), (0, 0, .failure, 11),
      (5, 5, .failure, 11), (0, 0, .interrupted, 20), (3, 1, .interrupted, 20),
    ] as [(Int, Int, CopyReport.Stop?, Int32)]
  )
  func ofReports(failures: Int, vanished: Int, stop: CopyReport.Stop?, status: Int32) {
    var report = CopyReport()
    report.failures = failures
    report.vanished = vanished
    report.stop = stop
    #expect(ExitCode(report).rawValue == status)
    let summary = Summary(report: report, seconds: 1, isDryRun: false, verbosity: Verbosity())
    #expect((summary.closing == nil) == (status == 0))
  }

  @Test(
    arguments: [
      (.entry, 23), (.vanished, 24), (.stop, 11), (.selection, 3), (.memory, 22),
    ] as [(CopyError.Severity, Int32)]
  )
  func ofErrorsBeforeTheStart(severity: CopyError.Severity, status: Int32) {
    #expect(ExitCode(severity).rawValue == status)
  }
}
