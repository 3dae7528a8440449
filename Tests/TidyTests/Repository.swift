// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// The files that rules are held against: those of the repository, or an example in memory.
struct Repository {
  /// The files with text, ordered by their paths.
  let files: [SourceFile]
  /// All files and folders.
  let paths: Set<String>

  /// An example: texts by their paths, and paths that only exist.
  init(_ texts: [String: String], present: [String] = []) {
    files = texts.sorted { $0.key < $1.key }.map {
      SourceFile(path: $0.key, bytes: Array($0.value.utf8))
    }
    var paths: Set<String> = []
    for path in Array(texts.keys) + present {
      let parts = path.split(separator: "/")
      for count in 1...parts.count { paths.insert(parts.prefix(count).joined(separator: "/")) }
    }
    self.paths = paths
  }

  /// Reads the repository at a path.
  init(root: String) throws {
    var folders = [""]
    var files: [SourceFile] = []
    var paths: Set<String> = []
    while let folder = folders.popLast() {
      for (name, type) in try entries("\(root)/\(folder)") {
        let path = folder.isEmpty ? name : "\(folder)/\(name)"
        paths.insert(path)
        if type == DT_DIR && !Repository.isLeftOut(name) {
          folders.append(path)
        } else if type == DT_REG && Repository.isText(name) {
          files.append(SourceFile(path: path, bytes: try contents("\(root)/\(path)")))
        }
      }
    }
    self.files = files.sorted { $0.path < $1.path }
    self.paths = paths
  }

  /// The repository that this file is a part of, read once for all tests.
  static let here = Result { try Repository(root: root) }

  /// The top of the repository: three names above this file.
  private static var root: String {
    #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
      .joined(separator: "/")
  }

  /// Folders that hold no text of the project.
  ///
  /// What CI runs is the one hidden folder that does.
  private static func isLeftOut(_ name: String) -> Bool {
    name.hasPrefix(".") && name != ".ci" || name == "__pycache__"
  }

  /// Files whose texts rules ask for; names without a suffix are scripts and Makefiles.
  private static func isText(_ name: String) -> Bool {
    guard !name.hasPrefix("."), let dot = name.lastIndex(of: ".") else {
      return !name.hasPrefix(".")
    }
    return [".swift", ".c", ".h", ".py", ".sh", ".md", ".1"].contains(name[dot...])
  }

  /// The Swift and C files.
  var code: [SourceFile] { files.filter { $0.isSwift || $0.isC } }

  /// The Swift files of Sources.
  var sources: [SourceFile] { files.filter { $0.isSwift && $0.isInSources } }

  /// A file by its path.
  func file(_ path: String) -> SourceFile? { files.first { $0.path == path } }
}

/// A file that could not be read.
private struct ReadFailure: Error {
  let path: String
  let code: Int32
}

/// The names in a folder, and their types as readdir has them.
private func entries(_ folder: String) throws -> [(name: String, type: Int)] {
  guard let stream = unsafe opendir(folder) else { throw ReadFailure(path: folder, code: errno) }
  defer { unsafe closedir(stream) }
  var entries: [(name: String, type: Int)] = []
  while let entry = unsafe readdir(stream) {
    let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
      unsafe String(cString: UnsafeRawPointer(field).assumingMemoryBound(to: CChar.self))
    }
    guard name != "." && name != ".." else { continue }
    let type = unsafe Int(entry.pointee.d_type)
    entries.append((name, type == DT_UNKNOWN ? askedType("\(folder)/\(name)") : type))
  }
  return entries
}

/// The type of an entry on a filesystem that does not tell by readdir.
private func askedType(_ path: String) -> Int {
  var status = stat()
  guard unsafe lstat(path, &status) == 0 else { return DT_UNKNOWN }
  switch status.st_mode & S_IFMT {
  case S_IFDIR: return DT_DIR
  case S_IFREG: return DT_REG
  default: return DT_UNKNOWN
  }
}

private func contents(_ path: String) throws -> [UInt8] {
  let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { throw ReadFailure(path: path, code: errno) }
  defer { close(descriptor) }
  var bytes: [UInt8] = []
  var block = [UInt8](repeating: 0, count: 64 << 10)
  while true {
    let count = unsafe read(descriptor, &block, block.count)
    guard count >= 0 else { throw ReadFailure(path: path, code: errno) }
    if count == 0 { return bytes }
    bytes += block[..<count]
  }
}
