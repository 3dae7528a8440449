// SPDX-License-Identifier: Apache-2.0

import Kernel
import Storage
import SystemPackage
import Testing

@testable import CopyEngine

@Suite("The end of a run")
struct RunEndTests {
  private func makeRun(_ recorder: EventRecorder) -> RunContext {
    RunContext(
      options: CopyOptions(),
      creationMask: 0o022,
      mounts: MountTable(parsing: ""),
      disks: .none,
      limits: RunLimits(TransferOptions(), disks: .none, processors: 1, descriptors: 256),
      sink: (recorder, recorder.wants)
    )
  }

  private let full = CopyError(.sync, "target", .noSpace, .stop)

  @Test("who asks for a stop when all is there comes too late")
  func lateStop() {
    let run = makeRun(EventRecorder(.failures))
    #expect(run.complete())
    #expect(!run.stop(.interrupted) && !run.stop(.timeLimit))
    #expect(run.failureCounts.stop == nil && !run.shouldStop)
  }

  @Test("a stop before that counts")
  func earlyStop() {
    let run = makeRun(EventRecorder(.failures))
    run.stop(.interrupted)
    #expect(!run.complete())
    #expect(run.failureCounts.stop == .interrupted)
  }

  @Test("a failure at the end counts more than an interruption", arguments: [false, true])
  func failureAtTheEnd(wasInterrupted: Bool) {
    let recorder = EventRecorder(.failures)
    let run = makeRun(recorder)
    if wasInterrupted { run.stop(.interrupted) }
    #expect(run.complete() != wasInterrupted)
    run.failAtEnd(full)
    run.failAtEnd(full)
    #expect(run.failureCounts.stop == .failure && run.failureCounts.failures == 2)
    #expect(recorder.failures.count == 2, "each filesystem is told of")
  }
}
