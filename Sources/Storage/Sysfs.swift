// SPDX-License-Identifier: Apache-2.0

package import Kernel
internal import SystemPackage

/// The kernel's tree of devices, and what has to be asked of the filesystem to find a place in it.
///
/// Tests put recorded trees and answers in its place.
package struct Sysfs: Sendable {
  /// Where the tree is mounted.
  package let root: String
  /// What the inode at a path says of itself, links followed; `nil` where there is none.
  package let metadata: @Sendable (_ path: String) -> EntryMetadata?

  package init(
    root: String = "/sys",
    metadata: @escaping @Sendable (_ path: String) -> EntryMetadata? = Self.metadata(of:)
  ) {
    self.root = root
    self.metadata = metadata
  }

  /// The directory of a block device by its number, such as `devices/virtual/block/dm-0`.
  package func directory(major: UInt64, minor: UInt64) -> String? {
    directory(ofLink: "dev/block/\(major):\(minor)")
  }

  /// The directory of a block device by the kernel's name for it.
  package func directory(ofDevice name: String) -> String? {
    directory(ofLink: "class/block/\(name)")
  }

  /// Both kinds of links lie two levels deep; their text tells where a device hangs, in one call.
  private func directory(ofLink path: String) -> String? {
    guard let text = SmallFile.link("\(root)/\(path)"),
      text.hasPrefix("../../devices/")
    else { return nil }
    return String(text.dropFirst("../../".count))
  }

  /// A file without the line's end and blanks around it, or `nil` where it is missing or empty.
  package func text(_ path: String) -> String? {
    guard let contents = SmallFile.text("\(root)/\(path)") else { return nil }
    let text = contents.drop(while: \.isWhitespace)
    guard let last = text.lastIndex(where: { !$0.isWhitespace }) else { return nil }
    return String(text[...last])
  }

  /// A file that holds a number; 0 where there is none.
  package func number(_ path: String) -> Int {
    text(path).flatMap { Int($0) } ?? 0
  }

  /// The names in a directory, sorted; none where it is missing.
  package func names(_ path: String) -> [String] {
    guard let directory = try? Descriptor(opening: FilePath("\(root)/\(path)"), .directory) else {
      return []
    }
    defer { withExtendedLifetime(directory) {} }
    var reader = DirectoryReader()
    var names: [String] = []
    while (try? reader.fill(from: directory.rawValue)) == true {
      while let entry = reader.next() {
        names.append(String(decoding: entry.name.bytes, as: UTF8.self))
      }
    }
    return names.sorted()
  }

  /// `statx` of a path.
  private static func metadata(of path: String) -> EntryMetadata? {
    try? EntryMetadata(following: FilePath(path))
  }
}
