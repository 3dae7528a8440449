// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// A kind of filesystem that the tests can make in a file, mount, and throw away.
enum Filesystem: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case ext4
  case xfs
  case btrfs

  var testDescription: String { rawValue }

  /// The smallest size that mkfs takes without complaint (XFS: 300 MiB), in MiB.
  static let megabytesMin = 320

  /// The longest target of a symbolic link, in bytes.
  var symbolicLinkBytesMax: Int { self == .xfs ? 1023 : 4095 }

  /// What mkfs needs to be told.
  private var arguments: [String] {
    switch self {
    // Without -b a small image gets blocks of 1 KiB, and files of at most 4 TiB.
    case .ext4: ["-q", "-F", "-b", "4096", "-E", "lazy_itable_init=0,lazy_journal_init=0"]
    case .xfs: ["-q", "-f"]
    case .btrfs: ["-q", "-f"]
    }
  }

  /// Makes a filesystem of this kind in a sandbox, and mounts it there under `name`.
  ///
  /// It is mounted without access times unless told otherwise: looking at it must not change it.
  func make(
    in sandbox: Sandbox,
    as name: String,
    megabytes: Int = megabytesMin,
    options: String = "noatime"
  ) throws -> String {
    let image = sandbox.path("\(name).img")
    try succeed("truncate", ["-s", "\(megabytes)M", image])
    try succeed("mkfs.\(rawValue)", arguments + [image])
    // The loop device goes away with the mount. Two mounts at once can choose the same free one.
    for attempt in 1... {
      do {
        return try sandbox.mount(["-t", rawValue, "-o", "loop,\(options)", image], at: name)
      } catch let failure as ProgramFailure {
        unsafe rmdir(sandbox.path(name))
        if attempt == 20 { throw failure }
        usleep(200_000)
      }
    }
    return name
  }
}

/// Why tests with their own filesystems cannot run here, or nil.
let filesystemObstacle: String? = {
  if !isRoot { return "only root can mount filesystems" }
  let missing = ["mkfs.ext4", "mkfs.xfs", "mkfs.btrfs", "losetup"].filter { !has($0) }
  return missing.isEmpty ? nil : "not installed: \(missing.joined(separator: ", "))"
}()
