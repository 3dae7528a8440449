// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import Glibc
public import SystemPackage

// Paths that options name, which may lead through directories that others can write to.
extension Descriptor {
  /// More links than this lead nowhere, as the kernel has it.
  private static var linksMax: Int { 40 }

  /// Opens a file to append to, or makes it (`open` with O_APPEND and O_CREAT).
  ///
  /// As in rsync 3.5.0 a link is followed only where it belongs to root or to the user: anybody
  /// else could have put it there to have root write where he may not.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - trustsLinks: Whether any link is followed (`--insecure-links`).
  /// - Throws: `Errno.tooManySymbolicLinkLevels` where a link is not followed.
  public init(appendingTo path: FilePath, trustsLinks: Bool) throws(Errno) {
    let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY
    var rest = Self.names(path.bytes)
    var directory = try Self.start(path.bytes)
    var links = 0
    while let name = rest.first {
      rest.removeFirst()
      let entry = EntryLocation(directory: directory.rawValue, name: EntryName(name))
      if let found = try entry.metadataIfPresent(), found.kind == .symbolicLink {
        links += 1
        guard links <= Self.linksMax, trustsLinks || found.owner == 0 || found.owner == geteuid()
        else { throw .tooManySymbolicLinkLevels }
        let contents = Array(try entry.symbolicLinkContents().bytes)
        if contents.first == UInt8(ascii: "/") { directory = try Self.start(contents) }
        rest = Self.names(contents) + rest
        continue
      }
      let isLast = rest.isEmpty
      let wanted = isLast ? flags : cl_o_path | O_DIRECTORY | O_CLOEXEC
      let number = unsafe entry.name.withCString {
        unsafe openat(directory.rawValue, $0, wanted | O_NOFOLLOW, isLast ? 0o644 : 0)
      }
      guard number >= 0 else { throw Errno(rawValue: errno) }
      if isLast {
        self.init(owning: number)
        return
      }
      directory = Descriptor(owning: number)
    }
    throw .isDirectory
  }

  /// Where a path begins: the root, or the working directory.
  private static func start(_ path: [UInt8]) throws(Errno) -> Descriptor {
    try Descriptor(opening: path.first == UInt8(ascii: "/") ? "/" : ".", [.pathOnly, .directory])
  }

  private static func names(_ path: [UInt8]) -> [[UInt8]] {
    path.split(separator: UInt8(ascii: "/")).map(Array.init)
  }
}
