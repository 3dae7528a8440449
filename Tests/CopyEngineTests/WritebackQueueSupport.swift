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

typealias WritebackLoad = WritebackQueue.Load

let pageBytes = 4096
/// On disks that do not seek.
let bounds = WritebackQueue.Bounds(DiskTraits.none)

/// A queue with a thread of its own, for disks that do not seek unless told.
func makeQueue(
  filesMax: Int = 4096,
  targets: TargetFilesystems = TargetFilesystems(),
  disks: DiskTraits = DiskTraits.none
) -> WritebackQueue {
  WritebackQueue(filesMax: filesMax, pageBytes: pageBytes, targets: targets, disks: disks) {}
}

extension WritebackQueue {
  /// Adds a file that the queue closes.
  ///
  /// - Returns: Failures that nobody was told of.
  func add(_ file: consuming Descriptor, _ load: WritebackLoad) -> [CopyError] {
    add(file.release(), load, isOwned: true)
    return takeFailures().map(\.error)
  }

  /// Has all written back that there is, and waits for it.
  ///
  /// - Returns: Failures that nobody was told of.
  func writeBackAll() -> [CopyError] {
    // One more file, since an empty batch is none.
    let file = anyFile()
    wait(for: add(file.rawValue, WritebackLoad(byteCount: 0, way: .sent, isDropped: false)).batch)
    withExtendedLifetime(file) {}
    return takeFailures().map(\.error)
  }
}

/// One target: a directory that is open with these flags.
func makeTargets(_ path: String, _ flags: Int32 = O_RDONLY) throws -> TargetFilesystems {
  let descriptors = try (0..<2).map { _ in
    let number = unsafe open(path, flags | O_DIRECTORY | O_CLOEXEC)
    try #require(number >= 0)
    return number
  }
  let sides = descriptors.map { OpenDirectory(Descriptor(owning: $0)) }
  let both = DirectorySides(source: sides[0], target: sides[1])
  let directory = CopyDirectory.root(both)
  let targets = TargetFilesystems()
  // That of the files below.
  let file = anyFile()
  let metadata = try EntryLocation(open: file.rawValue).metadata()
  targets.note(directory, both, device: metadata.identity.device)
  return targets
}

/// A target whose every `syncfs` fails and is told: there are as many failures as there were calls.
func brokenTargets() throws -> TargetFilesystems {
  // O_PATH, which Swift's Glibc module does not have: such a descriptor is for no such call.
  try makeTargets("/", 0o10_000_000)
}

/// Any file whose data can be waited for.
func anyFile() -> Descriptor {
  Descriptor(owning: unsafe open("/proc/self/exe", O_RDONLY | O_CLOEXEC))
}

/// Files that make a batch whose end has to wait until the test lets it.
struct HeldBatch {
  /// Closed when the thread has taken the batch and is about to end it.
  private let first: WatchedFile
  private let lingering: LingeringFile
  /// Closed when it has gone beyond the one that lingers.
  private let last: WatchedFile
  static let fileCount = 3

  init() throws {
    (first, lingering, last) = try (WatchedFile(), LingeringFile(), WatchedFile())
  }

  /// Adds the files, the last with so many bytes that a batch is due, and waits for the thread.
  func add(to queue: WritebackQueue, byteCount: Int) {
    #expect(queue.add(first.take(), WritebackLoad(byteCount: 0, way: .together)).isEmpty)
    #expect(queue.add(lingering.take(), WritebackLoad(byteCount: 0, way: .together)).isEmpty)
    #expect(queue.add(last.take(), WritebackLoad(byteCount: byteCount, way: .together)).isEmpty)
    #expect(first.waitUntilClosed(), "no batch was begun")
  }

  var isHeld: Bool { !last.isClosed }
  func release() { lingering.release() }
}
