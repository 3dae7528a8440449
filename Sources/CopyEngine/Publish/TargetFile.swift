// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

extension CreatedMetadata {
  /// What a directory has whose metadata is looked at when it is done; its permissions are set in
  /// any case.
  static func ofDirectory(_ current: EntryMetadata) -> CreatedMetadata {
    CreatedMetadata(
      owner: current.owner,
      group: current.group,
      permissions: nil,
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
  /// On what that relies, if the file was not asked.
  let inheritance: Inheritance?
  private var descriptor: Descriptor?
  /// Keeps the directory open for as long as the file needs it.
  private let directory: DirectorySides
  private var temporary: EntryName?

  /// Creates the file (`open` with O_TMPFILE, or O_CREAT and O_EXCL).
  ///
  /// - Parameters:
  ///   - directory: The directory.
  ///   - name: The name that it is to get.
  ///   - mode: The permissions that it is to get. A file that has a name at once starts with 0600.
  ///   - random: Chooses the temporary name.
  /// - Throws: The error of the call.
  init(
    in directory: DirectorySides,
    for name: EntryName,
    mode: UInt32,
    random: inout some RandomNumberGenerator
  ) throws(Errno) {
    self.directory = directory
    let opened: Descriptor
    let place = EntryLocation(open: directory.target)
    // Its owner has to be able to set attributes until it is done.
    let permissions = mode & 0o600 == 0o600 ? mode : 0o600
    let newFiles = directory.newFiles
    var inheritance = newFiles.inheritance
    let inherited = inheritance?.created(with: permissions)
    if inherited == nil { inheritance = nil }
    do {
      let question = inherited == nil ? newFiles.ask(directory.target) : nil
      opened = try place.createUnnamed(mode: permissions)
      if let question {
        created = newFiles.created(opened.rawValue, question)
      } else {
        created = inherited
      }
      temporary = nil
    } catch {
      // What filesystems and old kernels say that do not know O_TMPFILE.
      guard
        error == .notSupported || error == .isDirectory || error == .invalidArgument
          || error == .noSuchFileOrDirectory
      else { throw error }
      try directory.protectTemporaries()
      var made: Descriptor?
      temporary = try EntryLocation(directory: directory.target, name: name)
        .claimTemporary(random: &random) { (free) throws(Errno) in made = try free.create() }
      guard let file = made.take() else { preconditionFailure("claimed, but not created") }
      opened = file
      created = nil
      inheritance = nil
    }
    self.inheritance = inheritance
    rawValue = opened.rawValue
    descriptor = consume opened
  }

  deinit {
    guard let temporary else { return }
    try? EntryLocation(directory: directory.target, name: temporary).remove()
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
    if temporary == nil && existing == nil {
      do {
        try target.linkUnnamed(rawValue)
        return
      } catch {
        guard error == .fileExists else { throw error }
      }
    }
    if temporary == nil {
      try directory.protectTemporaries()
      temporary = try target.claimTemporary(random: &random) { (free) throws(Errno) in
        try free.linkUnnamed(rawValue)
      }
    }
    guard let temporary else { return }
    try EntryLocation(directory: directory.target, name: temporary)
      .rename(to: name, inPlaceOfDirectory: existing == .directory)
    self.temporary = nil
  }

  /// What it has, asked if it was not; `nil` where that cannot be known.
  func askCreated() -> CreatedMetadata? {
    inheritance == nil ? created : CreatedMetadata(asking: EntryLocation(open: rawValue))
  }

  /// Notes that attributes of the file were set or removed.
  mutating func changedAttributes() { created?.hasAttributes = true }

  /// Hands over the descriptor of a file that was published.
  mutating func takeDescriptor() -> Descriptor? { descriptor.take() }
}
