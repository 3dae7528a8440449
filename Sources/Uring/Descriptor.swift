// SPDX-License-Identifier: Apache-2.0

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
  /// Another descriptor of the same open file (`fcntl` with F_DUPFD_CLOEXEC).
  public borrowing func duplicate() throws(Errno) -> Descriptor {
    let number = fcntl(rawValue, F_DUPFD_CLOEXEC, 0)
    guard number >= 0 else { throw Errno(rawValue: errno) }
    return Descriptor(owning: number)
  }
}
