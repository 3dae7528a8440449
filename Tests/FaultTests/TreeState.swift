// SPDX-License-Identifier: Apache-2.0

import FaultInjection
import Glibc

/// What one entry of a tree is, as the kernel tells.
struct EntryState {
  enum Kind: Equatable {
    case file([UInt8])
    case directory
    case link([UInt8])
    /// A device, FIFO or socket, by type and number.
    case node(UInt32, UInt)
  }

  let kind: Kind
  let permissions: UInt32
  let owner: UInt32
  let group: UInt32
  let seconds: Int
  let nanoseconds: Int
  /// Each attribute's name and value.
  let attributes: [String: [UInt8]]
  let inode: UInt

  var isDirectory: Bool { kind.isSame(as: .directory) }
}

extension EntryState.Kind {
  /// Whether two are equal; faster than `==` where nothing is optimized.
  func isSame(as other: Self) -> Bool {
    switch (self, other) {
    case (.file(let one), .file(let two)), (.link(let one), .link(let two)):
      unsafe one.count == two.count && (one.isEmpty || memcmp(one, two, one.count) == 0)
    case (.directory, .directory): true
    case (.node(let one, let number), .node(let two, let other)): one == two && number == other
    default: false
    }
  }
}

/// Reads a tree with plain calls of its own: each entry by its path, "" being the root.
struct TreeState {
  private(set) var entries: [String: EntryState] = [:]

  /// Nothing, where there is no tree.
  init(_ root: String) {
    add(root, "")
  }

  init(entries: [String: EntryState]) { self.entries = entries }

  private mutating func add(_ root: String, _ path: String) {
    let full = path.isEmpty ? root : "\(root)/\(path)"
    var status = stat()
    guard unsafe lstat(full, &status) == 0 else { return }
    let kind: EntryState.Kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .file(Self.contents(full, status.st_size))
      case S_IFDIR: .directory
      case S_IFLNK: .link(Self.linkContents(full))
      default: .node(status.st_mode & S_IFMT, status.st_rdev)
      }
    entries[path] = EntryState(
      kind: kind,
      permissions: status.st_mode & 0o7777,
      owner: status.st_uid,
      group: status.st_gid,
      seconds: status.st_mtim.tv_sec,
      nanoseconds: status.st_mtim.tv_nsec,
      attributes: Self.attributes(full),
      inode: status.st_ino
    )
    guard status.st_mode & S_IFMT == S_IFDIR else { return }
    for name in Self.names(full) { add(root, path.isEmpty ? name : "\(path)/\(name)") }
  }

  private static func names(_ path: String) -> [String] {
    guard let directory = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { tuple in
        unsafe tuple.withMemoryRebound(to: CChar.self, capacity: 256) {
          unsafe String(cString: $0)
        }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }

  private static func contents(_ path: String, _ size: Int) -> [UInt8] {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOATIME)
    guard file >= 0 else { return [] }
    defer { close(file) }
    return unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      count = max(0, unsafe read(file, buffer.baseAddress, size))
    }
  }

  private static func linkContents(_ path: String) -> [UInt8] {
    var contents = [CChar](repeating: 0, count: 4096)
    let count = unsafe readlink(path, &contents, contents.count)
    return contents[..<max(0, count)].map { UInt8(bitPattern: $0) }
  }

  private static func attributes(_ path: String) -> [String: [UInt8]] {
    var list = [CChar](repeating: 0, count: 1024)
    let count = unsafe llistxattr(path, &list, list.count)
    guard count > 0 else { return [:] }
    var found: [String: [UInt8]] = [:]
    for bytes in list[..<count].split(separator: 0) {
      let name = String(decoding: bytes.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      var value = [UInt8](repeating: 0, count: 1024)
      let length = unsafe lgetxattr(path, name, &value, value.count)
      found[name] = Array(value[..<max(0, length)])
    }
    return found
  }

  private static var O_NOATIME: Int32 { 0o1000000 }
}
