// SPDX-License-Identifier: Apache-2.0

import FileTree
import Glibc
import Kernel
import Storage
import Synchronization
import SystemPackage
import TestSupport
import Testing
import Uring

@testable import CopyEngine

/// Who is told of a failure, and how often.
@Suite(.timeLimit(.minutes(30))) struct WritebackFailureTests {
  /// A descriptor that no data can be waited for of, of the same filesystem as the others.
  private func brokenFile() throws -> Descriptor {
    // O_PATH, which Swift's Glibc module does not have.
    let number = unsafe open("/proc/self/exe", 0o10_000_000 | O_CLOEXEC)
    try #require(number >= 0)
    return Descriptor(owning: number)
  }

  @Test(arguments: [WritebackQueue.Way.together, .noted, .sent, .whole, .server])
  func aFileThatIsNotWrittenIsKnownByItself(_ way: WritebackQueue.Way) throws {
    let queue = makeQueue(targets: try makeTargets("/"))
    let good = anyFile()
    let bad = try brokenFile()
    let load = WritebackLoad(byteCount: 1, way: way)
    let places = [good.rawValue, bad.rawValue, good.rawValue].map { queue.add($0, load) }
    queue.wait(for: places[2].batch)
    #expect(queue.failure(of: places[0]) == nil)
    #expect(queue.failure(of: places[1]) == .badFileDescriptor)
    #expect(queue.failure(of: places[1]) == nil, "it was told already")
    #expect(queue.failure(of: places[2]) == nil)
    #expect(queue.finish().isEmpty)
  }

  /// Nobody knows whose error it is that only the filesystem tells of.
  @Test func aFilesystemThatFailsLeavesItsBatchInDoubt() throws {
    let queue = makeQueue(targets: try brokenTargets())
    let file = anyFile()
    let load = WritebackLoad(byteCount: 1, way: .sent)
    let (first, batch) = (queue.add(file.rawValue, load), queue.addSync())
    #expect(first.batch == batch)
    queue.wait(for: batch)
    #expect(queue.failure(of: first) == .canceled)
    #expect(queue.takeFailures().count == 1)
    let second = queue.add(file.rawValue, load)
    queue.wait(for: second.batch)
    #expect(queue.failure(of: second) == nil)
    #expect(queue.finish().isEmpty)
  }

  /// One failure is told once: by the file's name, where that is known.
  @Test func aFileThatFailsSpeaksForItsFilesystem() throws {
    let queue = makeQueue(targets: try brokenTargets())
    let bad = try brokenFile()
    let place = queue.add(bad.rawValue, WritebackLoad(byteCount: 1, way: .sent))
    queue.wait(for: queue.addSync())
    #expect(queue.failure(of: place) == .badFileDescriptor)
    #expect(queue.takeFailures().isEmpty)
    #expect(queue.finish().isEmpty)
  }

  @Test func whoeverWaitsIsWoken() throws {
    let settled = Atomic(0)
    let queue = WritebackQueue(
      filesMax: 64,
      pageBytes: pageBytes,
      targets: TargetFilesystems(),
      disks: .none
    ) { settled.add(1, ordering: .relaxed) }
    for expected in 1...3 {
      queue.wait(for: queue.addSync())
      let count = settled.load(ordering: .relaxed)
      #expect(count == expected)
    }
    #expect(queue.finish().isEmpty)
  }

  @Test func whoWaitsIsToldOnce() throws {
    let queue = makeQueue(targets: try brokenTargets())
    _ = queue.addSync()
    let failures = queue.writeBackAll()
    #expect(failures.map(\.path) == ["/t"] && failures.first?.severity == .stop, "\(failures)")
    #expect(queue.writeBackAll().isEmpty)
    #expect(queue.add(anyFile(), WritebackLoad(byteCount: 1, way: .together)).isEmpty)
    #expect(queue.finish().isEmpty)
    queue.dropRest()
  }

  @Test func oneOfThoseWhoWaitIsTold() throws {
    let queue = makeQueue(targets: try brokenTargets())
    let told = Atomic(0)
    _ = queue.addSync()
    Threads.run(4) { _ in told.add(queue.writeBackAll().count, ordering: .relaxed) }
    let count = told.load(ordering: .relaxed)
    #expect(count == 1)
    #expect(queue.finish().isEmpty)
  }

  /// One batch fails: somebody who adds, or who ends it, is told, and nobody else.
  @Test func whoAddsOrEndsIsTold() throws {
    for adds in [0, 30] {
      let (queue, file) = (
        makeQueue(filesMax: 64, targets: try brokenTargets()), try WatchedFile()
      )
      var told = queue.add(file.take(), WritebackLoad(byteCount: bounds.batchBytes, way: .together))
        .count
      #expect(told == 0, "the batch is not done yet")
      #expect(file.waitUntilClosed())
      for _ in 0..<adds {
        told += queue.add(anyFile(), WritebackLoad(byteCount: 1, way: .together)).count
        usleep(1_000)
      }
      let atTheEnd = queue.finish().count
      #expect(told + atTheEnd == 1)
      if adds == 0 { #expect(atTheEnd == 1) }
      queue.dropRest()
    }
  }

  @Test func whoEndsWaitsForTheBatchThatIsUnderWay() throws {
    let queue = makeQueue(targets: try brokenTargets())
    let batch = try HeldBatch()
    batch.add(to: queue, byteCount: bounds.batchBytes)
    let told = Atomic(0)
    Threads.run(2) { number in
      if number == 0 { told.add(queue.finish().count, ordering: .relaxed) }
      if number == 1 {
        usleep(50_000)
        batch.release()
      }
    }
    let count = told.load(ordering: .relaxed)
    #expect(count == 1 && !batch.isHeld)
  }

  /// Each batch that fails is told once, whoever is there.
  @Test func nothingIsLostAmongMany() throws {
    let queue = makeQueue(filesMax: 64, targets: try brokenTargets())
    let told = Atomic(0)
    let (workers, batches) = (4, 20)
    for _ in 0..<batches {
      let files = try (0..<2 * workers).map { _ in try WatchedFile() }
      Threads.run(workers) { number in
        for file in files[2 * number..<2 * number + 2] {
          let load = WritebackLoad(byteCount: bounds.batchBytes / (2 * workers), way: .together)
          told.add(queue.add(file.take(), load).count, ordering: .relaxed)
        }
      }
      // Together they are just one batch.
      for file in files { #expect(file.waitUntilClosed()) }
    }
    told.add(queue.finish().count, ordering: .relaxed)
    let count = told.load(ordering: .relaxed)
    #expect(count == batches)
  }

  /// Where there is no memory for a thread, whoever makes a batch due settles it.
  @Test func withoutAThreadTheCallerSettles() async {
    await #expect(processExitsWith: .success) {
      let queue = makeQueue(targets: try brokenTargets())
      let files = try (0..<3).map { _ in try WatchedFile() }
      forbidThreads()
      precondition(queue.add(files[0].take(), WritebackLoad(byteCount: 1, way: .together)).isEmpty)
      precondition(!files[0].isClosed)
      let load = WritebackLoad(byteCount: bounds.batchBytes, way: .together)
      precondition(queue.add(files[1].take(), load).count == 1)
      precondition(files[0].isClosed && files[1].isClosed)
      precondition(queue.writeBackAll().isEmpty)
      precondition(queue.add(files[2].take(), WritebackLoad(byteCount: 1, way: .together)).isEmpty)
      precondition(queue.writeBackAll().count == 1 && files[2].isClosed)
      precondition(queue.writeBackAll().isEmpty && queue.finish().isEmpty)
    }
  }
}

/// Waits for what is on its way to the disk, and sends nothing off itself (`sync_file_range` with
/// WAIT_BEFORE, which Swift's Glibc module does not have).
func waitForWhatIsUnderWay(_ file: Int32) -> Int32 {
  typealias Call = @convention(c) (Int32, Int64, Int64, UInt32) -> Int32
  guard let address = unsafe dlsym(nil, "sync_file_range") else { return -1 }
  return unsafe unsafeBitCast(address, to: Call.self)(file, 0, 0, 1)
}

/// Takes away what the stack of another thread would need.
private func forbidThreads() {
  let file = unsafe open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
  defer { close(file) }
  var text = [UInt8](repeating: 0, count: 200)
  let count = unsafe read(file, &text, text.count)
  let pages = String(decoding: text.prefix(max(count, 0)), as: UTF8.self).split(separator: " ")
  let bytes = UInt(pages.first.flatMap { Int($0) } ?? 0) * UInt(pageBytes) + 4 << 20
  var limit = rlimit(rlim_cur: bytes, rlim_max: bytes)
  precondition(unsafe setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0)
}

/// Several workers and one thread that settles.
@Suite(.timeLimit(.minutes(30))) struct WritebackQueueTests {
  /// One who is done adds more while others still wait: everybody comes back all the same.
  @Test func severalWaitForAll() {
    var disks = DiskTraits.none
    disks.targetSeeks = true
    for _ in 0..<200 {
      let queue = makeQueue(disks: disks)
      Threads.run(3) { _ in
        for _ in 0..<5 {
          for _ in 0..<2 {
            _ = queue.add(anyFile(), WritebackLoad(byteCount: 4096, way: .together))
          }
          _ = queue.writeBackAll()
          _ = queue.add(anyFile(), WritebackLoad(byteCount: 4096, way: .sent))
        }
      }
      #expect(queue.finish().isEmpty)
      queue.dropRest()
    }
  }
}
