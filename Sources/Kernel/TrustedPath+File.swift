// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import Glibc
public import SystemPackage

// Files of the user: rules, and logs.
extension TrustedPath {
  /// Larger files are refused, in bytes: 256 MiB.
  public static var fileBytesMax: Int { 256 << 20 }

  /// Reads the file, as far as links may be followed to it (`openat`, `read`).
  ///
  /// - Parameter waits: Whether a FIFO is waited for.
  /// - Returns: Its contents.
  /// - Throws: The error of a call; `Errno.tooManySymbolicLinkLevels` at a link of somebody else.
  public func contents(waits: Bool = true) throws(Errno) -> [UInt8] {
    let file = try openFile(O_RDONLY | (waits ? 0 : O_NONBLOCK))
    defer { withExtendedLifetime(file) {} }
    return try FileCalls.readAll(of: file.rawValue, bytesMax: Self.fileBytesMax)
  }

  /// Opens the file to append to, or makes it, as far as links may be followed to it (`openat` with
  /// O_APPEND and O_CREAT).
  ///
  /// - Throws: The error of a call; `Errno.tooManySymbolicLinkLevels` at a link of somebody else.
  public func openToAppend() throws(Errno) -> Descriptor {
    // To open a FIFO that nobody reads is to wait, and no signal would end that.
    let opened = try openFile(O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK)
    _ = fcntl(opened.rawValue, F_SETFL, O_APPEND)
    return opened
  }

  private func openFile(_ access: Int32) throws(Errno) -> Descriptor {
    let flags = access | O_NOCTTY | O_CLOEXEC
    var path = path
    var directory = try TrustedPath("", from: base).openDirectory()
    for _ in 0...Self.linksMax {
      directory = try TrustedPath(path.directory, from: directory.rawValue, followsAll: followsAll)
        .openDirectory()
      guard let last = path.lastComponent, last.kind == .regular else { throw .isDirectory }
      let entry = EntryLocation(directory: directory.rawValue, name: EntryName(last))
      do throws(Errno) {
        return try Self.open(entry, flags | O_NOFOLLOW)
      } catch .tooManySymbolicLinkLevels {
        let link = try entry.metadata()
        guard link.kind == .symbolicLink, follows(link) else { throw .tooManySymbolicLinkLevels }
      }
      path = FilePath(try entry.symbolicLinkContents())
      // What /proc has of an open pipe leads to no path, and is followed by the kernel alone.
      if !path.isAbsolute, path.bytes.last == UInt8(ascii: "]"), path.bytes.contains(0x5b) {
        return try Self.open(entry, flags)
      }
    }
    throw .tooManySymbolicLinkLevels
  }

  private static func open(_ entry: EntryLocation, _ flags: Int32) throws(Errno) -> Descriptor {
    let number = unsafe entry.name.withCString { unsafe openat(entry.directory, $0, flags, 0o644) }
    guard number >= 0 else { throw Errno(rawValue: errno) }
    return Descriptor(owning: number)
  }
}

extension FilePath {
  /// The working directory of the process (`getcwd`); `/` where it has none.
  public static var workingDirectory: FilePath {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    guard unsafe getcwd(&buffer, buffer.count) != nil else { return "/" }
    return FilePath(bytes: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) })
  }
}
