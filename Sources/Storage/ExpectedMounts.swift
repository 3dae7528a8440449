// SPDX-License-Identifier: Apache-2.0

internal import Kernel
public import SystemPackage

/// What the administrator of the machine wants mounted (`/etc/fstab`).
public struct ExpectedMounts: Sendable {
  /// Where filesystems are to be mounted, without the root.
  package let mountPoints: [FilePath]

  /// Reads the table; it is empty where there is none.
  public init() {
    self.init(parsing: SmallFile.bytes("/etc/fstab") ?? [])
  }

  /// Takes a table apart: `device point type options dump pass`, and comments.
  package init(parsing bytes: [UInt8]) {
    let blanks = [UInt8(ascii: " "), UInt8(ascii: "\t")]
    mountPoints = bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
      let fields = line.split(whereSeparator: blanks.contains)
      guard fields.count > 1, fields[0].first != UInt8(ascii: "#"),
        fields[1].first == UInt8(ascii: "/"), fields[1].count > 1
      else { return nil }
      return FilePath(bytes: MountTable.unescaped(fields[1]))
    }
  }

  /// Where something should be mounted at or above a directory, and is not; `nil` where all is as
  /// it should be, or nobody knows.
  ///
  /// - Parameters:
  ///   - directory: An open directory.
  ///   - isMounted: Whether something is mounted on a directory, by its path.
  /// - Returns: The mount point.
  public func missing(
    above directory: Int32,
    isMounted: (FilePath) -> Bool = ExpectedMounts.isMounted
  ) -> FilePath? {
    guard !mountPoints.isEmpty, let path = Self.path(of: directory) else { return nil }
    return mountPoints.first { path.starts(with: $0) && !isMounted($0) }
  }

  /// Whether a directory is another mount than the one above it, as far as the kernel tells.
  public static func isMounted(_ path: FilePath) -> Bool {
    guard let own = try? EntryMetadata(following: path),
      let above = try? EntryMetadata(following: path.appending("..")), own.mount != 0
    else { return true }
    return own.mount != above.mount
  }

  /// The path of an open directory, as the kernel knows it (`/proc/self/fd`).
  private static func path(of directory: Int32) -> FilePath? {
    guard let numbers = try? Descriptor(opening: "/proc/self/fd", .directory) else { return nil }
    defer { withExtendedLifetime(numbers) {} }
    let name = EntryName(String(directory).utf8)
    let link = EntryLocation(directory: numbers.rawValue, name: name)
    return (try? link.symbolicLinkContents()).map { FilePath($0) }
  }
}
