// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import Storage
internal import SystemPackage

/// Finds out, when a call has failed as it does where a filesystem is gone, whether it is.
///
/// A bad sector costs one file. A disk that was pulled out, a filesystem that was shut down or a
/// server that has died would cost all that are left, each with a line of its own.
final class LivenessProbe: Sendable {
  /// A directory on a filesystem that is asked.
  enum Place {
    /// It is open.
    case open(OpenDirectory)
    /// It was found at a path, and is opened to be asked.
    case found(FilePath, InodeIdentity)
  }

  /// What is asked.
  struct Side {
    /// The operand, for messages.
    let path: FilePath
    /// A directory on the filesystem; of a device that is itself copied there is none.
    let directory: Place?
    /// What it lies on, as far as that is known.
    let disks: [Disk]
    /// Whether it is written to.
    let isTarget: Bool
  }

  /// A read of a disk may meet a bad sector; so many, at random places, do not.
  private static let readsMax = 3

  private let sides: [Side]
  /// Held while somebody asks: others that failed meanwhile wait for the answer.
  private let isAsking = Lock(())

  init(_ sides: [Side]) {
    self.sides = sides
  }

  /// Looks at all sides (`statx`, `fsync` of a directory, O_TMPFILE at the target, a read of each
  /// disk).
  ///
  /// - Returns: A side that does not answer, and why.
  func firstDead() -> (path: FilePath, errno: Errno)? {
    isAsking.withLock { _ in
      for side in sides {
        if let errno = failure(of: side) { return (side.path, errno) }
      }
      return nil
    }
  }

  private func failure(of side: Side) -> Errno? {
    switch side.directory {
    case nil:
      return Self.failure(of: nil, isTarget: side.isTarget, side.disks)
    case .open(let directory):
      let number = directory.descriptor.rawValue
      return Self.failure(of: number, isTarget: side.isTarget, side.disks)
    case .found(let path, let identity):
      do throws(Errno) {
        let directory = try Descriptor(opening: path, [.directory, .pathOnly])
        // Something else may have its path by now.
        let found = try EntryLocation(open: directory.rawValue).metadata().identity
        let number = found == identity ? directory.rawValue : nil
        return Self.failure(of: number, isTarget: side.isTarget, side.disks)
      } catch {
        return error.mayMeanGone ? error : nil
      }
    }
  }

  /// Looks at one filesystem.
  ///
  /// - Parameters:
  ///   - directory: An open directory on it, if it has one.
  ///   - isTarget: Whether it is written to.
  ///   - disks: What it lies on.
  /// - Returns: Why it does not answer, if it does not.
  static func failure(of directory: Int32?, isTarget: Bool, _ disks: [Disk]) -> Errno? {
    do throws(Errno) {
      if let directory { try ask(directory, isTarget: isTarget) }
      for disk in disks { try ask(disk) }
      return nil
    } catch {
      return error.mayMeanGone ? error : nil
    }
  }

  private static func ask(_ directory: Int32, isTarget: Bool) throws(Errno) {
    _ = try EntryLocation(open: directory).metadata()
    let opened = try EntryLocation(directory: directory, name: EntryName([0x2e]))
      .openForReading(directory: true)
    // ext4 that was shut down still tells what it has in memory.
    do {
      try FileCalls.sync(opened.rawValue)
      if isTarget { _ = try EntryLocation(open: opened.rawValue).createUnnamed() }
    } catch {
      guard !error.mayMeanGone else { throw error }
    }
    withExtendedLifetime(opened) {}
  }

  /// Filesystems notice only when they have to that a disk is gone.
  private static func ask(_ disk: Disk) throws(Errno) {
    var failure: Errno?
    for _ in 0..<readsMax {
      switch SeekProbe.run(disk, nanosecondsMax: 1) {
      case .impossible(.cannotRead(let errno?)), .impossible(.cannotOpen(_, let errno)):
        failure = errno
      case .impossible, .times: return
      }
    }
    if let failure, failure.mayMeanGone { throw failure }
  }
}

extension Errno {
  /// Whether this may say that the whole filesystem is gone, or its disk.
  var mayMeanGone: Bool {
    switch self {
    case .ioError, .noSuchAddressOrDevice, .operationNotSupportedByDevice, .socketNotConnected,
      .socketShutdown, .connectionAbort, .staleNFSFileHandle:
      true
    default: false
    }
  }
}
