// SPDX-License-Identifier: Apache-2.0

internal import Glibc
package import Kernel
internal import SystemPackage

/// A directory of one test, gone with what is in it when the test ends.
///
/// It only holds what is made through it.
package final class ScratchDirectory {
  package let path: String
  private var made: [(path: String, isDirectory: Bool)] = []

  fileprivate init() throws {
    let place = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
    var template = Array("\(place)/fastsync-tests-XXXXXX".utf8CString)
    let isMade = unsafe mkdtemp(&template) != nil
    try check(isMade ? 0 : -1, "mkdtemp")
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    for (path, isDirectory) in made.reversed() {
      _ = isDirectory ? unsafe rmdir(path) : unsafe unlink(path)
    }
    unsafe rmdir(path)
  }

  /// Makes a directory, with those on the way to it.
  package func makeDirectory(_ name: String) throws {
    var built = path
    for component in name.split(separator: "/") {
      built += "/\(component)"
      guard unsafe mkdir(built, 0o755) != 0 else {
        made.append((built, true))
        continue
      }
      try check(errno == EEXIST ? 0 : -1, "mkdir")
    }
  }

  /// Makes a file, with the directories on the way to it.
  package func makeFile(_ name: String, _ text: String = "") throws {
    let file = try open(name)
    defer { close(file) }
    let count = try check(unsafe write(file, text, text.utf8.count), "write")
    guard count == text.utf8.count else { throw CallFailure(call: "write", code: ENOSPC) }
  }

  /// Makes a file, and opens it; the caller closes it.
  package func open(_ name: String) throws -> Int32 {
    if let slash = name.lastIndex(of: "/") { try makeDirectory(String(name[..<slash])) }
    let file = unsafe Glibc.open("\(path)/\(name)", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    try check(file, "open")
    made.append(("\(path)/\(name)", false))
    return file
  }

  /// Makes a symbolic link, with the directories on the way to it.
  package func makeLink(_ name: String, to contents: String) throws {
    if let slash = name.lastIndex(of: "/") { try makeDirectory(String(name[..<slash])) }
    try check(unsafe symlink(contents, "\(path)/\(name)"), "symlink")
    made.append(("\(path)/\(name)", false))
  }
}

/// Runs a test in a fresh directory, which is gone afterwards whatever happens.
package func withScratchDirectory(_ body: (ScratchDirectory) throws -> Void) throws {
  let directory = try ScratchDirectory()
  try withExtendedLifetime(directory) { try body(directory) }
}

/// The metadata of something that is there, to be changed as a test needs it.
package func anyMetadata(of path: String = "/") throws -> EntryMetadata {
  let opened = try Descriptor(opening: FilePath(path))
  defer { withExtendedLifetime(opened) {} }
  return try EntryLocation(open: opened.rawValue).metadata()
}
