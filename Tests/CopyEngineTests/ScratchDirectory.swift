// SPDX-License-Identifier: Apache-2.0

import FileTree
import Glibc
import Testing

/// A directory of one test, gone with what is in it when the test ends.
///
/// It only holds what is made through it.
final class ScratchDirectory {
  let path: String
  private var made: [(path: String, isDirectory: Bool)] = []

  fileprivate init() throws {
    let place = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
    var template = Array("\(place)/copyengine-tests-XXXXXX".utf8CString)
    try #require(unsafe mkdtemp(&template) != nil)
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    for (path, isDirectory) in made.reversed() {
      _ = isDirectory ? unsafe rmdir(path) : unsafe unlink(path)
    }
    unsafe rmdir(path)
  }

  /// Makes a directory, with those on the way to it.
  func makeDirectory(_ name: String) throws {
    var built = path
    for component in name.split(separator: "/") {
      built += "/\(component)"
      guard unsafe mkdir(built, 0o755) != 0 else {
        made.append((built, true))
        continue
      }
      try #require(errno == EEXIST)
    }
  }

  /// Makes a file, with the directories on the way to it.
  func makeFile(_ name: String, _ text: String = "") throws {
    let file = try open(name)
    defer { close(file) }
    try #require(unsafe write(file, text, text.utf8.count) == text.utf8.count)
  }

  /// Makes a file, and opens it; the caller closes it.
  func open(_ name: String) throws -> Int32 {
    if let slash = name.lastIndex(of: "/") { try makeDirectory(String(name[..<slash])) }
    let file = unsafe Glibc.open("\(path)/\(name)", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    try #require(file >= 0)
    made.append(("\(path)/\(name)", false))
    return file
  }

  /// Makes a symbolic link, with the directories on the way to it.
  func makeLink(_ name: String, to contents: String) throws {
    if let slash = name.lastIndex(of: "/") { try makeDirectory(String(name[..<slash])) }
    try #require(unsafe symlink(contents, "\(path)/\(name)") == 0)
    made.append(("\(path)/\(name)", false))
  }
}

/// Runs a test in a fresh directory, which is gone afterwards whatever happens.
func withScratchDirectory(_ body: (ScratchDirectory) throws -> Void) throws {
  let directory = try ScratchDirectory()
  try withExtendedLifetime(directory) { try body(directory) }
}

/// The metadata of something that is there, to be changed as a test needs it.
func anyMetadata(of path: String = "/") throws -> EntryMetadata {
  let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
  try #require(descriptor >= 0)
  defer { close(descriptor) }
  return try EntryLocation(open: descriptor).metadata()
}
