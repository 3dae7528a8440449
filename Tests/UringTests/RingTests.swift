// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage
import Testing
import Uring

/// What only the kernel's ring has.
@Suite struct RingTests {
  @Test func linksPairsOnAKernelThatCan() throws {
    let ring = try Ring.orCancel(depth: 8)
    #expect(ring.space == 8)
    // 5.17 and later; the machines that test fastsync are newer.
    #expect(ring.linksPairs == true)
  }

  @Test func registersOnce() throws {
    var ring = try Ring.orCancel(depth: 8)
    let pool = try BufferPool(count: 2, bytesEach: 4096)
    #expect(ring.register(pool) == 2)
    #expect(ring.register(pool) == 2)
  }

  @Test func losesNoCompletionWhenTheyAreNotTaken() throws {
    // The completion queue of a ring of 4 holds 8; the rest waits in the kernel.
    var ring = try Ring.orCancel(depth: 4)
    let file = try openUnnamedFile([1, 2, 3])
    defer { close(file) }
    var submitted = 0
    for _ in 0..<20 {
      while ring.space > 0 {
        ring.prepare(
          .advise(
            file,
            offset: 0,
            length: 0,
            advice: POSIX_FADV_SEQUENTIAL,
            tag: tag(submitted)
          )
        )
        submitted += 1
      }
      try ring.submit(waitFor: 0)
    }
    #expect(submitted >= 4)
    var seen: Set<Int> = []
    while seen.count < submitted {
      try ring.submit(waitFor: 1)
      while let completion = ring.nextCompletion() {
        #expect(completion.result == 0)
        #expect(seen.insert(completion.tag.slot).inserted)
      }
    }
    #expect(ring.nextCompletion() == nil)
    #expect(ring.space == 4)
  }

  /// What was prepared before goes through the ring, what comes later does not, and all of it
  /// completes.
  @Test func goesOnByPlainCalls() throws {
    var rig = try Rig(.ring)
    let bytes = sampleBytes(5000)
    let source = try rig.open(bytes)
    let target = try rig.open(isWritable: true)
    let first = try rig.lease()
    let second = try rig.lease()
    rig.preparePair(source, target, first, count: 5000, first: 1, readFlags: .link)
    rig.queue.useCalls()
    rig.queue.prepare(
      .allocate(target, offset: 0, length: 8192, tag: tag(3))
    )
    var completions = try rig.run(waitFor: 3)
    while completions.count < 3 { completions += try rig.run(waitFor: 1) }
    #expect(Set(completions.map(\.tag.slot)) == [1, 2, 3])
    rig.preparePair(source, target, second, count: 5000, first: 4)
    #expect(try rig.run(waitFor: 1) == [Completion(tag: tag(5), result: 5000)])
    rig.pool.giveBack(first)
    rig.pool.giveBack(second)
    #expect(firstDifference(Array(try rig.contents(of: target).prefix(5000)), bytes) == nil)
  }

  @Test func waitsForWhatWasAskedOnly() throws {
    var ring = try Ring.orCancel(depth: 8)
    let file = try openUnnamedFile([1, 2, 3])
    defer { close(file) }
    for number in 0..<3 {
      ring.prepare(
        .advise(file, offset: 0, length: 0, advice: POSIX_FADV_SEQUENTIAL, tag: tag(number))
      )
    }
    try ring.submit(waitFor: 3)
    // Two of three are still to be taken, so there is nothing to wait for.
    #expect(ring.nextCompletion() != nil)
    try ring.submit(waitFor: 2)
    #expect(ring.nextCompletion() != nil)
    #expect(ring.nextCompletion() != nil)
    #expect(ring.nextCompletion() == nil)
  }

  @Test func lockedMemoryIsLimitedForAnOrdinaryUser() async throws {
    _ = try Ring.orCancel(depth: 1)
    await #expect(processExitsWith: .success) {
      var limit = rlimit(rlim_cur: 1 << 20, rlim_max: 1 << 20)
      let lockedMemory = Int32(8)  // RLIMIT_MEMLOCK, not in the Glibc module
      guard unsafe setrlimit(lockedMemory, &limit) == 0,
        getuid() != 0 || setuid(65534) == 0
      else { exit(1) }
      // The limit counts for all of a user's processes, so even the ring may not fit.
      guard var ring = try? Ring(depth: 8) else { exit(0) }
      let pool = try BufferPool(count: 8, bytesEach: 1 << 20)
      exit(ring.register(pool) == 0 ? 0 : 3)
    }
  }

  @Test func tooManyOpenFilesIsAnError() async throws {
    _ = try Ring.orCancel(depth: 1)
    await #expect(processExitsWith: .success) {
      let openFiles = Int32(RLIMIT_NOFILE.rawValue)
      var limit = rlimit()
      guard unsafe getrlimit(openFiles, &limit) == 0 else { exit(4) }
      let before = limit.rlim_cur
      limit.rlim_cur = 0
      guard unsafe setrlimit(openFiles, &limit) == 0 else { exit(5) }
      var failure: Errno?
      do throws(Errno) { _ = try Ring(depth: 8) } catch { failure = error }
      // A sanitizer opens files when the process ends.
      limit.rlim_cur = before
      guard unsafe setrlimit(openFiles, &limit) == 0 else { exit(6) }
      exit(failure == .tooManyOpenFiles ? 0 : 3)
    }
  }
}
