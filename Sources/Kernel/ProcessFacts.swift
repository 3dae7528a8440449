// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import Glibc
internal import SystemPackage

/// What the process may do, and what the machine gives it.
public enum ProcessFacts {
  /// The size of a page, in bytes (`sysconf`).
  public static let pageBytes = sysconf(Int32(_SC_PAGESIZE))

  /// How many processors there are for the process (`sysconf`).
  public static var processors: Int { sysconf(Int32(_SC_NPROCESSORS_ONLN)) }

  /// Whether owners and devices can be set (CAP_CHOWN and CAP_MKNOD, taken from the user ID).
  public static var isPrivileged: Bool { geteuid() == 0 }

  /// The groups that it is in (`getgroups`, `getgid`, `getegid`).
  public static let groups: Set<UInt32> = {
    var numbers = [gid_t](repeating: 0, count: max(0, Int(getgroups(0, nil))))
    let count = unsafe getgroups(Int32(numbers.count), &numbers)
    return Set(numbers.prefix(max(0, Int(count)))).union([getgid(), getegid()])
  }()

  /// The umask: bits removed from new entries when permissions are not preserved.
  ///
  /// The kernel tells in `/proc/self/status`. Where there is none the mask is set and set back by
  /// the calling thread, which has one of its own from then on, and a working directory.
  public static var creationMask: UInt32 {
    guard let status = SmallFile.bytes("/proc/self/status") else { return cl_creation_mask() }
    return umask(in: status) ?? cl_creation_mask()
  }

  /// The octal number behind `Umask:` at the start of a line.
  static func umask(in status: [UInt8]) -> UInt32? {
    let key: [UInt8] = Array("\nUmask:".utf8)
    var index = 0
    while index + key.count < status.count {
      guard status[index] == key[0], status[index..<(index + key.count)].elementsEqual(key) else {
        index += 1
        continue
      }
      index += key.count
      var mask: UInt32?
      while index < status.count, status[index] != UInt8(ascii: "\n") {
        if status[index] >= UInt8(ascii: "0"), status[index] <= UInt8(ascii: "7") {
          mask = (mask ?? 0) << 3 | UInt32(status[index] - UInt8(ascii: "0"))
        }
        index += 1
      }
      return mask
    }
    return nil
  }

  /// Raises the soft limit on open files to the hard one, at most to a ceiling, and returns what it
  /// is now (`setrlimit`).
  public static func raiseDescriptorLimit(to ceiling: Int) -> Int {
    Int(cl_raise_descriptor_limit(UInt64(ceiling)))
  }
}

/// Files of `/proc` and `/sys`.
public enum SmallFile {
  /// More than any of them has, in bytes: 1 MiB.
  private static let bytesMax = 1 << 20

  /// Reads a file as text, up to 1 MiB; `nil` where it cannot be opened.
  public static func text(_ path: String) -> String? {
    bytes(path).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Reads a file, up to 1 MiB; `nil` where it cannot be opened.
  public static func bytes(_ path: String) -> [UInt8]? {
    let number = unsafe cl_open_path(path, O_RDONLY)
    guard number >= 0 else { return nil }
    let file = Descriptor(owning: number)
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16 << 10)
    while bytes.count < bytesMax {
      let count = unsafe Glibc.read(file.rawValue, &chunk, chunk.count)
      guard count > 0 else { break }
      bytes.append(contentsOf: chunk[..<count])
    }
    return bytes
  }

  /// The contents of a symbolic link; `nil` where there is none (`readlink`).
  public static func link(_ path: String) -> String? {
    var target = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe readlink(path, &target, target.count)
    guard count > 0 else { return nil }
    return String(decoding: target[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
