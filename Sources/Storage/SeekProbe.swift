// SPDX-License-Identifier: Apache-2.0

internal import Kernel
public import SystemPackage

/// Finds out by a few reads whether a disk seeks.
public enum SeekProbe {
  /// Why nothing could be found out.
  public enum Obstacle: Equatable, Sendable {
    /// It has no node in `/dev`.
    case noNode
    /// Its node could not be opened.
    case cannotOpen(String, Errno)
    /// Its node stands for another device.
    case otherDevice(String)
    /// It has no size.
    case noSize
    /// A read failed, or with `nil` came up short.
    case cannotRead(Errno?)
    /// Other disks took the time for it.
    case noTimeLeft
  }

  /// What came of it.
  package enum Outcome: Equatable, Sendable {
    /// How long each read took, in nanoseconds; at least one.
    case times([UInt64])
    case impossible(Obstacle)
  }

  /// More reads make the median no better.
  package static let readsMax = 12
  /// So many that all were fast are enough: no start should take longer for it.
  package static let readsOfFastDisk = 4
  /// Fast is what answers within this time, in nanoseconds.
  package static let nanosecondsOfFastMax: UInt64 = 500_000
  /// How long one disk may be asked, in nanoseconds.
  package static let nanosecondsMax: UInt64 = 60_000_000
  /// From here on a read had to wait for a head.
  ///
  /// A turn at 7,200 a minute takes 8 ms, a read from flash 0.1 ms, one through a network some
  /// more.
  package static let nanosecondsOfSeekMin: UInt64 = 2_000_000
  /// What is read at once, in bytes; a disk with larger sectors is read in those.
  private static let bytesMin = 4096

  /// Reads at random places of a disk past the cache (`pread` with O_DIRECT).
  ///
  /// - Parameters:
  ///   - disk: The disk.
  ///   - nanosecondsMax: After this time no other read begins.
  /// - Returns: The times, or what stood against it.
  package static func run(_ disk: Disk, nanosecondsMax: UInt64) -> Outcome {
    guard let node = disk.node else { return .impossible(.noNode) }
    do throws(Errno) {
      let opened = try Descriptor(opening: FilePath(node), .direct)
      let outcome = run(disk, node, opened.rawValue, nanosecondsMax: nanosecondsMax)
      withExtendedLifetime(opened) {}
      return outcome
    } catch {
      return .impossible(.cannotOpen(node, error))
    }
  }

  private static func run(
    _ disk: Disk,
    _ node: String,
    _ number: Int32,
    nanosecondsMax: UInt64
  ) -> Outcome {
    guard let metadata = try? EntryLocation(open: number).metadata(), metadata.isBlockDevice,
      metadata.deviceNumber == disk.number
    else { return .impossible(.otherDevice(node)) }
    let bytes = max(bytesMin, disk.sectorBytes)
    let places = disk.bytes / UInt64(bytes)
    guard places > 0 else { return .impossible(.noSize) }
    return read(number, bytes: bytes, places: places, nanosecondsMax: nanosecondsMax)
  }

  private static func read(
    _ descriptor: Int32,
    bytes: Int,
    places: UInt64,
    nanosecondsMax: UInt64
  ) -> Outcome {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes, alignment: bytes)
    defer { unsafe buffer.deallocate() }
    var times: [UInt64] = []
    var spent: UInt64 = 0
    while times.count < readsMax && spent < nanosecondsMax {
      let offset = UInt64.random(in: 0..<places) * UInt64(bytes)
      let start = Clock.monotonicNanoseconds
      do {
        guard try unsafe FileCalls.read(descriptor, into: buffer, at: offset) == bytes else {
          return .impossible(.cannotRead(nil))
        }
      } catch {
        return .impossible(.cannotRead(error))
      }
      let time = Clock.monotonicNanoseconds - start
      times.append(time)
      spent += time
      if times.count == readsOfFastDisk && times.allSatisfy({ $0 <= nanosecondsOfFastMax }) {
        break
      }
    }
    return .times(times)
  }
}
