// SPDX-License-Identifier: Apache-2.0

public import Kernel
public import SystemPackage

/// What only root could give an entry, kept in an attribute of a plain file or directory that
/// stands in for it, as rsync does with `--fake-super`.
///
/// Links, devices, FIFOs and sockets are plain files there; that of a link has its contents.
public struct StoredMetadata: Equatable, Sendable {
  /// The attribute: `user.rsync.%stat`.
  public static var key: EntryName { EntryName("user.rsync.%stat".utf8) }

  /// Type and permission bits (`st_mode`).
  public let mode: UInt32
  /// The owner's number.
  public let owner: UInt32
  /// The group's number.
  public let group: UInt32
  /// The major number of a device node; 0 of anything else.
  public let deviceMajor: UInt32
  /// The minor number of a device node; 0 of anything else.
  public let deviceMinor: UInt32

  /// Takes what an entry is to be; the numbers of what is no device do not count.
  public init(
    mode: UInt32,
    owner: UInt32,
    group: UInt32,
    deviceMajor: UInt32,
    deviceMinor: UInt32
  ) {
    let isDevice = [0o020000, 0o060000].contains(mode & 0o170000)
    self.mode = mode
    self.owner = owner
    self.group = group
    self.deviceMajor = isDevice ? deviceMajor : 0
    self.deviceMinor = isDevice ? deviceMinor : 0
  }

  /// Takes an inode for what it is.
  public init(of metadata: EntryMetadata) {
    self.init(
      mode: metadata.mode,
      owner: metadata.owner,
      group: metadata.group,
      deviceMajor: metadata.deviceMajor,
      deviceMinor: metadata.deviceMinor
    )
  }

  /// Reads what the attribute has: `MODE MAJOR,MINOR OWNER:GROUP`, the mode octal; `nil` where it
  /// has something else.
  public init?(text: some Sequence<UInt8>) {
    let parts = text.split(maxSplits: 5, omittingEmptySubsequences: true) {
      [UInt8(ascii: " "), UInt8(ascii: ","), UInt8(ascii: ":")].contains($0)
    }
    guard parts.count == 5, let mode = Self.number(parts[0], radix: 8),
      let major = Self.number(parts[1]), let minor = Self.number(parts[2]),
      let owner = Self.number(parts[3]), let group = Self.number(parts[4])
    else { return nil }
    self.init(
      mode: mode,
      owner: owner,
      group: group,
      deviceMajor: major,
      deviceMinor: minor
    )
  }

  private static func number(_ digits: some Sequence<UInt8>, radix: UInt32 = 10) -> UInt32? {
    var number: UInt32 = 0
    for digit in digits {
      guard digit >= UInt8(ascii: "0"), digit < UInt8(ascii: "0") + UInt8(radix) else { return nil }
      let (product, overflows) = number.multipliedReportingOverflow(by: radix)
      let (sum, exceeds) = product.addingReportingOverflow(UInt32(digit - UInt8(ascii: "0")))
      guard !overflows && !exceeds else { return nil }
      number = sum
    }
    return number
  }

  /// What the attribute gets.
  public var text: [UInt8] {
    let numbers = "\(deviceMajor),\(deviceMinor) \(owner):\(group)"
    return Array("\(String(mode, radix: 8)) \(numbers)".utf8)
  }

  /// The permissions of what stands in: no more than what may be had without being root, and its
  /// owner may always read and write it.
  public func visiblePermissions(isDirectory: Bool) -> UInt32 {
    mode & 0o777 | (isDirectory ? 0o700 : 0o600)
  }
}

extension EntryMetadata {
  /// The same of what an entry stands in for.
  func standing(for stored: StoredMetadata) -> EntryMetadata {
    var metadata = self
    metadata.mode = stored.mode
    metadata.owner = stored.owner
    metadata.group = stored.group
    metadata.deviceMajor = stored.deviceMajor
    metadata.deviceMinor = stored.deviceMinor
    return metadata
  }
}

extension EntryLocation {
  /// No number of the attribute has more than 10 digits.
  private static var storedBytesMax: Int { 256 }

  /// What is stored of an entry (`getxattr`).
  ///
  /// - Returns: `nil` where nothing is.
  /// - Throws: The error of the call; `Errno.badMessage` where it cannot be understood.
  public func storedMetadata() throws(Errno) -> StoredMetadata? {
    var bytes = [UInt8](repeating: 0, count: Self.storedBytesMax)
    let count: Int
    do throws(Errno) {
      var span = bytes.mutableSpan
      count = unsafe try span.withUnsafeMutableBytes { (buffer) throws(Errno) in
        do throws(Errno) {
          return unsafe try readAttribute(StoredMetadata.key, into: buffer)
        } catch .badFileDescriptor where name.isEmpty {
          // A directory that is open only to name entries in.
          let itself = EntryLocation(directory: directory, name: .current)
          return unsafe try itself.readAttribute(StoredMetadata.key, into: buffer)
        }
      }
    } catch {
      guard error == .noData || error == .notSupported else { throw error }
      return nil
    }
    guard let stored = StoredMetadata(text: bytes[..<count]) else { throw .badMessage }
    return stored
  }

  /// Takes an entry for what it stands in for (`getxattr`); links and nodes stand for themselves.
  ///
  /// - Parameter found: What the inode itself says.
  /// - Returns: What is stored, or the same.
  /// - Throws: The error of the call; `Errno.badMessage` where what is stored cannot be
  ///   understood, or is about a directory and this is none, or the other way round.
  public func withStoredMetadata(_ found: EntryMetadata) throws(Errno) -> EntryMetadata {
    guard found.kind == .file || found.kind == .directory, let stored = try storedMetadata() else {
      return found
    }
    let metadata = found.standing(for: stored)
    guard (metadata.kind == .directory) == (found.kind == .directory) else { throw .badMessage }
    return metadata
  }

  /// Makes a plain file that stands in for something else (`open` with O_EXCL, `pwrite`).
  ///
  /// - Parameter contents: Those of a symbolic link, if it is one.
  /// - Throws: The error of a call, such as `Errno.fileExists`.
  public func makeStandIn(_ contents: EntryName?) throws(Errno) {
    let bytes = contents.map { Array($0.bytes) } ?? []
    let file = try create()
    defer { withExtendedLifetime(file) {} }
    unsafe try bytes.span.withUnsafeBytes { (all) throws(Errno) in
      unsafe try FileCalls.writeAll(all, to: file.rawValue, at: 0)
    }
  }

  /// The contents of a link that a plain file stands in for (`open`, `read`).
  public func standInContents() throws(Errno) -> EntryName {
    let file = try openForReading()
    defer { withExtendedLifetime(file) {} }
    return EntryName(try FileCalls.readAll(of: file.rawValue, bytesMax: Self.linkBytesMax))
  }

  /// The contents of a link, or of what stands in for one (`readlinkat`, else `open`, `read`).
  public func contentsOfLink() throws(Errno) -> EntryName {
    do throws(Errno) {
      return try symbolicLinkContents()
    } catch .invalidArgument {
      return try standInContents()
    }
  }

  /// PATH_MAX.
  private static var linkBytesMax: Int { 4096 }
}
