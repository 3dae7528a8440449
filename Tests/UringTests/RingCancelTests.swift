// SPDX-License-Identifier: Apache-2.0

import Glibc
import Kernel
import SystemPackage
import Testing
import Uring

/// What becomes of requests in flight when a ring is given up.
@Suite struct RingCancelTests {
  private static let mark: UInt8 = 0xdb

  private func fill(_ slice: BufferSlice, _ byte: UInt8) {
    _ = unsafe memset(slice.start, Int32(byte), slice.count)
  }

  /// Nothing comes to a pipe that nobody writes to: the read is cancelled, and what comes later
  /// does not end up in its buffer.
  @Test(arguments: [true, false]) func whatWaitsIsCancelled(isRegistered: Bool) throws {
    var ring = try Ring.orCancel(depth: 8)
    var ends: [Int32] = [-1, -1]
    try #require(unsafe pipe(&ends) == 0)
    defer { for end in ends { close(end) } }
    let pool = try BufferPool(count: 2, bytesEach: 4096)
    if isRegistered { ring.register(pool) }
    guard let lease = pool.lease() else {
      Issue.record("a new pool lends nothing")
      return
    }
    let slice = pool.slice(of: lease, from: 0, count: 4096)
    fill(slice, Self.mark)
    ring.prepare(.read(ends[0], into: slice, at: 0, tag: tag(1)))
    try ring.submit(waitFor: 0)
    let early = ring.nextCompletion()
    #expect(early == nil)
    let told = Self.cancelAll(&ring)
    #expect(told == [Completion(tag: tag(1), result: -Errno.canceled.rawValue)])
    try #require(unsafe write(ends[1], "late", 4) == 4)
    usleep(20_000)
    #expect(slice.bytes.allSatisfy { $0 == Self.mark })
    var rest = [UInt8](repeating: 0, count: 16)
    #expect(unsafe read(ends[0], &rest, rest.count) == 4, "what came is left in the pipe")
    pool.giveBack(lease)
  }

  /// A disk fills a buffer whatever is cancelled, and even a single request later is too late.
  @Test(arguments: [true, false]) func whatADiskIsAtIsAwaited(isRegistered: Bool) throws {
    let blockBytes = 1 << 20
    var ring = try Ring.orCancel(depth: 64)
    let pool = try BufferPool(count: 32, bytesEach: blockBytes)
    if isRegistered { ring.register(pool) }
    let file = try openDirectly([UInt8](repeating: 1, count: pool.count * blockBytes))
    defer { close(file) }
    var leases = SlotTable<BufferLease>(capacity: pool.count)
    while let lease = pool.lease() {
      let slice = pool.slice(of: lease, from: 0, count: blockBytes)
      let number = leases.insert(lease) ?? 0
      let offset = UInt64(number * blockBytes)
      ring.prepare(.read(file, into: slice, at: offset, tag: tag(number)))
    }
    try ring.submit(waitFor: 0)
    var completed = 0
    while completed < pool.count {
      let completions = Self.cancelAll(&ring)
      completed += completions.count
      for completion in completions {
        let slice = pool.slice(of: leases[completion.tag.slot], from: 0, count: blockBytes)
        fill(slice, Self.mark)
      }
      guard !completions.isEmpty else { break }
    }
    #expect(completed == pool.count)
    usleep(50_000)
    for number in 0..<pool.count {
      let bytes = pool.slice(of: leases[number], from: 0, count: blockBytes).bytes
      let isUntouched = bytes.allSatisfy { $0 == Self.mark }
      #expect(isUntouched, "block \(number) was filled after its completion")
      pool.giveBack(leases.remove(number))
    }
  }

  /// What was never handed over is told as cancelled at once, and never carried out.
  @Test func whatIsQueuedIsTakenBack() throws {
    var ring = try Ring.orCancel(depth: 8)
    let pool = try BufferPool(count: 1, bytesEach: 4096)
    let file = try openUnnamedFile([1, 2, 3])
    defer { close(file) }
    guard let lease = pool.lease() else {
      Issue.record("a new pool lends nothing")
      return
    }
    let slice = pool.slice(of: lease, from: 0, count: 4096)
    fill(slice, Self.mark)
    ring.prepare(.read(file, into: slice, at: 0, flags: .link, tag: tag(1)))
    ring.prepare(.write(file, from: slice, at: 0, tag: tag(2)))
    ring.prepare(.read(file, into: slice, at: 0, tag: tag(3)))
    let canceled = -Errno.canceled.rawValue
    let expected = (1...3).map { Completion(tag: tag($0), result: canceled) }
    let told = Self.cancelAll(&ring)
    #expect(told == expected)
    let space = ring.space
    #expect(space == 8)
    try ring.submit(waitFor: 0)
    let further = ring.nextCompletion()
    #expect(further == nil)
    #expect(slice.bytes.allSatisfy { $0 == Self.mark })
    #expect(try readWhole(file) == [1, 2, 3])
    pool.giveBack(lease)
  }

  /// Plain calls leave nothing in flight.
  @Test func plainCallsHaveNothingToCancel() throws {
    var ring = Ring(callsWithDepth: 8)
    let file = try openUnnamedFile([1, 2, 3])
    defer { close(file) }
    let before = Self.cancelAll(&ring)
    #expect(before == [])
    ring.prepare(.advise(file, offset: 0, length: 0, advice: 4, tag: tag(1)))
    try ring.submit(waitFor: 1)
    let told = Self.cancelAll(&ring)
    #expect(told == [Completion(tag: tag(1), result: 0)])
    let after = Self.cancelAll(&ring)
    #expect(after == [])
  }

  /// Cancels, and takes what completes.
  private static func cancelAll(_ ring: inout Ring) -> [Completion] {
    var completions: [Completion] = []
    guard ring.cancelAll() else { return [] }
    while let completion = ring.nextCompletion() { completions.append(completion) }
    #expect(!completions.isEmpty, "there are said to be some")
    return completions
  }

  /// Makes a file without a name, and opens it past the page cache; cancels the test where the
  /// filesystem cannot.
  private func openDirectly(_ contents: [UInt8]) throws -> Int32 {
    let file = try openUnnamedFile(contents)
    defer { close(file) }
    try #require(fsync(file) == 0)
    let flags = O_RDONLY | O_CLOEXEC | Descriptor.OpenFlags.direct.rawValue
    let direct = unsafe open("/proc/self/fd/\(file)", flags)
    guard direct >= 0 else { try Test.cancel("the filesystem of /tmp has no direct I/O") }
    return direct
  }
}
