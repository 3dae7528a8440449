// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import FileTree
internal import Glibc
internal import SystemPackage

/// Finds out by a few reads whether a disk seeks.
enum DiskProbe {
  /// What came of it.
  enum Outcome: Equatable, Sendable {
    /// How long each read took, in nanoseconds; at least one.
    case times([UInt64])
    /// Why nothing could be found out, for people.
    case impossible(String)
  }

  /// More reads make the median no better.
  static let readsMax = 12
  /// So many that all were fast are enough: no start should take longer for it.
  static let readsOfFastDisk = 4
  /// Fast is what answers within this time, in nanoseconds.
  static let nanosecondsOfFastMax: UInt64 = 500_000
  /// How long one disk may be asked, in nanoseconds.
  static let nanosecondsMax: UInt64 = 60_000_000
  /// From here on a read had to wait for a head.
  ///
  /// A turn at 7,200 a minute takes 8 ms, a read from flash 0.1 ms, one through a network some more.
  static let nanosecondsOfSeekMin: UInt64 = 2_000_000
  /// What is read at once, in bytes; a disk with larger sectors is read in those.
  private static let bytesMin = 4096

  /// Reads at random places of a disk past the cache (`pread` with O_DIRECT).
  ///
  /// - Parameters:
  ///   - disk: The disk.
  ///   - nanosecondsMax: After this time no other read begins.
  /// - Returns: The times, or what stood against it.
  static func run(_ disk: Disk, nanosecondsMax: UInt64) -> Outcome {
    guard let node = disk.node else { return .impossible("it has no node in /dev") }
    let number = unsafe node.withCString { unsafe cl_open_path($0, O_RDONLY | cl_o_direct) }
    guard number >= 0 else { return .impossible("opening \(node): \(Errno(rawValue: -number))") }
    defer { close(number) }
    guard let metadata = try? EntryLocation(open: number).metadata(), metadata.isBlockDevice,
      UInt64(metadata.deviceMajor) << 32 | UInt64(metadata.deviceMinor) == disk.number
    else { return .impossible("\(node) is another device") }
    let bytes = max(bytesMin, disk.sectorBytes)
    let places = disk.bytes / UInt64(bytes)
    guard places > 0 else { return .impossible("it has no size") }
    return read(number, bytes: bytes, places: places, nanosecondsMax: nanosecondsMax)
  }

  private static func read(
    _ descriptor: Int32,
    bytes: Int,
    places: UInt64,
    nanosecondsMax: UInt64
  ) -> Outcome {
    let buffer = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: bytes)
    defer { unsafe buffer.deallocate() }
    var times: [UInt64] = []
    var spent: UInt64 = 0
    while times.count < readsMax && spent < nanosecondsMax {
      let offset = UInt64.random(in: 0..<places) * UInt64(bytes)
      let start = monotonicNanoseconds()
      let count = unsafe cl_call_read(descriptor, buffer, UInt32(bytes), offset, false)
      guard count == bytes else {
        return .impossible("reading it: \(count < 0 ? "\(Errno(rawValue: -count))" : "cut short")")
      }
      let time = monotonicNanoseconds() - start
      times.append(time)
      spent += time
      if times.count == readsOfFastDisk && times.allSatisfy({ $0 <= nanosecondsOfFastMax }) {
        break
      }
    }
    return .times(times)
  }

  private static func monotonicNanoseconds() -> UInt64 {
    var now = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
  }
}
