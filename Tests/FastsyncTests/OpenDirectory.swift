// SPDX-License-Identifier: Apache-2.0

import Glibc

/// An open directory, through which entries are made and looked at one name at a time, so that no
/// path is ever too long.
final class OpenDirectory {
  let descriptor: Int32

  /// Opens a directory by its path.
  convenience init(_ path: String) throws {
    let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
    self.init(descriptor: try check(unsafe Glibc.open(path, flags), "open", Bytes(text: path)))
  }

  private init(descriptor: Int32) {
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Opens a directory below this one (or `..`), without changing its access time where possible.
  func open(_ name: Bytes) throws -> OpenDirectory {
    OpenDirectory(descriptor: try openFile(name, O_RDONLY | O_DIRECTORY))
  }

  /// Opens a file below this one; the caller closes it.
  func openFile(_ name: Bytes, _ flags: Int32 = O_RDONLY, _ mode: mode_t = 0o600) throws -> Int32 {
    let all = flags | O_CLOEXEC | O_NOFOLLOW
    if flags & O_ACCMODE == O_RDONLY {
      let quiet = unsafe openat(descriptor, name.c, all | Hidden.openNoAccessTime)
      if quiet >= 0 { return quiet }
    }
    return try check(unsafe openat(descriptor, name.c, all, mode), "openat", name)
  }

  /// The names of all entries but `.` and `..`, in the order of their bytes.
  func names() throws -> [Bytes] {
    let again = try openFile([0x2e], O_RDONLY | O_DIRECTORY)
    guard let stream = unsafe fdopendir(again) else {
      throw CallFailure(call: "fdopendir", name: [], code: errno)
    }
    defer { unsafe closedir(stream) }
    var names: [Bytes] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
        let bytes = unsafe UnsafeRawPointer(field).assumingMemoryBound(to: UInt8.self)
        let length = unsafe strlen(UnsafeRawPointer(field).assumingMemoryBound(to: CChar.self))
        return unsafe Bytes(UnsafeBufferPointer(start: bytes, count: length))
      }
      if name != [0x2e] && name != [0x2e, 0x2e] { names.append(name) }
    }
    return names.sorted { $0.lexicographicallyPrecedes($1) }
  }

  /// lstat of an entry; of the directory itself for an empty name.
  func status(_ name: Bytes = []) throws -> stat {
    var status = stat()
    let result =
      name.isEmpty
      ? unsafe fstat(descriptor, &status)
      : unsafe fstatat(descriptor, name.c, &status, AT_SYMLINK_NOFOLLOW)
    try check(result, "fstatat", name)
    return status
  }

  /// Where a symbolic link points.
  func linkTarget(_ name: Bytes) throws -> Bytes {
    var buffer = [CChar](repeating: 0, count: 8192)
    let length = unsafe readlinkat(descriptor, name.c, &buffer, buffer.count)
    try check(length, "readlinkat", name)
    return buffer[..<length].map { UInt8(bitPattern: $0) }
  }

  /// Makes a directory, and opens it.
  func makeDirectory(_ name: Bytes, _ mode: mode_t = 0o755) throws -> OpenDirectory {
    try check(unsafe mkdirat(descriptor, name.c, mode), "mkdirat", name)
    return try open(name)
  }

  /// Makes a file with contents in one piece.
  func makeFile(_ name: Bytes, _ contents: Bytes = []) throws {
    let file = try openFile(name, O_WRONLY | O_CREAT | O_EXCL, 0o644)
    defer { close(file) }
    try check(unsafe write(file, contents, contents.count), "write", name)
  }

  /// Makes a symbolic link.
  func makeSymbolicLink(_ name: Bytes, to target: Bytes) throws {
    try check(unsafe symlinkat(target.c, descriptor, name.c), "symlinkat", name)
  }

  /// Makes a hard link to an entry of a directory, to a symbolic link itself if it is one.
  func makeLink(_ name: Bytes, to other: Bytes, in directory: OpenDirectory? = nil) throws {
    let from = directory?.descriptor ?? descriptor
    try check(unsafe linkat(from, other.c, descriptor, name.c, 0), "linkat", name)
  }

  /// Makes a FIFO, socket or device.
  func makeNode(_ name: Bytes, _ mode: mode_t, major: UInt = 0, minor: UInt = 0) throws {
    // glibc's makedev, which is a macro.
    let device =
      (major & 0xfff) << 8 | (major & ~0xfff) << 32 | (minor & 0xff) | (minor & ~0xff) << 12
    try check(unsafe mknodat(descriptor, name.c, mode, device), "mknodat", name)
  }

  func changeMode(_ name: Bytes, _ mode: mode_t) throws {
    try check(unsafe fchmodat(descriptor, name.c, mode, 0), "fchmodat", name)
  }

  func changeOwner(_ name: Bytes, _ owner: uid_t, _ group: gid_t) throws {
    let result = unsafe fchownat(descriptor, name.c, owner, group, AT_SYMLINK_NOFOLLOW)
    try check(result, "fchownat", name)
  }

  func changeTimes(_ name: Bytes, access: timespec, modified: timespec) throws {
    let times = [access, modified]
    let result = unsafe utimensat(descriptor, name.c, times, AT_SYMLINK_NOFOLLOW)
    try check(result, "utimensat", name)
  }

  func changeTimes(_ name: Bytes, _ seconds: Int, _ nanoseconds: Int) throws {
    let time = timespec(tv_sec: seconds, tv_nsec: nanoseconds)
    try changeTimes(name, access: time, modified: time)
  }
}
