// SPDX-License-Identifier: Apache-2.0

internal import Glibc
public import SystemPackage

/// Opens what the operand of an option names, as rsync does: a symbolic link on the way is followed
/// where it belongs to root or to who runs this, and no other.
///
/// Who may write into one of the directories could otherwise lead a privileged run anywhere by a
/// link that he puts there.
public struct TrustedPath {
  /// The path.
  public let path: FilePath
  /// The open directory that a relative path begins at.
  public let base: Int32
  /// Whether links of others are followed as well (`--insecure-links`).
  public let followsAll: Bool

  /// Names what is to be opened.
  public init(_ path: FilePath, from base: Int32, followsAll: Bool = false) {
    self.path = path
    self.base = base
    self.followsAll = followsAll
  }

  /// Names what is to be opened from the working directory.
  public init(_ path: FilePath, followsAll: Bool = false) {
    self.init(path, from: AT_FDCWD, followsAll: followsAll)
  }

  /// More links than this are a loop, as the kernel has it.
  static var linksMax: Int { 40 }

  /// Opens the directory, only to name entries in (`openat2` with O_PATH).
  ///
  /// - Parameter mode: Where what is missing is made (`mkdir`), its permissions but for the umask.
  /// - Returns: The open directory.
  /// - Throws: The error of a call; `Errno.tooManySymbolicLinkLevels` at a link of somebody else.
  public func openDirectory(making mode: UInt32? = nil) throws(Errno) -> Descriptor {
    var links = 0
    var pending = Self.names(path.bytes)
    var current = try start(of: path)
    while let name = pending.popLast() {
      if name == .current { continue }
      if name == .parent {
        current = try Descriptor.openParent(of: current.rawValue)
        continue
      }
      let entry = EntryLocation(directory: current.rawValue, name: name)
      let metadata = try Self.metadata(of: entry, making: mode)
      guard metadata.kind == .symbolicLink else {
        current = try entry.openForLookup()
        continue
      }
      links += 1
      guard follows(metadata), links <= Self.linksMax else { throw .tooManySymbolicLinkLevels }
      let contents = try entry.symbolicLinkContents()
      let path = FilePath(contents)
      if path.isAbsolute { current = try start(of: path) }
      pending += Self.names(contents.bytes)
    }
    return current
  }

  /// The names in a path, the last one first.
  private static func names(_ path: some Collection<UInt8>) -> [EntryName] {
    path.split(separator: UInt8(ascii: "/")).map { EntryName($0) }.reversed()
  }

  /// Whether a link is followed.
  func follows(_ link: EntryMetadata) -> Bool {
    followsAll || link.owner == 0 || link.owner == geteuid()
  }

  private static func metadata(
    of entry: EntryLocation,
    making mode: UInt32?
  ) throws(Errno) -> EntryMetadata {
    if let mode, try entry.metadataIfPresent() == nil {
      do {
        try entry.makeDirectory(mode: mode)
      } catch {
        guard error == .fileExists else { throw error }
      }
    }
    return try entry.metadata()
  }

  /// Opens the directory for reading (`openat2`); `mode` and errors as for `openDirectory`.
  public func openDirectoryForReading(making mode: UInt32? = nil) throws(Errno) -> Descriptor {
    let found = try openDirectory(making: mode)
    defer { withExtendedLifetime(found) {} }
    return try EntryLocation(directory: found.rawValue, name: .current)
      .openForReading(directory: true)
  }

  /// Where a path begins.
  private func start(of path: FilePath) throws(Errno) -> Descriptor {
    guard !path.isAbsolute else { return try Descriptor(opening: "/", [.directory, .pathOnly]) }
    return try EntryLocation(directory: base, name: .current).openForLookup()
  }
}
