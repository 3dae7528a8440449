// SPDX-License-Identifier: Apache-2.0

public import Kernel

// What the contents of symbolic links say.
extension EntryName {
  private static let munged = Array("/rsyncd-munged/".utf8)

  /// Whether a link with these contents leads out of the tree that it lies in, as far as the words
  /// alone tell.
  ///
  /// - Parameter depth: How many directories of the tree lie above the link.
  /// - Returns: Whether it is absolute or empty, climbs above the top, or climbs at all once it has
  ///   gone down.
  public func leadsOut(depth: Int) -> Bool {
    guard let first = bytes.first, first != UInt8(ascii: "/") else { return true }
    let parts = bytes.split(separator: UInt8(ascii: "/"))
    let climbs = parts.prefix { $0.elementsEqual("..".utf8) }.count
    guard !parts.dropFirst(climbs).contains(where: { $0.elementsEqual("..".utf8) }) else {
      return true
    }
    // Of those that only climb, rsync takes the last step for one that follows others.
    if climbs > 1 && bytes.suffix(3).elementsEqual("/..".utf8) { return true }
    return climbs > depth
  }

  /// The contents before `--munge-links` of a daemon made them useless.
  public var unmunged: EntryName {
    count > Self.munged.count && bytes.starts(with: Self.munged)
      ? EntryName(bytes.dropFirst(Self.munged.count)) : self
  }
}
