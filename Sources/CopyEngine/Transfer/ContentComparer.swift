// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import Storage
internal import Synchronization
internal import SystemPackage
internal import Uring

/// Compares the bytes of files (`-c`).
///
/// Both sides are read at the same time, and a difference ends it. A checksum would have to be
/// computed of all of both. Large files are divided into blocks that several threads take, each of
/// which reads one side and then the other: with them both disks and all processors are busy. To
/// start a thread costs less than to read 64 KiB.
struct ContentComparer {
  private let run: RunContext
  private let pool: BufferPool
  private let policies: AccessPolicies

  /// Files up to this size are compared by one thread in one step, in bytes.
  static let smallBytesMax = 64 << 10
  /// Files from this size on are compared by several threads, in bytes.
  static let sharedBytesMin: UInt64 = 4 << 20
  /// More threads than this do not make a disk faster.
  static let threadsMax = 8

  init(_ run: RunContext, _ transfer: TransferState) {
    self.run = run
    pool = transfer.pool
    policies = transfer.policies
  }

  /// Whether a file has the same bytes on both sides, which are of one size.
  ///
  /// Not where they cannot be read: then the file is copied, which tells why that cannot be done.
  func areEqual(_ entry: FoundEntry) -> Bool {
    guard let existing = entry.existing else { return false }
    do throws(Errno) {
      let source = try entry.source.openForReading()
      let target = try entry.target.openForReading()
      // What has the names by now need not be what was found.
      guard try isStill(entry.metadata, source), try isStill(existing, target) else { return false }
      if entry.metadata.size == 0 { return true }
      if entry.metadata.size <= UInt64(Self.smallBytesMax) {
        return try compareSmall(entry, source.rawValue, target.rawValue)
      }
      let comparison = SharedComparison(
        size: entry.metadata.size,
        source: ComparedSide(source.rawValue, entry.metadata, policies, measured(entry.metadata)),
        target: ComparedSide(target.rawValue, existing, policies, run.meter.measuredTarget),
        isStopped: { [run] in
          run.heartbeat?.beat()
          return run.shouldStop
        }
      )
      compare(comparison)
      withExtendedLifetime((source.rawValue, target.rawValue)) {}
      return comparison.areEqual
    } catch {
      return false
    }
  }

  /// What measures how long a source takes to be read, if anybody wants to know.
  private func measured(_ source: EntryMetadata) -> MeasuredDevice? {
    run.meter.measuredSource(source.readDevice)
  }

  private func isStill(
    _ found: EntryMetadata,
    _ opened: borrowing Descriptor
  ) throws(Errno) -> Bool {
    let now = try EntryMetadata(ofOpen: opened.rawValue, foundAs: found)
    return now.identity == found.identity && now.size == found.size && now.kind == .file
  }

  /// Compares two small files: the second is on its way from its disk while the first is read.
  private func compareSmall(
    _ entry: FoundEntry,
    _ source: Int32,
    _ target: Int32
  ) throws(Errno) -> Bool {
    let length = entry.metadata.size
    let size = Int(length)
    let keeps = run.options.transfer.reading == .keep
    func isMissing(_ file: Int32) -> Bool {
      FileCalls.cachedPages(of: file, offset: 0, length: length) == 0
    }
    let (dropsSource, dropsTarget) = (isMissing(source), isMissing(target))
    if dropsTarget { FileCalls.advise(target, .willNeed, offset: 0, length: length) }
    let both = UnsafeMutableRawPointer.allocate(byteCount: 2 * size, alignment: 64)
    defer { unsafe both.deallocate() }
    defer {
      if dropsSource && !keeps { FileCalls.advise(source, .dontNeed) }
      if dropsTarget && !keeps { FileCalls.advise(target, .dontNeed) }
    }
    func fill(
      _ start: UnsafeMutableRawPointer,
      from file: Int32,
      _ measured: MeasuredDevice?
    ) throws(Errno) -> Bool {
      let buffer = unsafe UnsafeMutableRawBufferPointer(start: start, count: size)
      return try measured.time(.read) { () throws(Errno) in
        unsafe try FileCalls.fill(buffer, from: file, at: 0) ? size : 0
      } == size
    }
    guard unsafe try fill(both, from: source, measured(entry.metadata)),
      unsafe try fill(both + size, from: target, run.meter.measuredTarget)
    else { return false }
    return unsafe MemoryCalls.areEqual(both, both + size, count: size)
  }

  /// Compares two large files, with as many threads as there are buffers and uses for them.
  private func compare(_ comparison: SharedComparison) {
    var threads: [Thread] = []
    if comparison.size >= Self.sharedBytesMin {
      let wanted = run.disks.seek ? 2 : min(2 * ProcessFacts.processors, Self.threadsMax)
      for _ in 1..<max(wanted, 2) where pool.freeCount > 1 {
        let thread = try? Thread { [pool] in _ = Self.work(on: comparison, pool) }
        guard let thread else { break }
        threads.append(thread)
      }
    }
    if !Self.work(on: comparison, pool) {
      // All buffers are lent to files that are on their way.
      let length = 2 * Self.smallBytesMax
      let memory = UnsafeMutableRawPointer.allocate(
        byteCount: length,
        alignment: RunLimits.pageBytes
      )
      unsafe comparison.work(UnsafeMutableRawBufferPointer(start: memory, count: length))
      unsafe memory.deallocate()
    }
    for thread in threads { thread.join() }
    comparison.finish()
  }

  /// Compares blocks until there are no more.
  ///
  /// - Returns: Whether there was a buffer for that.
  private static func work(on comparison: SharedComparison, _ pool: BufferPool) -> Bool {
    guard pool.blockBytes >= 2 * RunLimits.pageBytes, let lease = pool.lease() else { return false }
    let slice = pool.slice(of: lease, from: 0, count: pool.blockBytes)
    unsafe comparison.work(UnsafeMutableRawBufferPointer(start: slice.start, count: slice.count))
    pool.giveBack(lease)
    return true
  }
}

/// One comparison of two large files, whose blocks several threads take.
final class SharedComparison: Sendable {
  let size: UInt64
  private let source: ComparedSide
  private let target: ComparedSide
  private let isStopped: @Sendable () -> Bool
  private let next = Atomic<UInt64>(0)
  private let hasDifference = Atomic<Bool>(false)

  init(
    size: UInt64,
    source: ComparedSide,
    target: ComparedSide,
    isStopped: @escaping @Sendable () -> Bool
  ) {
    self.size = size
    self.source = source
    self.target = target
    self.isStopped = isStopped
  }

  /// Whether no difference was found.
  var areEqual: Bool { !hasDifference.load(ordering: .relaxed) }

  /// Takes block after block; the buffer holds one of each side.
  func work(_ buffer: UnsafeMutableRawBufferPointer) {
    guard let start = buffer.baseAddress else { return }
    let blockBytes = (buffer.count / 2).roundedDown(to: RunLimits.pageBytes)
    precondition(blockBytes > 0)
    while areEqual {
      let offset = next.wrappingAdd(UInt64(blockBytes), ordering: .relaxed).oldValue
      guard offset < size else { return }
      let length = Int(min(UInt64(blockBytes), size - offset))
      let isEqual =
        unsafe isBlockEqual(start, start + blockBytes, offset, length) && !isStopped()
      if !isEqual { hasDifference.store(true, ordering: .relaxed) }
    }
  }

  private func isBlockEqual(
    _ one: UnsafeMutableRawPointer,
    _ other: UnsafeMutableRawPointer,
    _ offset: UInt64,
    _ length: Int
  ) -> Bool {
    do throws(Errno) {
      guard unsafe try source.read(into: one, at: offset, length),
        unsafe try target.read(into: other, at: offset, length)
      else { return false }
      return unsafe MemoryCalls.areEqual(one, other, count: length)
    } catch {
      return false
    }
  }

  /// Drops what the last pages of blocks, which belong to two of them, have left in the cache.
  func finish() {
    let begun = min(next.load(ordering: .relaxed), size)
    source.drop(0..<begun)
    target.drop(0..<begun)
  }
}
