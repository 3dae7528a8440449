// SPDX-License-Identifier: Apache-2.0

public import Kernel
public import SystemPackage

extension EntryLocation {
  /// The letters give 62^6 names; to meet a few that are taken is bad luck, 100 are a fault.
  private static var temporaryNamesMax: Int { 100 }

  /// Makes something under a temporary name beside this entry.
  ///
  /// - Parameters:
  ///   - random: Chooses the name.
  ///   - make: Makes it; `Errno.fileExists` says that the name is taken.
  /// - Returns: The name, which the caller has to rename or remove.
  /// - Throws: What `make` throws, or `Errno.fileExists` after too many names that are taken.
  public func claimTemporary(
    random: inout some RandomNumberGenerator,
    make: (EntryLocation) throws(Errno) -> Void
  ) throws(Errno) -> EntryName {
    for _ in 0..<Self.temporaryNamesMax {
      let free = EntryLocation(directory: directory, name: name.temporary(random: random.next()))
      do {
        try make(free)
        return free.name
      } catch {
        guard error == .fileExists else { throw error }
      }
    }
    throw .fileExists
  }

  /// What says that there is no RENAME_EXCHANGE, or nothing to exchange with.
  private static var exchangeErrors: [Errno] {
    [.invalidArgument, .noFunction, .notSupported, .noSuchFileOrDirectory]
  }

  /// Gives something complete that has a temporary name its own, in place of what has it now, in
  /// one step (`renameat2`); what cannot get its name is removed.
  public func renameOrRemove(
    to name: EntryName,
    inPlaceOfDirectory: Bool = false
  ) throws(Errno) {
    // A rename leaves both names of one inode as they are, so the old one is removed in any case.
    defer { try? remove() }
    try rename(to: name, inPlaceOfDirectory: inPlaceOfDirectory)
  }

  /// Removes what is in the way of a directory (`unlinkat`).
  ///
  /// - Returns: Why it is not removed, where another run may have removed it, or have made the
  ///   directory.
  /// - Throws: Any other reason.
  public func removeFile() throws(Errno) -> Errno? {
    do {
      try remove()
      return nil
    } catch {
      guard error == .noSuchFileOrDirectory || error == .isDirectory else { throw error }
      return error
    }
  }

  /// Gives something complete its own name, in place of what has it now, which may be an empty
  /// directory: that no rename replaces, so the two change places, and the directory is removed
  /// then (`renameat2` with RENAME_EXCHANGE, `unlinkat`).
  ///
  /// - Throws: `Errno.directoryNotEmpty` where the directory is in use; all is as it was then.
  public func rename(to name: EntryName, inPlaceOfDirectory: Bool) throws(Errno) {
    guard inPlaceOfDirectory else { return try rename(to: name) }
    do {
      try exchange(with: name)
    } catch {
      // A filesystem that cannot do so, or the directory is gone.
      guard Self.exchangeErrors.contains(error) else { throw error }
      try? EntryLocation(directory: directory, name: name).removeDirectory()
      return try rename(to: name)
    }
    do {
      try removeDirectory()
    } catch {
      // Another run may have replaced the directory meanwhile.
      if error == .notDirectory, (try? remove()) != nil { return }
      try? exchange(with: name)
      throw error
    }
  }
}
