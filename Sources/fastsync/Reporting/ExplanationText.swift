// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Storage
import SystemPackage

extension Explanation {
  /// What a run chose, and why, in lines for people.
  var lines: [String] {
    switch self {
    case .location(let location, let bytes): location.lines(ofDevice: bytes)
    case .sameDisk(let answer): ["same physical disk: \(answer.text)"]
    case .takesTurns(let isOneWorker):
      [
        "one disk that seeks is read and written: all buffers are filled, then written, so that "
          + "its heads move less"
          + (isOneWorker ? "" : ", but by each worker for itself")
      ]
    case .order(let order): ["order: \(order.text)"]
    case .workers(let count, let reason):
      ["workers: \(count == 1 ? "1 thread copies" : "\(count) threads copy") (\(reason.text))"]
    case .memoryLimit(let controlGroup, let addresses):
      [
        controlGroup.map {
          "memory: buffers, and what waits to be written, follow the \($0 >> 20) MiB that "
            + "the control group of the process may have"
        },
        addresses.map {
          "memory: buffers follow the \($0 >> 20) MiB that may still be mapped (ulimit -v)"
        },
      ].compactMap { $0 }
    case .buffers(let count, let bytesEach, let stripeBytes, let areShared):
      [
        "buffers: \(count) of \(bytesEach >> 10) KiB"
          + (areShared ? ", shared by all workers" : "")
          + (stripeBytes > 0 ? ", for rows of \(stripeBytes >> 10) KiB of the array" : "")
          + "; what was read waits in them to be written"
      ]
    case .engine(let engine): ["engine: \(engine.text)"]
    case .access(let direction, let filesystem, let mode, let reason):
      ["\(direction.text) \(name(filesystem)): \(mode.rawValue) (\(reason.text))\(mode.meaning)"]
    case .accessUnknown(let filesystem):
      [
        "writing \(name(filesystem)): direct or advise (only a file tells whether it can be "
          + "written directly, and a dry run makes none)"
      ]
    case .deviceAccess(let direction, let path, let mode, let reason):
      ["\(direction.text) \(path): \(mode.rawValue) (\(reason.text))\(mode.meaning)"]
    case .sharesExtents(let filesystem, let isCertain):
      [
        "sharing extents on \(name(filesystem))"
          + (isCertain ? "" : " where they can be shared")
          + ": both files then lie on the same blocks of the disk, and nothing is read and written"
      ]
    case .publishOrder(let filesystem, let order):
      ["names on \(name(filesystem)): a file gets its name \(order.text)"]
    }
  }

  private func name(_ filesystem: Filesystem) -> String {
    filesystem.map { "\($0.type) on \($0.source)" } ?? "no filesystem that is known"
  }
}

extension Explanation.PublishOrder {
  fileprivate var text: String {
    switch self {
    case .none: "at once (in memory)"
    case .journal: "when its data is on the disk (the filesystem writes the name after it)"
    case .anyOrder: "when it was synced by itself (else the name might come to the disk first)"
    case .server: "when it was synced by itself (its server may still refuse the data)"
    }
  }
}

extension Explanation.Direction {
  fileprivate var text: String { self == .reading ? "reading" : "writing" }
}

extension Explanation.SameDisk {
  fileprivate var text: String {
    switch self {
    case .yes: "yes"
    case .no: "no"
    case .unknown: "unknown, since no disk tells"
    case .unknownVirtual: "unknown, since virtual disks may be parts of one"
    }
  }
}

extension Explanation.Order {
  fileprivate var text: String {
    switch self {
    case .oneStream:
      "as files lie on the disk (inode numbers, places of their data), one file written at a time"
    case .streams(let workers, let areWritten):
      "as files lie on the disk, but by each thread for itself: \(workers) large files "
        + "may be \(areWritten ? "written" : "read") at once, and the disk has to seek between them"
    case .sequential: "strictly from the beginning to the end, since the target seeks"
    }
  }
}

extension Explanation.WorkersReason {
  fileprivate var text: String {
    switch self {
    case .asked: "as asked"
    case .seeks: "a disk that seeks is slowed down by more than one"
    case .processors(let min, let max):
      "one for each processor, from \(min) to \(max), since no disk seeks"
    case .memory(let wanted):
      "of \(wanted) wanted, since each needs a page (4 KiB as a rule) of the memory for buffers"
    case .descriptors(let wanted):
      "of \(wanted) wanted, since the limit on open files allows no more"
    case .controlGroup(let wanted):
      "of \(wanted) wanted, since the control group has memory for no more"
    case .addressSpace(let wanted):
      "of \(wanted) wanted, since the limit on mapped memory allows no more"
    case .threads(let errno): "no more threads: \(errno)"
    }
  }
}

extension Explanation.Engine {
  fileprivate var text: String {
    switch self {
    case .ring:
      "io_uring, by which the kernel has many reads and writes to do at once"
    case .callsAsked: "plain system calls, one at a time for each worker (as asked)"
    case .callsWithoutRing(let errno): "plain system calls (io_uring cannot be had: \(errno))"
    case .callsWithoutRingThreads:
      "plain system calls (the kernel may start no thread for io_uring)"
    }
  }
}

extension AccessReason {
  private static let noDontCacheText = "dontcache is not supported here"

  fileprivate var text: String {
    switch self {
    case .asked: "as asked"
    case .passesCache: "it costs least"
    case .obstacle(let obstacle): obstacle.text
    case .obstacleWithoutDontCache(let obstacle):
      "\(obstacle.text); \(Self.noDontCacheText)"
    case .noDontCache: Self.noDontCacheText
    }
  }
}

extension TransferOptions.CacheMode {
  /// What it means for the page cache, as words behind it.
  fileprivate var meaning: String {
    switch self {
    case .auto: ""
    case .direct: ": past the page cache, the kernel's copy of files in memory"
    case .dontcache: ": through the page cache (files in memory), which keeps nothing of it"
    case .advise:
      ": through the page cache (files in memory); what the copy brought in is dropped again"
    case .keep: ": through the page cache (files in memory), which keeps what it likes"
    }
  }
}

extension DirectObstacle {
  fileprivate var text: String {
    switch self {
    case .refused: "direct I/O was refused"
    case .btrfsWrites: "btrfs writes through the page cache whatever it is asked"
    case .btrfsReadsOutOfOrder: "btrfs reads directly out of order, and the disk seeks"
    case .oddBlocks: "its blocks have an odd size"
    case .notOffered: "the filesystem offers no direct I/O"
    case .wantsBlocks(let bytes): "direct I/O wants blocks of \(bytes) bytes"
    case .holes: "direct writes into holes wait for each other"
    case .growth: "direct writes that make a file longer wait for each other"
    }
  }
}
