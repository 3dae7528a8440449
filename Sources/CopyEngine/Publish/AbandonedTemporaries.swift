// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// Temporary names that a run left behind which was killed, or whose machine went down.
///
/// What such a name was to become is not there yet, so the next run comes to its directory to make
/// it, and finds the name then; directories in which nothing changes are not looked through. Who
/// has a temporary name in a directory holds a lock on it (`DirectorySides.protectTemporaries`).
enum AbandonedTemporaries {
  /// Removes what nobody uses from a directory (`getdents64`, `flock`, `unlinkat`).
  ///
  /// - Parameters:
  ///   - target: The open directory.
  ///   - isCopied: Whether a source has something of a name, or may have it.
  static func remove(from target: Int32, unless isCopied: (EntryName) -> Bool) {
    // What cannot be looked through is left as it is.
    let here = EntryLocation(directory: target, name: .current)
    guard let directory = try? here.openForReading(directory: true) else { return }
    defer { withExtendedLifetime(directory) {} }
    let number = directory.rawValue
    guard let names = try? names(in: number), !names.isEmpty,
      (try? FileCalls.lock(number, isShared: false)) != nil
    else { return }
    for name in names where !isCopied(name) {
      let entry = EntryLocation(directory: number, name: name)
      // An empty directory has such a name once what replaces it has its own.
      if (try? entry.remove()) == nil { try? entry.removeDirectory() }
    }
  }

  /// Whether nobody uses temporary names in a directory (`flock`); where no lock can be had, they
  /// count as used.
  static func areUnused(in target: Int32) -> Bool {
    let here = EntryLocation(directory: target, name: .current)
    guard let directory = try? here.openForReading(directory: true) else { return false }
    defer { withExtendedLifetime(directory) {} }
    return (try? FileCalls.lock(directory.rawValue, isShared: false)) != nil
  }

  /// Whether a directory of a source has something of a name, or may have it.
  static func isCopied(_ name: EntryName, from source: Int32) -> Bool {
    do throws(Errno) {
      return try EntryLocation(directory: source, name: name).metadataIfPresent() != nil
    } catch {
      return true
    }
  }

  private static func names(in directory: Int32) throws(Errno) -> [EntryName] {
    var reader = DirectoryReader()
    var names: [EntryName] = []
    while try reader.fill(from: directory) {
      while let entry = reader.next() {
        if entry.name.isTemporary { names.append(entry.name) }
      }
    }
    return names
  }
}
