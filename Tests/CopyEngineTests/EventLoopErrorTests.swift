// SPDX-License-Identifier: Apache-2.0

import SimulatedKernel
import SystemPackage
import Testing
import Uring

@testable import CopyEngine

/// Every op, every errno it can give, at every place where it is asked for.
@Suite("Errors of every op on a simulated kernel")
struct EventLoopErrorTests {
  /// A file with allocation, advice and three windows, and a small one beside it, which must be
  /// copied whatever becomes of the first.
  private func copy(_ faults: Faults, seed: UInt64) throws -> [SimulatedResult] {
    let large = SimulatedCopy(
      byteCount: 3 * Int(EventLoopRig.windowBytes) + 700,
      allocates: true,
      isAdvised: true
    )
    let rig = EventLoopRig(blocks: 4, filesMax: 1)
    return try rig.copy([large, SimulatedCopy(byteCount: 5000)], seed: seed, faults: faults)
  }

  @Test("an error ends its file and no other", arguments: Submission.Operation.allCases)
  func everyError(of operation: Submission.Operation) throws {
    for (index, errno) in Faults.errors(of: operation).enumerated() {
      for ordinal in [1, 2, 3, 12, 25] {
        var faults = Faults()
        faults.scheduled = [ScheduledFault(operation, ordinal, .error(errno))]
        faults.loudCancelProbability = 0.5
        let seed = UInt64(index * 100 + ordinal)
        let results = try copy(faults, seed: seed)
        let expected = expectation(operation, errno)
        let outcome = results[0].outcome
        // The last ordinals may lie beyond what one file asks for, and then meet the other.
        if let expected, case .copied = outcome {
          #expect(results[1].outcome == expected || ordinal > 1, "\(errno), seed \(seed)")
        } else if let expected {
          #expect(outcome == expected, "\(errno), seed \(seed)")
          #expect(results[1].target == results[1].source, "seed \(seed)")
        } else {
          #expect(results[0].target == results[0].source, "\(errno), seed \(seed)")
          #expect(results[1].target == results[1].source, "\(errno), seed \(seed)")
        }
      }
    }
  }

  /// How a file ends after an error; `nil` when it has to be copied all the same.
  private func expectation(
    _ operation: Submission.Operation,
    _ errno: Errno
  ) -> FileTask.Outcome? {
    switch operation {
    case .read: .failed(.read(errno))
    case .write: .failed(.write(errno))
    case .advise: nil
    case .syncRange:
      [.ioError, .noSpace, .diskQuotaExceeded, .readOnlyFileSystem].contains(errno)
        ? .notWrittenBack(errno) : nil
    case .allocate:
      [.notSupported, .noFunction, .invalidArgument, .interrupted].contains(errno)
        ? nil : .notAllocated(errno)
    }
  }

  @Test("with errors at random everywhere, a file is copied in full or ends with a reason")
  func randomErrors() throws {
    for seed in UInt64(0)..<200 {
      var faults = Faults.survivable
      faults.errorProbability = 0.01
      let files = (0..<10).map { SimulatedCopy(byteCount: 3000 * $0 + 1, allocates: $0 % 2 == 0) }
      let rig = EventLoopRig(linksPairs: seed % 2 == 0)
      for result in try rig.copy(files, seed: seed, faults: faults) {
        guard case .copied(let bytes) = result.outcome else { continue }
        #expect(bytes == UInt64(result.source.count), "seed \(seed)")
        #expect(result.target == result.source, "seed \(seed)")
      }
    }
  }

  @Test("a full disk is an error of the write, and the rest of a short write is not lost")
  func fullDisk() throws {
    for seed in UInt64(0)..<50 {
      var faults = Faults()
      faults.scheduled = [
        ScheduledFault(.write, 2, .short(100)), ScheduledFault(.write, 3, .error(.noSpace)),
      ]
      let result = try EventLoopRig(blocks: 1).copy(
        [SimulatedCopy(byteCount: 20_000)],
        seed: seed,
        faults: faults
      )[0]
      #expect(result.outcome == .failed(.write(.noSpace)), "seed \(seed)")
    }
  }
}
