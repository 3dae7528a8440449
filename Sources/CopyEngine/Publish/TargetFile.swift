// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// What an inode has that was just made.
struct CreatedMetadata {
  let owner: UInt32
  let group: UInt32
  let permissions: UInt32?
  /// The setgid bit that a directory has from the one that it lies in.
  var inheritedBits: UInt32 = 0
  /// Whether what is written to it will be compressed.
  let isCompressed: Bool
  var hasAttributes: Bool

  /// What a file has before it has a name: setgid bits and default ACLs of its directory, mount
  /// options and mapped owners may all have a say, and the directory may change at any time.
  static func ofFile(_ file: EntryLocation) -> CreatedMetadata? {
    guard let metadata = try? file.metadata() else { return nil }
    return CreatedMetadata(
      owner: metadata.owner,
      group: metadata.group,
      permissions: metadata.permissions,
      isCompressed: metadata.flags.contains(.compressed),
      hasAttributes: file.hasAttributes
    )
  }

  /// What a symbolic link has. (A look costs less than a change of owner to the same.)
  static func ofLink(_ link: EntryLocation) -> CreatedMetadata? {
    guard let metadata = try? link.metadata() else { return nil }
    return CreatedMetadata(
      owner: metadata.owner,
      group: metadata.group,
      permissions: nil,
      isCompressed: false,
      hasAttributes: false
    )
  }

  /// What a directory has whose metadata is looked at when it is done; its permissions are set in
  /// any case.
  static func ofDirectory(_ current: EntryMetadata) -> CreatedMetadata {
    CreatedMetadata(
      owner: current.owner,
      group: current.group,
      permissions: nil,
      inheritedBits: current.permissions & 0o2000,
      isCompressed: current.flags.contains(.compressed),
      hasAttributes: true
    )
  }
}

/// Where the bytes of a file go before it has its name.
///
/// An unnamed inode (O_TMPFILE) wherever the filesystem has that: when the process is killed,
/// nothing is left. Elsewhere a temporary name, which is removed when the file is not published.
struct TargetFile: ~Copyable {
  /// The file's descriptor, open for reading and writing.
  let rawValue: Int32
  /// What it has from the start.
  private(set) var created: CreatedMetadata?
  private var descriptor: Descriptor?
  /// Keeps the directory open for as long as the file needs it.
  private let directory: DirectorySides
  /// Where its temporary name is.
  private let place: DirectorySides
  private var temporary: EntryName?
  /// What is written where it is, if that is how it is written.
  let inPlace: InPlaceTarget?

  /// Opens what has the name already, or makes it, to be written where it is.
  ///
  /// - Parameters:
  ///   - entry: The entry.
  ///   - target: What of it is kept.
  /// - Throws: The error of a call.
  init(writing entry: FoundEntry, _ target: InPlaceTarget) throws(Errno) {
    directory = entry.sides
    place = entry.sides
    let opened = try InPlaceTarget.open(entry)
    if !target.isDevice && target.keptBytes == 0 { try FileCalls.setSize(opened.rawValue, 0) }
    created = nil
    inPlace = target
    rawValue = opened.rawValue
    descriptor = consume opened
  }

  /// Creates the file (`open` with O_TMPFILE, or O_CREAT and O_EXCL).
  ///
  /// - Parameters:
  ///   - directory: The directory.
  ///   - place: Where its temporary name is made, if it needs one.
  ///   - name: The name that it is to get.
  ///   - mode: The permissions that it is to get. A file that has a name at once starts with 0600.
  ///   - random: Chooses the temporary name.
  /// - Throws: The error of the call.
  init(
    in directory: DirectorySides,
    namedIn place: DirectorySides,
    for name: EntryName,
    mode: UInt32,
    random: inout some RandomNumberGenerator
  ) throws(Errno) {
    self.directory = directory
    self.place = place
    inPlace = nil
    let opened: Descriptor
    do {
      // Its owner has to be able to set attributes until it is done.
      opened = try EntryLocation(open: directory.target)
        .createUnnamed(mode: mode & 0o600 == 0o600 ? mode : 0o600)
      created = .ofFile(EntryLocation(open: opened.rawValue))
      temporary = nil
    } catch {
      // What filesystems and old kernels say that do not know O_TMPFILE.
      guard
        error == .notSupported || error == .isDirectory || error == .invalidArgument
          || error == .noSuchFileOrDirectory
      else { throw error }
      try place.protectTemporaries()
      var made: Descriptor?
      temporary = try EntryLocation(directory: place.target, name: name)
        .claimTemporary(random: &random) { (free) throws(Errno) in made = try free.create() }
      guard let file = made.take() else { preconditionFailure("claimed, but not created") }
      opened = file
      created = nil
    }
    rawValue = opened.rawValue
    descriptor = consume opened
  }

  deinit {
    guard let temporary else { return }
    try? EntryLocation(directory: place.target, name: temporary).remove()
  }

  /// Gives the complete file its name, in one step (`linkat`, or `renameat2` over what has it).
  ///
  /// - Parameters:
  ///   - name: The name, in the directory that the file was created in.
  ///   - existing: What is expected to have the name, if anything is.
  ///   - random: Chooses the temporary name.
  /// - Throws: The error of the call; the file then has no name, or its old temporary one.
  mutating func publish(
    as name: EntryName,
    replacing existing: EntryKind?,
    random: inout some RandomNumberGenerator
  ) throws(Errno) {
    let target = EntryLocation(directory: directory.target, name: name)
    try publish(at: target, replacing: existing, random: &random)
  }

  /// The same anywhere on its filesystem.
  mutating func publish(
    at target: EntryLocation,
    replacing existing: EntryKind?,
    random: inout some RandomNumberGenerator
  ) throws(Errno) {
    guard inPlace == nil else { return }
    if temporary == nil && existing == nil {
      do {
        try target.linkUnnamed(rawValue)
        return
      } catch {
        guard error == .fileExists else { throw error }
      }
    }
    if temporary == nil {
      try place.protectTemporaries()
      temporary = try EntryLocation(directory: place.target, name: target.name)
        .claimTemporary(random: &random) { (free) throws(Errno) in
          try free.linkUnnamed(rawValue)
        }
    }
    guard let temporary else { return }
    let named = EntryLocation(directory: place.target, name: temporary)
    if place.target == target.directory {
      try named.rename(to: target.name, inPlaceOfDirectory: existing == .directory)
    } else {
      if existing == .directory { try target.removeDirectory() }
      try named.rename(to: target)
    }
    self.temporary = nil
  }

  /// Notes that attributes of the file were set or removed.
  mutating func changedAttributes() { created?.hasAttributes = true }

  /// Hands over the descriptor of a file that was published.
  mutating func takeDescriptor() -> Descriptor? { descriptor.take() }
}
