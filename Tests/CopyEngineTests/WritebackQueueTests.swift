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

/// How much makes a batch, and who waits when.
@Suite(.timeLimit(.minutes(30))) struct WritebackBoundsTests {
  @Test func followFromTheDisks() {
    var disks = DiskTraits.none
    #expect((bounds.batchBytes, bounds.bytesMax) == (12 << 20, 24 << 20))
    disks.targetSeeks = true
    let seeking = WritebackQueue.Bounds(disks)
    #expect((seeking.batchBytes, seeking.bytesMax) == (28 << 20, 56 << 20))
    disks.sharesDisk = true
    let shared = WritebackQueue.Bounds(disks)
    #expect((shared.batchBytes, shared.bytesMax) == (56 << 20, 56 << 20))
  }

  /// Part of a page takes a page.
  @Test func aBatchBeginsWithSoManyBytes() throws {
    let (queue, file) = (makeQueue(), try WatchedFile())
    let most = bounds.batchBytes - 2 * pageBytes
    _ = queue.add(file.take(), WritebackLoad(byteCount: most + 1, way: .together))
    #expect(!closesSoon(file), "a batch was begun too early")
    _ = queue.add(anyFile(), WritebackLoad(byteCount: 1, way: .together))
    #expect(file.waitUntilClosed(), "no batch was begun")
    #expect(queue.finish().isEmpty)
  }

  @Test func aBatchBeginsWithHalfOfTheFiles() throws {
    let (queue, file) = (makeQueue(filesMax: 64), try WatchedFile())
    _ = queue.add(file.take(), WritebackLoad(byteCount: 1, way: .together))
    for _ in 0..<30 { _ = queue.add(anyFile(), WritebackLoad(byteCount: 1, way: .together)) }
    #expect(!closesSoon(file), "a batch was begun too early")
    _ = queue.add(anyFile(), WritebackLoad(byteCount: 1, way: .together))
    #expect(file.waitUntilClosed(), "no batch was begun")
    #expect(queue.finish().isEmpty)
  }

  /// What is on its way already gains nothing from more, unless something waits for the filesystem.
  @Test(arguments: [WritebackQueue.Way.noted, .sent])
  func aBatchBeginsWithFewFilesThatAreSentOff(_ way: WritebackQueue.Way) throws {
    let few = WritebackQueue.Bounds.sentFilesMin
    for isMixed in [false, true] {
      let (queue, file) = (makeQueue(), try WatchedFile())
      _ = queue.add(file.take(), WritebackLoad(byteCount: 1, way: isMixed ? .together : way))
      for _ in 2..<few { _ = queue.add(anyFile(), WritebackLoad(byteCount: 1, way: way)) }
      #expect(!closesSoon(file), "a batch was begun too early")
      _ = queue.add(anyFile(), WritebackLoad(byteCount: 1, way: way))
      #expect(isMixed ? !closesSoon(file) : file.waitUntilClosed())
      _ = queue.writeBackAll()
      #expect(queue.finish().isEmpty)
    }
  }

  @Test func whoIsWithinTheBytesGoesOnAndWhoIsBeyondWaits() throws {
    let (queue, batch) = (makeQueue(), try HeldBatch())
    batch.add(to: queue, byteCount: bounds.batchBytes)
    let rest = bounds.bytesMax - bounds.batchBytes
    _ = queue.add(anyFile(), WritebackLoad(byteCount: rest, way: .together))
    #expect(batch.isHeld, "it waited for a batch that it had no need to wait for")
    expectWait(queue, batch, WritebackLoad(byteCount: 1, way: .together))
  }

  @Test func whoIsWithinTheFilesGoesOnAndWhoIsBeyondWaits() throws {
    let (queue, batch) = (makeQueue(filesMax: 64), try HeldBatch())
    for _ in HeldBatch.fileCount..<32 {
      _ = queue.add(anyFile(), WritebackLoad(byteCount: 0, way: .together))
    }
    batch.add(to: queue, byteCount: 0)
    for _ in 0..<32 { _ = queue.add(anyFile(), WritebackLoad(byteCount: 0, way: .together)) }
    #expect(batch.isHeld, "it waited for a batch that it had no need to wait for")
    expectWait(queue, batch, WritebackLoad(byteCount: 0, way: .together))
  }

  /// One file that is larger than all bounds does not wait for itself.
  @Test func aFileBeyondAllBoundsGoesThrough() throws {
    let (queue, file) = (makeQueue(), try WatchedFile())
    _ = queue.add(file.take(), WritebackLoad(byteCount: 2 * bounds.bytesMax, way: .together))
    #expect(file.waitUntilClosed())
    #expect(queue.finish().isEmpty)
  }

  /// What is never to happen can only be given some time to happen.
  private func closesSoon(_ file: WatchedFile) -> Bool {
    usleep(50_000)
    return file.isClosed
  }

  /// Expects that the next file waits for the end of the batch, and ends it all.
  private func expectWait(_ queue: WritebackQueue, _ batch: HeldBatch, _ load: WritebackLoad) {
    let isAdded = Atomic(false)
    let wasEarly = Atomic(false)
    Threads.run(2) { number in
      if number == 0 {
        _ = queue.add(anyFile(), load)
        isAdded.store(true, ordering: .releasing)
      } else {
        usleep(100_000)
        wasEarly.store(isAdded.load(ordering: .acquiring), ordering: .releasing)
        batch.release()
      }
    }
    let early = wasEarly.load(ordering: .acquiring)
    #expect(!early, "too much was on its way, and nobody waited")
    #expect(queue.writeBackAll().isEmpty)
    #expect(queue.finish().isEmpty)
    queue.dropRest()
  }
}

/// What is done with the files of a batch, and in which order.
@Suite(.timeLimit(.minutes(30))) struct WritebackOrderTests {
  /// Pages that are not written yet cannot be dropped, so those of a file that is dropped too early
  /// stay.
  @Test(arguments: [WritebackQueue.Way.together, .noted, .sent, .whole, .server])
  func filesAreDroppedAfterTheyAreWritten(_ way: WritebackQueue.Way) throws {
    try withScratchDirectory { scratch in
      let size = 8 << 20
      let bytes = [UInt8](repeating: 0x5a, count: size)
      func write() throws -> Descriptor {
        let file = Descriptor(owning: try scratch.open("\(UInt64.random(in: 0 ... .max))"))
        try #require(unsafe pwrite(file.rawValue, bytes, size, 0) == size)
        return file
      }
      let probe = try write()
      try #require(fsync(probe.rawValue) == 0)
      posix_fadvise(probe.rawValue, 0, 0, POSIX_FADV_DONTNEED)
      guard try !cachedPages(probe.rawValue, size).contains(true) else {
        try Test.cancel("what is written to TMPDIR cannot be dropped from the cache")
      }
      let queue = makeQueue(targets: try makeTargets(scratch.path))
      let file = try write()
      try #require(try cachedPages(file.rawValue, size).contains(true))
      _ = queue.add(try file.duplicate(), WritebackLoad(byteCount: size, way: way))
      #expect(queue.writeBackAll().isEmpty)
      #expect(try cachedPages(file.rawValue, size).count { $0 } == 0)
      #expect(queue.finish().isEmpty)
    }
  }

  /// What is sent off becomes clean by itself, and clean pages can be dropped.
  @Test func whoGoesAloneIsSentOffAtOnce() throws {
    try withScratchDirectory { scratch in
      let size = 8 << 20
      let file = Descriptor(owning: try scratch.open("file"))
      let bytes = [UInt8](repeating: 0x5a, count: size)
      func dropped() throws -> Bool {
        posix_fadvise(file.rawValue, 0, 0, POSIX_FADV_DONTNEED)
        return try !cachedPages(file.rawValue, size).contains(true)
      }
      try #require(unsafe pwrite(file.rawValue, bytes, size, 0) == size)
      try #require(fsync(file.rawValue) == 0)
      guard try dropped() else {
        try Test.cancel("what is written to TMPDIR cannot be dropped from the cache")
      }
      try #require(unsafe pwrite(file.rawValue, bytes, size, 0) == size)
      let queue = makeQueue()
      _ = queue.add(try file.duplicate(), WritebackLoad(byteCount: size, way: .noted))
      try #require(waitForWhatIsUnderWay(file.rawValue) == 0)
      #expect(try dropped())
      #expect(queue.finish().isEmpty)
      queue.dropRest()
    }
  }

  /// The filesystem is asked where many files need it, or where somebody says so.
  @Test func theFilesystemIsWrittenBackWhereFilesAskForIt() throws {
    let many = WritebackQueue.Bounds.syncFilesMin
    for (ways, syncs) in [
      ([(.sent, many)], 0), ([(.noted, many)], 0),
      ([(.server, many)], 0),
      ([(.together, many - 1), (.sent, 2)], 0), ([(.together, many)], 1), ([(.whole, many)], 1),
      ([(.sent, 1), (.together, many - 1), (.whole, 1)], 1),
    ] as [([(WritebackQueue.Way, Int)], Int)] {
      let queue = makeQueue(targets: try brokenTargets())
      for (way, count) in ways {
        for _ in 0..<count { _ = queue.add(anyFile(), WritebackLoad(byteCount: 1, way: way)) }
      }
      #expect(queue.writeBackAll().count == syncs, "\(ways)")
      #expect(queue.finish().isEmpty)
    }
  }

  @Test func aSyncThatIsAskedForIsOneOfItsBatch() throws {
    let queue = makeQueue(targets: try brokenTargets())
    let batch = queue.addSync()
    #expect(queue.settled < batch)
    queue.wait(for: batch)
    #expect(queue.settled == batch)
    #expect(queue.takeFailures().count == 1)
  }

  /// What somebody else owns stays open, and in the cache if that is asked.
  @Test func whatIsNotOwnedStaysOpen() throws {
    let queue = makeQueue()
    let file = anyFile()
    let place = queue.add(file.rawValue, WritebackLoad(byteCount: 1, way: .together))
    queue.wait(for: place.batch)
    #expect(fcntl(file.rawValue, F_GETFD) >= 0)
    #expect(queue.failure(of: place) == nil)
    #expect(queue.finish().isEmpty)
  }

  @Test func theRestIsDroppedWhenAsked() throws {
    let (queue, file) = (makeQueue(), try WatchedFile())
    _ = queue.add(file.take(), WritebackLoad(byteCount: 1, way: .together))
    #expect(queue.finish().isEmpty)
    #expect(!file.isClosed)
    queue.dropRest()
    #expect(file.waitUntilClosed())
  }

  /// A second time the number may be somebody else's.
  @Test func theRestIsDroppedOnce() async {
    await #expect(processExitsWith: .success) {
      let queue = makeQueue()
      let file = anyFile()
      let number = file.rawValue
      _ = queue.add(file, WritebackLoad(byteCount: 1, way: .together))
      queue.dropRest()
      precondition(fcntl(number, F_GETFD) < 0)
      precondition(dup2(0, number) == number)
      queue.dropRest()
      precondition(fcntl(number, F_GETFD) >= 0)
    }
  }

  /// Few descriptors make small batches, and nobody waits for who cannot come.
  @Test func withFewFilesAllAreSettled() throws {
    for filesMax in [0, 1, 2, 3, 64] {
      let queue = makeQueue(filesMax: filesMax)
      let files = try (0..<100).map { _ in try WatchedFile() }
      for file in files {
        _ = queue.add(file.take(), WritebackLoad(byteCount: 1, way: .together))
      }
      #expect(queue.writeBackAll().isEmpty)
      #expect(files.allSatisfy { $0.waitUntilClosed() })
      #expect(queue.finish().isEmpty)
    }
  }
}
