// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import SystemPackage
internal import Uring

/// Where the bytes of a file go before it has its name.
///
/// An unnamed inode (O_TMPFILE) wherever the filesystem has that: when the process is killed,
/// nothing is left. Elsewhere a temporary name, which is removed when the file is not published.
struct TargetFile: ~Copyable {
  /// The file, open for reading and writing.
  let descriptor: Descriptor
  /// Keeps the directory open for as long as the file needs it.
  private let directory: DirectoryHandles
  private var temporary: EntryName?

  /// Creates the file, mode 0600 (`open` with O_TMPFILE, or O_CREAT and O_EXCL).
  init(
    in directory: DirectoryHandles,
    for name: EntryName,
    random: inout some RandomNumberGenerator
  ) throws(Errno) {
    self.directory = directory
    do {
      descriptor = try EntryLocation(open: directory.target).createUnnamed()
      temporary = nil
    } catch {
      // What filesystems and old kernels say that do not know O_TMPFILE.
      guard
        error == .notSupported || error == .isDirectory || error == .invalidArgument
          || error == .noSuchFileOrDirectory
      else { throw error }
      var opened: Descriptor?
      temporary = try EntryLocation(directory: directory.target, name: name)
        .claimTemporary(random: &random) { (free) throws(Errno) in opened = try free.create() }
      guard let created = opened.take() else { preconditionFailure("claimed, but not created") }
      descriptor = created
    }
  }

  deinit {
    guard let temporary else { return }
    try? EntryLocation(directory: directory.target, name: temporary).remove()
  }

  /// Gives the complete file its name, in one step (`linkat`, or `renameat2` over what has it).
  ///
  /// - Parameters:
  ///   - name: The name, in the directory that the file was created in.
  ///   - replaces: Whether something is expected to have the name.
  ///   - random: Chooses the temporary name.
  /// - Throws: The error of the call; the file then has no name, or its old temporary one.
  mutating func publish(
    as name: EntryName,
    replaces: Bool,
    random: inout some RandomNumberGenerator
  ) throws(Errno) {
    let target = EntryLocation(directory: directory.target, name: name)
    if temporary == nil && !replaces {
      do {
        try target.linkUnnamed(descriptor.rawValue)
        return
      } catch {
        guard error == .fileExists else { throw error }
      }
    }
    if temporary == nil {
      temporary = try target.claimTemporary(random: &random) { (free) throws(Errno) in
        try free.linkUnnamed(descriptor.rawValue)
      }
    }
    guard let temporary else { return }
    try EntryLocation(directory: directory.target, name: temporary).rename(to: name)
    self.temporary = nil
  }
}
