// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import Glibc
public import SystemPackage

// Files with words of the user: lists and rules.
extension TrustedPath {
  /// Larger files are refused, in bytes: 256 MiB.
  public static var fileBytesMax: Int { 256 << 20 }

  /// Reads the file, as far as links may be followed to it (`openat`, `read`).
  ///
  /// - Parameter waits: Whether a FIFO is waited for.
  /// - Returns: Its contents.
  /// - Throws: The error of a call; `Errno.tooManySymbolicLinkLevels` at a link of somebody else.
  public func contents(waits: Bool = true) throws(Errno) -> [UInt8] {
    let kind = O_RDONLY | O_NOCTTY | O_CLOEXEC | (waits ? 0 : O_NONBLOCK)
    var path = path
    var directory = try TrustedPath("", from: base).openDirectory()
    for _ in 0...Self.linksMax {
      directory = try TrustedPath(path.directory, from: directory.rawValue, followsAll: followsAll)
        .openDirectory()
      guard let last = path.lastComponent, last.kind == .regular else { throw .isDirectory }
      let entry = EntryLocation(directory: directory.rawValue, name: EntryName(last))
      do throws(Errno) {
        return try Self.contents(of: try Self.open(entry, kind | O_NOFOLLOW))
      } catch .tooManySymbolicLinkLevels {
        let link = try entry.metadata()
        let isTrusted = followsAll || link.owner == 0 || link.owner == geteuid()
        guard link.kind == .symbolicLink, isTrusted else { throw .tooManySymbolicLinkLevels }
      }
      path = FilePath(try entry.symbolicLinkContents())
      // What /proc has of an open pipe leads to no path, and is followed by the kernel alone.
      if !path.isAbsolute, path.bytes.last == UInt8(ascii: "]"), path.bytes.contains(0x5b) {
        return try Self.contents(of: try Self.open(entry, kind))
      }
    }
    throw .tooManySymbolicLinkLevels
  }

  private static func open(_ entry: EntryLocation, _ flags: Int32) throws(Errno) -> Descriptor {
    let number = unsafe entry.name.withCString { unsafe openat(entry.directory, $0, flags) }
    guard number >= 0 else { throw Errno(rawValue: errno) }
    return Descriptor(owning: number)
  }

  private static func contents(of file: consuming Descriptor) throws(Errno) -> [UInt8] {
    defer { withExtendedLifetime(file) {} }
    return try contents(ofOpen: file.rawValue)
  }

  /// Reads what an open file has to its end (`read`).
  public static func contents(ofOpen file: Int32) throws(Errno) -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      let count = unsafe Glibc.read(file, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw Errno(rawValue: errno) }
      guard count > 0 else { return bytes }
      bytes.append(contentsOf: chunk[..<count])
      guard bytes.count <= fileBytesMax else { throw .fileTooLarge }
    }
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
