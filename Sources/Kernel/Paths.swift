// SPDX-License-Identifier: Apache-2.0

internal import Glibc
public import SystemPackage

// Paths as bytes: neither paths nor names need be UTF-8.
extension FilePath {
  /// The bytes of the path, without the NUL at its end.
  public var bytes: [UInt8] {
    unsafe withPlatformString { start in
      unsafe UnsafeBufferPointer(start: start, count: strlen(start)).map { UInt8(bitPattern: $0) }
    }
  }

  /// The path that some bytes without a NUL spell.
  public init(bytes: some Collection<UInt8>) {
    unsafe self.init(platformString: bytes.map { CChar(bitPattern: $0) } + [0])
  }

  /// The path that a name, such as the contents of a link, spells.
  public init(_ name: EntryName) { self.init(bytes: name.bytes) }

  /// The path of the directory that an entry lies in.
  public var directory: FilePath {
    let bytes = self.bytes
    guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == 0 ? "/" : FilePath(bytes: bytes[..<slash])
  }
}

extension EntryName {
  /// The name that is a component of a path.
  public init(_ component: FilePath.Component) {
    self = unsafe component.withPlatformString { start in
      unsafe EntryName(UnsafeRawBufferPointer(start: start, count: strlen(start)))
    }
  }
}

extension EntryMetadata {
  /// What a path leads to, links followed (`open` with O_PATH, `statx`).
  public init(following path: FilePath) throws(Errno) {
    let opened = try Descriptor(opening: path, .pathOnly)
    self = try EntryLocation(open: opened.rawValue).metadata()
    withExtendedLifetime(opened) {}
  }

  /// The number of a device node: major in the upper 32 bits, minor in the lower.
  public var deviceNumber: UInt64 { UInt64(deviceMajor) << 32 | UInt64(deviceMinor) }
}

// Files beside what is copied, by their paths.
extension FilePath {
  /// Makes the directory with all above it that are missing (`mkdir`).
  public func makeDirectories() throws(Errno) {
    do throws(Errno) {
      try makeDirectory()
    } catch .noSuchFileOrDirectory {
      try directory.makeDirectories()
      try makeDirectory()
    }
  }

  private func makeDirectory() throws(Errno) {
    let result = unsafe withPlatformString { unsafe mkdir($0, 0o777) }
    guard result != 0, errno != EEXIST else { return }
    throw Errno(rawValue: errno)
  }

  /// Writes a file anew (`open` with O_CREAT and O_TRUNC, `write`).
  public func write(_ contents: [UInt8]) throws(Errno) {
    try write(contents, O_TRUNC)
  }

  /// Writes a file anew that appears whole, in place of an older one (`open` with O_EXCL, `write`,
  /// `rename`).
  public func replace(with contents: [UInt8]) throws(Errno) {
    guard let name = lastComponent, name.kind == .regular else { throw .isDirectory }
    let temporary = removingLastComponent()
      .appending(".\(name.string).\(getpid())")
    // What an earlier process of this number has left; a link that is there is not followed.
    unsafe temporary.withPlatformString { _ = unsafe unlink($0) }
    do throws(Errno) {
      try temporary.write(contents, O_EXCL)
      let result = unsafe temporary.withPlatformString { old in
        unsafe withPlatformString { new in unsafe rename(old, new) }
      }
      guard result == 0 else { throw Errno(rawValue: errno) }
    } catch {
      unsafe temporary.withPlatformString { _ = unsafe unlink($0) }
      throw error
    }
  }

  private func write(_ contents: [UInt8], _ flag: Int32) throws(Errno) {
    let flags = O_WRONLY | O_CREAT | O_CLOEXEC | flag
    let number = unsafe withPlatformString { unsafe open($0, flags, 0o666) }
    guard number >= 0 else { throw Errno(rawValue: errno) }
    let file = Descriptor(owning: number)
    var rest = contents[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(number, $0.baseAddress, $0.count)
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw count == 0 ? .ioError : Errno(rawValue: errno) }
      rest = rest.dropFirst(count)
    }
    withExtendedLifetime(file) {}
  }
}
