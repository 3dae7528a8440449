// SPDX-License-Identifier: Apache-2.0

/// A name that can be kept in few bytes.
public protocol PackableName: Equatable, Sendable {
  /// What it lies in, which many names have in common.
  associatedtype Directory: AnyObject & Sendable

  /// What it lies in.
  var directory: Directory { get }
  /// All else of it; no more than 64 KiB.
  var packed: [UInt8] { get }

  /// The name that was kept.
  init(in directory: Directory, packed: ArraySlice<UInt8>)
}

/// Keeps names in a few bytes more than they are long: directories are numbered, and what they are
/// called lies in one piece of memory.
struct PackedNames<Name: PackableName> {
  /// Where a name is kept.
  struct Handle {
    fileprivate var directory: UInt32
    fileprivate var offset: UInt32

    static var none: Handle { Handle(directory: 0, offset: 0) }
  }

  private struct Directory {
    var object: Name.Directory?
    /// How many names are in it.
    var nameCount: UInt32
  }

  private var directories: [Directory] = []
  private var freeNumbers: [UInt32] = []
  /// Those that were used last.
  ///
  /// One that is not among them gets another number: a few bytes, where a dictionary takes more.
  private var recent: [UInt32] = []
  private var nextRecent = 0
  private var bytes: [UInt8] = []
  private var usedBytes = 0

  private static var recentMax: Int { 4 }
  /// Each name begins with its length.
  private static var prefixBytes: Int { 2 }
  private static var bytesMin: Int { 256 }

  /// Whether more memory belongs to names that were removed than to those that are there.
  var isSparse: Bool { bytes.count > 16 * Self.bytesMin && usedBytes < bytes.count / 2 }

  subscript(handle: Handle) -> Name? {
    let directory = directories[Int(handle.directory)].object
    let range = Self.range(of: handle, in: bytes)
    return directory.map { Name(in: $0, packed: bytes[range.dropFirst(Self.prefixBytes)]) }
  }

  mutating func add(_ name: Name) -> Handle {
    let packed = name.packed
    let count = bytes.count + Self.prefixBytes + packed.count
    // Twice as much would be half of it for nothing.
    if count > bytes.capacity { bytes.reserveCapacity(max(Self.bytesMin, count + count / 8)) }
    let handle = Handle(directory: number(of: name.directory), offset: UInt32(bytes.count))
    bytes.append(UInt8(truncatingIfNeeded: packed.count))
    bytes.append(UInt8(truncatingIfNeeded: packed.count >> 8))
    bytes += packed
    usedBytes += Self.prefixBytes + packed.count
    directories[Int(handle.directory)].nameCount += 1
    return handle
  }

  mutating func remove(_ handle: Handle) {
    usedBytes -= Self.range(of: handle, in: bytes).count
    let number = Int(handle.directory)
    directories[number].nameCount -= 1
    guard directories[number].nameCount == 0 else { return }
    directories[number].object = nil
    freeNumbers.append(handle.directory)
    recent.removeAll { $0 == handle.directory }
  }

  /// Gives back the memory of names that were removed.
  ///
  /// - Parameter body: Has to ask for the new handle of each name that is there.
  mutating func compact(_ body: ((Handle) -> Handle) -> Void) {
    let old = bytes
    var kept: [UInt8] = []
    kept.reserveCapacity(usedBytes)
    body { handle in
      defer { kept += old[Self.range(of: handle, in: old)] }
      return Handle(directory: handle.directory, offset: UInt32(kept.count))
    }
    bytes = kept
  }

  private static func range(of handle: Handle, in bytes: [UInt8]) -> Range<Int> {
    let start = Int(handle.offset)
    let count = Int(bytes[start]) | Int(bytes[start + 1]) << 8
    return start..<(start + prefixBytes + count)
  }

  private mutating func number(of object: Name.Directory) -> UInt32 {
    if let known = recent.first(where: { directories[Int($0)].object === object }) { return known }
    let number = freeNumbers.popLast() ?? UInt32(directories.count)
    let directory = Directory(object: object, nameCount: 0)
    if Int(number) == directories.count {
      directories.append(directory)
    } else {
      directories[Int(number)] = directory
    }
    if recent.count < Self.recentMax {
      recent.append(number)
    } else {
      nextRecent = (nextRecent + 1) % Self.recentMax
      recent[nextRecent] = number
    }
    return number
  }
}
