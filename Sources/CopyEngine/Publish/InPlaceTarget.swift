// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// A file or device that is written where it is.
struct InPlaceTarget {
  /// What of it is kept, in bytes.
  var keptBytes: UInt64 = 0
  /// Whether it is a device, which has no size to be set and no space to be allocated.
  let isDevice: Bool

  /// Opens what has an entry's name for writing, or makes a file of that name (`openat2`).
  ///
  /// What is neither a file nor a device that may be written has been removed.
  ///
  /// - Parameter entry: The entry.
  /// - Returns: The open file.
  /// - Throws: The error of a call.
  static func open(_ entry: FoundEntry) throws(Errno) -> Descriptor {
    let place = entry.target
    do {
      return try place.openForWriting()
    } catch .noSuchFileOrDirectory {
      return try place.create()
    } catch .permissionDenied {
      guard let permissions = entry.existing?.permissions, permissions & 0o200 == 0,
        entry.existing?.kind == .file
      else { throw .permissionDenied }
      // As in rsync: its owner may write for the moment.
      try place.setPermissions(permissions | 0o200)
      defer { try? place.setPermissions(permissions) }
      return try place.openForWriting()
    }
  }

  /// Whether a file begins with so many bytes of another (`pread`).
  static func begins(
    _ target: EntryLocation,
    with source: Int32,
    _ count: UInt64
  ) throws(Errno) -> Bool {
    let file = try target.openForReading()
    defer { withExtendedLifetime(file) {} }
    var blocks = (
      [UInt8](repeating: 0, count: blockBytes), [UInt8](repeating: 0, count: blockBytes)
    )
    var offset: UInt64 = 0
    while offset < count {
      let wanted = Int(min(UInt64(blockBytes), count - offset))
      guard try fill(&blocks.0, wanted, from: source, at: offset),
        try fill(&blocks.1, wanted, from: file.rawValue, at: offset),
        blocks.0[..<wanted] == blocks.1[..<wanted]
      else { return false }
      offset += UInt64(wanted)
    }
    return true
  }

  /// How much is compared at once, in bytes.
  private static let blockBytes = 256 << 10

  private static func fill(
    _ block: inout [UInt8],
    _ wanted: Int,
    from file: Int32,
    at offset: UInt64
  ) throws(Errno) -> Bool {
    var span = block.mutableSpan
    return unsafe try span.withUnsafeMutableBytes { (buffer) throws(Errno) in
      let part = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
      return unsafe try FileCalls.fill(part, from: file, at: offset)
    }
  }
}
