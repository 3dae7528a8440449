// SPDX-License-Identifier: Apache-2.0

import FaultInjection
import Glibc
import SimulatedKernel
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// A run keeps what it promises, whatever system call fails.
///
/// With FASTSYNC_FAULT_SEED one seed is run, with FASTSYNC_FAULT_SEEDS as many as it says, and with
/// FASTSYNC_FAULT_DIRECTORY the trees are there and not in memory. Where a scenario has several
/// workers, a seed need not give the same faults each time.
@Suite(
  "Faults of system calls",
  .serialized,
  .enabled(if: FaultTrees.canBeMade, "the place of the trees has no attributes or ACLs")
)
struct FaultTests {
  private static func number(_ variable: String) -> UInt64? {
    unsafe getenv(variable).flatMap { UInt64(unsafe String(cString: $0)) }
  }

  private static var seeds: Range<UInt64> {
    if let seed = number("FASTSYNC_FAULT_SEED") { return seed..<(seed + 1) }
    return 0..<(number("FASTSYNC_FAULT_SEEDS") ?? 10_000)
  }

  @Test("every name is old or new, what fails is told, and the next run completes")
  func seeds() throws {
    let seeds = Self.seeds
    let next = Atomic<UInt64>(seeds.lowerBound)
    let usual = Mutex<[UInt64: [UInt32]]>([:])
    let broken = Mutex<[String]>([])
    Threads.run(min(2, seeds.count)) { _ in
      do {
        try FaultRig.with(in: FaultTrees.place) { rig in
          while true {
            let seed = next.wrappingAdd(1, ordering: .relaxed).oldValue
            guard seed < seeds.upperBound else { break }
            let complaints = try run(seed, rig, usual)
            guard !complaints.isEmpty else { continue }
            broken.withLock {
              $0.append("FASTSYNC_FAULT_SEED=\(seed): \(complaints.joined(separator: "; "))")
            }
          }
          #expect(rig.sourcesAreUnchanged)
        }
      } catch {
        broken.withLock { $0.append("\(error)") }
      }
    }
    let lines = broken.withLock { $0 }
    for line in lines.prefix(20) { Issue.record("\(line)") }
    #expect(lines.isEmpty, "\(lines.count) of \(seeds.count) seeds")
  }

  private func run(
    _ seed: UInt64,
    _ rig: FaultRig,
    _ usual: borrowing Mutex<[UInt64: [UInt32]]>
  ) throws -> [String] {
    let number = seed % FaultScenario.count
    let scenario = FaultScenario(number)
    let calls = try usual.withLock { $0[number] } ?? rig.calls(of: scenario)
    usual.withLock { $0[number] = calls }
    var random = SplitMix64(seed: seed)
    let count = random.happens(0.7) ? 1 : Int.random(in: 2...Int(fi_faults_max), using: &random)
    let faults = (0..<count).map { _ in Fault(among: calls, &random) }
    return try rig.complaints(scenario, faults, seed: seed)
  }

  /// Lets each call of a kind fail in turn.
  private func failEach(
    _ kind: String,
    _ errno: Errno,
    _ scenario: FaultScenario,
    isForever: Bool = false
  ) throws {
    try FaultRig.with(in: FaultTrees.place) { rig in
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
    arguments: [
      ("statx", Errno.ioError), ("open_beneath", .staleNFSFileHandle),
      ("open_beneath", .tooManyOpenFiles), ("open", .tooManyOpenFilesInSystem),
      ("getdents", .ioError),
    ]
  )
  func mergedSources(_ kind: String, _ errno: Errno) throws {
    try failEach(kind, errno, FaultScenario(.merged, .nothing))
    try failEach(kind, errno, FaultScenario(.merged, .mixed))
  }

  @Test("what is written to a filesystem that cannot be told at first is synced all the same")
  func unknownFilesystem() throws {
    try failEach("statx", .ioError, FaultScenario(.file, .mixed))
  }
}
