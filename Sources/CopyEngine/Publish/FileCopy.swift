// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// Copies a file by plain calls, where that is rare: a backup on another filesystem, a file whose
/// temporary one lies elsewhere.
enum FileCopy {
  /// How much is moved at once, in bytes.
  private static let blockBytes = 256 << 10

  /// Creates a file with the contents of another (`FICLONE`, or `pread` and `pwrite`).
  static func copy(_ source: EntryLocation, to target: EntryLocation) throws(Errno) {
    let from = try source.openForReading()
    let to = try target.create()
    do {
      try copy(from.rawValue, to: to.rawValue)
    } catch {
      try? target.remove()
      throw error
    }
  }

  /// The same between open files.
  static func copy(_ source: Int32, to target: Int32) throws(Errno) {
    if (try? FileCalls.clone(source, to: target)) != nil { return }
    var block = [UInt8](repeating: 0, count: blockBytes)
    let map = DataMap(of: source, try EntryLocation(open: source).metadata(), keepsHoles: true)
    var offset: UInt64 = 0
    copying: while let extent = try map.extent(from: offset, in: source) {
      offset = extent.offset
      let end = extent.offset + extent.length
      while offset < end {
        let count = try move(
          &block,
          Int(min(UInt64(blockBytes), end - offset)),
          offset,
          source,
          target
        )
        guard count > 0 else { break copying }
        offset += UInt64(count)
      }
    }
    try FileCalls.setSize(target, try EntryLocation(open: source).metadata().size)
  }

  private static func move(
    _ block: inout [UInt8],
    _ wanted: Int,
    _ offset: UInt64,
    _ source: Int32,
    _ target: Int32
  ) throws(Errno) -> Int {
    var failure: Errno?
    let moved = unsafe block.withUnsafeMutableBytes { buffer -> Int in
      do throws(Errno) {
        let part = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
        let count = unsafe try FileCalls.read(source, into: part, at: offset)
        let filled = unsafe UnsafeRawBufferPointer(rebasing: part[..<count])
        unsafe try FileCalls.writeAll(filled, to: target, at: offset)
        return count
      } catch {
        failure = error
        return 0
      }
    }
    if let failure { throw failure }
    return moved
  }
}
