// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import Synchronization
internal import SystemPackage

/// Finds names of the source that the target may take for one, as where case does not count.
///
/// Only directories whose filesystem does not surely tell names apart are watched, and their names
/// are forgotten with them. Which names a filesystem takes for one is its own affair: this only
/// says which to ask it about. The second of two such names is put off until all else is at the
/// target.
final class SimilarNames: Sendable {
  /// A name that was put off.
  struct Late: Sendable {
    let directory: CopyDirectory
    let name: EntryName
    let targetName: EntryName
    /// The name that it may be the same as.
    let other: EntryName
  }

  private struct State {
    /// By directory of the target, the names there, each by what it has in common with similar
    /// ones.
    var names: [InodeIdentity: [String: EntryName]] = [:]
    var watched: [ObjectIdentifier: InodeIdentity] = [:]
    var late: [Late] = []
  }
  private let state = Lock(State())
  private let isWatching = Atomic<Bool>(false)
  /// Whether directories of several sources may become one of the target.
  private let isMerging: Bool

  init(isMerging: Bool) {
    self.isMerging = isMerging
  }

  /// Watches a directory, if its filesystem asks for that.
  func watch(_ directory: CopyDirectory, _ sides: DirectorySides) {
    guard sides.target >= 0, !FilesystemCalls.tellsNamesApart(in: sides.target),
      let identity = sides.targetMetadata?.identity
    else { return }
    state.withLock { $0.watched[ObjectIdentifier(directory)] = identity }
    isWatching.store(true, ordering: .relaxed)
  }

  /// Notes a name, and puts it off if it may be the same as another one.
  ///
  /// - Returns: Whether it was put off; the directory then waits for it.
  func putsOff(
    _ name: EntryName,
    as targetName: EntryName,
    in directory: CopyDirectory
  ) -> Bool {
    guard isWatching.load(ordering: .relaxed) else { return false }
    return state.withLock { state in
      guard let identity = state.watched[ObjectIdentifier(directory)] else { return false }
      let key = Self.key(of: targetName)
      guard let other = state.names[identity]?[key] else {
        state.names[identity, default: [:]][key] = targetName
        return false
      }
      // An earlier source has the very same name.
      guard other != targetName else { return false }
      directory.retainEntry()
      let late = Late(directory: directory, name: name, targetName: targetName, other: other)
      state.late.append(late)
      return true
    }
  }

  /// Forgets the names of a directory that is done.
  func forget(_ directory: CopyDirectory) {
    guard isWatching.load(ordering: .relaxed) else { return }
    state.withLock { state in
      let identity = state.watched.removeValue(forKey: ObjectIdentifier(directory))
      if let identity, !isMerging { state.names[identity] = nil }
    }
  }

  /// Takes the names that were put off.
  func takeLate() -> [Late] {
    state.withLock { state in
      defer { state.late = [] }
      return state.late
    }
  }

  /// Whether two names in an open directory of the target are one: both lead to one inode, and are
  /// not both listed.
  ///
  /// - Throws: Why that is not known.
  static func areOne(
    _ name: EntryName,
    _ other: EntryName,
    in directory: Int32
  ) throws(Errno) -> Bool {
    func identity(_ name: EntryName) throws(Errno) -> InodeIdentity? {
      try EntryLocation(directory: directory, name: name).metadataIfPresent()?.identity
    }
    guard let found = try identity(name), found == (try identity(other)) else { return false }
    let listing = try EntryLocation(directory: directory, name: EntryName([0x2e]))
      .openForReading(directory: true)
    defer { withExtendedLifetime(listing) {} }
    var reader = DirectoryReader()
    var unlisted: Set = [name, other]
    while try reader.fill(from: listing.rawValue) {
      while let entry = reader.next() { unlisted.remove(entry.name) }
    }
    return !unlisted.isEmpty
  }

  /// What names have in common that a filesystem may take for one: case, the way in which letters
  /// are composed (equal strings are composed alike), and dots and spaces at the end.
  static func key(of name: EntryName) -> String {
    let end = name.bytes.lastIndex { $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: " ") }
    let significant = name.bytes[name.bytes.startIndex...(end ?? name.bytes.startIndex)]
    return String(decoding: significant, as: UTF8.self).uppercased().lowercased()
  }
}
