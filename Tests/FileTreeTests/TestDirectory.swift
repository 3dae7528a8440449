// SPDX-License-Identifier: Apache-2.0

import FileTree
import Kernel
import Glibc
import TestSupport

/// The open directory of one test.
struct TestDirectory {
  let path: String
  let descriptor: Int32

  /// A place in the directory.
  func location(_ name: Bytes) -> EntryLocation {
    EntryLocation(directory: descriptor, name: EntryName(name))
  }

  /// A place in the directory.
  func location(_ name: String) -> EntryLocation { location(Bytes(text: name)) }

  /// Makes a file, and returns where it is.
  @discardableResult
  func makeFile(_ name: String, _ contents: Bytes = []) throws -> EntryLocation {
    try makeFile(Bytes(text: name), contents)
  }

  /// Makes a file, and returns where it is.
  @discardableResult
  func makeFile(_ name: Bytes, _ contents: Bytes = []) throws -> EntryLocation {
    let file = try open(name, O_WRONLY | O_CREAT | O_EXCL)
    defer { close(file) }
    try check(unsafe write(file, contents, contents.count), "write")
    return location(name)
  }

  /// Makes a directory below, and returns where it is.
  @discardableResult
  func makeDirectory(_ name: String) throws -> EntryLocation {
    try check(unsafe mkdirat(descriptor, name, 0o755), "mkdirat")
    return location(name)
  }

  /// Makes a symbolic link, and returns where it is.
  @discardableResult
  func makeLink(_ name: String, to contents: String) throws -> EntryLocation {
    try check(unsafe symlinkat(contents, descriptor, name), "symlinkat")
    return location(name)
  }

  /// Opens an entry; the caller closes it.
  func open(_ name: Bytes, _ flags: Int32 = O_RDONLY) throws -> Int32 {
    try check(unsafe openat(descriptor, name.c, flags | O_CLOEXEC | O_NOFOLLOW, 0o644), "openat")
  }

  /// Opens an entry; the caller closes it.
  func open(_ name: String, _ flags: Int32 = O_RDONLY) throws -> Int32 {
    try open(Bytes(text: name), flags)
  }

  /// What a file holds.
  func contents(_ name: String) throws -> Bytes {
    let file = try open(name)
    defer { close(file) }
    var bytes = Bytes(repeating: 0, count: 1 << 20)
    let count = try check(unsafe read(file, &bytes, bytes.count), "read")
    return Bytes(bytes[..<count])
  }

  /// `lstat` of an entry.
  func status(_ name: String) throws -> stat {
    var status = stat()
    try check(unsafe fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW), "fstatat")
    return status
  }

  /// The names in the directory as `readdir` has them, in the order of their bytes.
  func names() throws -> [Bytes] { try namesByReaddir(descriptor) }
}

/// Runs a test in a fresh directory, which is gone afterwards whatever happens.
func withDirectory<Result>(_ body: (TestDirectory) throws -> Result) throws -> Result {
  let place = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
  var template = Bytes(text: "\(place)/filetree-tests-XXXXXX").c
  let made = unsafe mkdtemp(&template) != nil
  try check(made ? 0 : -1, "mkdtemp")
  let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  let descriptor = try check(unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open")
  defer {
    removeContents(of: descriptor)
    close(descriptor)
    unsafe rmdir(path)
  }
  return try body(TestDirectory(path: path, descriptor: descriptor))
}

/// The names in an open directory as `readdir` has them, without `.` and `..`, in the order of
/// their bytes.
func namesByReaddir(_ directory: Int32) throws -> [Bytes] {
  // Opened anew, so that the caller's position stays where it is.
  let again = try check(unsafe openat(directory, ".", O_RDONLY | O_DIRECTORY), "openat")
  guard let stream = unsafe fdopendir(again) else {
    throw CallFailure(call: "fdopendir", code: errno)
  }
  defer { unsafe closedir(stream) }
  var names: [Bytes] = []
  while let entry = unsafe readdir(stream) {
    let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
      let chars = unsafe UnsafeRawPointer(field).assumingMemoryBound(to: CChar.self)
      return unsafe UnsafeBufferPointer(start: chars, count: strlen(chars)).map {
        UInt8(bitPattern: $0)
      }
    }
    if name != [0x2e] && name != [0x2e, 0x2e] { names.append(name) }
  }
  return names.sorted { $0.lexicographicallyPrecedes($1) }
}

private func removeContents(of directory: Int32) {
  for name in (try? namesByReaddir(directory)) ?? [] {
    if unsafe unlinkat(directory, name.c, 0) == 0 { continue }
    unsafe fchmodat(directory, name.c, 0o700, 0)
    let child = unsafe openat(directory, name.c, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    guard child >= 0 else { continue }
    removeContents(of: child)
    close(child)
    unsafe unlinkat(directory, name.c, AT_REMOVEDIR)
  }
}
