// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import Glibc
public import SystemPackage

/// One owned file descriptor; closed when its owner lets go of it.
public struct Descriptor: ~Copyable, Sendable {
  /// The number, to be passed to a call while the owner keeps the descriptor.
  public let rawValue: Int32

  /// Takes ownership of an open descriptor.
  public init(owning rawValue: Int32) {
    precondition(rawValue >= 0)
    self.rawValue = rawValue
  }

  /// Closes it (`close`).
  ///
  /// What `close` could report of the data is asked for earlier, by `sync_file_range` or `syncfs`.
  deinit {
    _ = Glibc.close(rawValue)
  }

  /// Gives up ownership and returns the number, which the caller has to close.
  public consuming func release() -> Int32 {
    let number = rawValue
    discard self
    return number
  }
}

extension Descriptor {
  /// How a path is opened.
  public struct OpenFlags: OptionSet, Sendable {
    /// The bits of `open(2)`.
    public let rawValue: Int32
    /// Makes a set of flags.
    public init(rawValue: Int32) { self.rawValue = rawValue }
    /// For reading and writing (`O_RDWR`); for reading only without it.
    public static let readWrite = OpenFlags(rawValue: O_RDWR)
    /// It has to be a directory (`O_DIRECTORY`).
    public static let directory = OpenFlags(rawValue: O_DIRECTORY)
    /// Only to name it in other calls (`O_PATH`).
    public static let pathOnly = OpenFlags(rawValue: cl_o_path)
    /// Past the page cache (`O_DIRECT`).
    public static let direct = OpenFlags(rawValue: cl_o_direct)
    /// A block device that nobody else may use (`O_EXCL`).
    public static let exclusive = OpenFlags(rawValue: O_EXCL)
    /// Without waiting for a FIFO's other end (`O_NONBLOCK`).
    public static let nonBlocking = OpenFlags(rawValue: O_NONBLOCK)
  }

  /// Opens what a path leads to, links followed (`open` with O_CLOEXEC).
  public init(opening path: FilePath, _ flags: OpenFlags = []) throws(Errno) {
    let number = unsafe path.withPlatformString { unsafe cl_open_path($0, flags.rawValue) }
    self.init(owning: try value(of: number))
  }

  /// The directory above an open one (`openat` of `..`), only to name it in other calls.
  public static func openParent(of directory: Int32) throws(Errno) -> Descriptor {
    let number = unsafe openat(directory, "..", cl_o_path | O_DIRECTORY | O_CLOEXEC)
    guard number >= 0 else { throw Errno(rawValue: errno) }
    return Descriptor(owning: number)
  }

  /// Whether it is a directory that is another, or lies below that, as those above it tell
  /// (`statx`, `openat` of `..`).
  public consuming func isInside(_ identity: InodeIdentity) -> Bool {
    var current = self
    var last: InodeIdentity?
    while let found = try? EntryLocation(open: current.rawValue).metadata().identity {
      if found == identity { return true }
      // The root is its own parent.
      guard found != last, let above = try? Self.openParent(of: current.rawValue) else {
        return false
      }
      last = found
      current = above
    }
    return false
  }

  /// Another descriptor of the same open file (`fcntl` with F_DUPFD_CLOEXEC).
  public borrowing func duplicate() throws(Errno) -> Descriptor {
    let number = fcntl(rawValue, F_DUPFD_CLOEXEC, 0)
    guard number >= 0 else { throw Errno(rawValue: errno) }
    return Descriptor(owning: number)
  }
}

/// What a call of the shim returned, or throws the errno that it negated.
@discardableResult
func value(of result: Int32) throws(Errno) -> Int32 {
  guard result >= 0 else { throw Errno(rawValue: -result) }
  return result
}

/// The same of a call with a result of 64 bits.
@discardableResult
func value(of result: Int64) throws(Errno) -> Int64 {
  guard result >= 0 else { throw Errno(rawValue: Int32(-result)) }
  return result
}
