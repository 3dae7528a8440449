// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage
import Testing

/// A run keeps what it promises, whatever system call fails.
///
/// With FASTSYNC_FAULT_DIRECTORY the trees are there and not in memory.
@Suite("Faults of system calls", .serialized)
struct FaultTests {
  private static let place =
    unsafe getenv("FASTSYNC_FAULT_DIRECTORY").map { unsafe String(cString: $0) } ?? "/dev/shm"

  /// Lets each call of a kind fail in turn.
  private func failEach(
    _ kind: String,
    _ errno: Errno,
    _ scenario: FaultScenario,
    isForever: Bool = false
  ) throws {
    try FaultRig.with(in: Self.place) { rig in
      let call = try #require(Fault.call(kind))
      let count = try rig.calls(of: scenario)[Int(call)]
      try #require(count > 0, "a run makes no such call")
      for number in 0..<count {
        let fault = Fault(call: call, first: number, count: isForever ? .max : 1, errno)
        let complaints = try rig.complaints(scenario, [fault])
        #expect(complaints.isEmpty, "\(complaints.joined(separator: "; "))")
      }
    }
  }

  @Test(
    "a full disk, a dead one and one without memory break no promise",
    arguments: [Errno.noSpace, .ioError, .noMemory]
  )
  func everyWriteFails(_ errno: Errno) throws {
    for kind in ["create_unnamed", "write", "mkdir", "link", "rename"] {
      try failEach(kind, errno, FaultScenario(.contents, .mixed))
    }
  }

  @Test("the directories above one that cannot be read to its end get their metadata")
  func directoryOffsets() throws {
    try failEach("seek", .ioError, FaultScenario(.contents, .nothing))
    try failEach("seek", .ioError, FaultScenario(.directory, .mixed))
  }

  @Test("an allocation that is interrupted again and again comes to an end")
  func interruptedAllocation() throws {
    try failEach("allocate", .interrupted, FaultScenario(.contents, .nothing), isForever: true)
  }

  @Test("a name that cannot be linked since the first one cannot be looked at is told")
  func hardLinks() throws {
    try failEach("statx", .ioError, FaultScenario(.contents, .nothing))
  }

  @Test(
    "what an earlier source has is not taken from a later one",
    arguments: [("statx", Errno.ioError), ("open_beneath", .staleNFSFileHandle)]
  )
  func mergedSources(_ kind: String, _ errno: Errno) throws {
    try failEach(kind, errno, FaultScenario(.merged, .nothing))
    try failEach(kind, errno, FaultScenario(.merged, .mixed))
  }
}
