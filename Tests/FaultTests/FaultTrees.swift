// SPDX-License-Identifier: Apache-2.0

import FaultInjection
import Glibc
import SimulatedKernel
import TestSupport

/// The trees of a thread: sources that no run changes, and a target that is made anew for each.
struct FaultTrees {
  /// What is at the target before a run.
  enum Before: CaseIterable {
    case nothing, emptyDirectory, mixed
  }

  let path: String
  var source: String { "\(path)/source" }
  /// A second source, which has some of the names of the first.
  var other: String { "\(path)/other" }
  var target: String { "\(path)/target" }
  private var isRoot: Bool { geteuid() == 0 }

  /// Makes the sources in an empty directory.
  init(in path: String) throws {
    self.path = path
    try makeSource()
    try makeOther()
  }

  /// Makes the target anew.
  func reset(_ before: Before) throws {
    Self.remove(target)
    switch before {
    case .nothing: break
    case .emptyDirectory: try makeDirectory(target)
    case .mixed: try makeMixed(target)
    }
  }

  private func makeSource() throws {
    let root = source
    for name in ["", "/d", "/d/deep", "/listed", "/closed", "/was-file"] {
      try makeDirectory(root + name)
    }
    try makeFile(root + "/empty", 0)
    try makeFile(root + "/equal", 100)
    try makeFile(root + "/differs", 5_000)
    try makeFile(root + "/touched", 300)
    try makeFile(root + "/large", 150_003)
    try makeFile(root + "/allocated", (1 << 20) + 5)
    try makeSparse(root + "/sparse")
    for name in ["/d/deep/leaf", "/closed/inside", "/was-file/inside", "/was-empty", "/was-link"] {
      try makeFile(root + name, 700 + name.utf8.count)
    }
    try makeFile(root + "/one", 900)
    for name in ["/d/two", "/d/three"] {
      try check(unsafe link(root + "/one", root + name), "link")
    }
    try check(unsafe symlink("equal", root + "/link"), "symlink")
    try check(unsafe symlink("nowhere", root + "/dangling"), "symlink")
    try check(unsafe mkfifo(root + "/fifo", 0o640), "mkfifo")
    try makeFile(root + "/attributes", 50)
    try setAttribute(root + "/attributes", "user.first", [1, 2, 3])
    try setAttribute(root + "/attributes", "user.second", Array(repeating: 7, count: 200))
    try makeFile(root + "/access", 60)
    try setAttribute(root + "/access", "system.posix_acl_access", Self.accessList)
    try setAttribute(root + "/listed", "system.posix_acl_default", Self.accessList)
    try makeFile(root + "/listed/inside", 70)
    if isRoot {
      try check(unsafe chown(root + "/touched", 1001, 1002), "chown")
      try check(unsafe chmod(root + "/touched", 0o4755), "chmod")
      _ = unsafe mknod(root + "/device", S_IFCHR | 0o600, 0x103)
    }
    try check(unsafe chmod(root + "/closed", 0o500), "chmod")
    try setTimes(root)
  }

  /// What the second source has under the same names must not arrive.
  private func makeOther() throws {
    for name in ["", "/d", "/only-here"] { try makeDirectory(other + name) }
    for name in ["/equal", "/large", "/d/two", "/d/new", "/only-here/file"] {
      try makeFile(other + name, 400 + name.utf8.count)
    }
    try check(unsafe symlink("elsewhere", other + "/link"), "symlink")
    try setTimes(other)
  }

  /// A target that some of the names have already, equal, different, or of another kind.
  private func makeMixed(_ root: String) throws {
    for name in ["", "/d", "/was-empty", "/closed"] { try makeDirectory(root + name) }
    try makeFile(root + "/equal", 100)
    try makeFile(root + "/differs", 6_000)
    try makeFile(root + "/touched", 300)
    try makeFile(root + "/large", 80_000)
    try makeFile(root + "/was-file", 20)
    try makeFile(root + "/one", 901)
    try makeFile(root + "/d/two", 900)
    try makeFile(root + "/only-at-target", 30)
    try makeFile(root + "/attributes", 50)
    try setAttribute(root + "/attributes", "user.first", [9])
    try setAttribute(root + "/attributes", "user.third", [9, 9])
    try check(unsafe symlink("other", root + "/link"), "symlink")
    try check(unsafe symlink("other", root + "/was-link"), "symlink")
    try check(unsafe mkfifo(root + "/dangling", 0o600), "mkfifo")
    try makeFile(root + "/fifo", 40)
    try setTimes(root)
    try setTime(root + "/touched", seconds: 1_000_000_000)
    try check(unsafe chmod(root + "/closed", 0o500), "chmod")
  }
}

// Making entries.
extension FaultTrees {
  /// An ACL: user::rw-, user:1003:r--, group::r--, mask::rw-, other::---.
  private static let accessList: [UInt8] =
    [2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 4, 0, 0xeb, 3, 0, 0]
    + [4, 0, 4, 0, 255, 255, 255, 255, 16, 0, 6, 0, 255, 255, 255, 255]
    + [32, 0, 0, 0, 255, 255, 255, 255]

  private func makeDirectory(_ path: String) throws {
    try check(unsafe mkdir(path, 0o755), "mkdir")
  }

  /// The contents follow from the last name and the size.
  private func makeFile(_ path: String, _ size: Int) throws {
    let name = path.split(separator: "/").last ?? ""
    var random = SplitMix64(seed: name.utf8.reduce(UInt64(size)) { $0 &* 31 &+ UInt64($1) })
    try write(random.bytes(size), to: path, at: 0)
  }

  private func write(_ bytes: [UInt8], to path: String, at offset: Int) throws {
    let file = try check(unsafe open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644), "open")
    defer { close(file) }
    let count = unsafe pwrite(file, bytes, bytes.count, offset)
    guard count == bytes.count else { throw CallFailure(call: "pwrite", code: errno) }
  }

  private func makeSparse(_ path: String) throws {
    try write(Array(repeating: 1, count: 4096), to: path, at: 8192)
    try write(Array(repeating: 2, count: 4096), to: path, at: 128 << 10)
    try check(unsafe truncate(path, 256 << 10), "truncate")
  }

  private func setAttribute(_ path: String, _ name: String, _ value: [UInt8]) throws {
    try check(unsafe lsetxattr(path, name, value, value.count, 0), "lsetxattr")
  }

  /// Where they are.
  static let place =
    unsafe getenv("FASTSYNC_FAULT_DIRECTORY").map { unsafe String(cString: $0) } ?? "/dev/shm"

  /// Whether the place has attributes and ACLs, as memory has from Linux 6.6 on.
  static var canBeMade: Bool {
    var template = Array("\(place)/fastsync-faults-XXXXXX".utf8CString)
    let file = unsafe mkstemp(&template)
    guard file >= 0 else { return false }
    defer {
      close(file)
      _ = unsafe unlink(template)
    }
    return unsafe fsetxattr(file, "user.any", [1], 1, 0) == 0
      && fsetxattr(file, "system.posix_acl_access", accessList, accessList.count, 0) == 0
  }

  /// Gives every entry a time of its own, those below first.
  private func setTimes(_ root: String) throws {
    let paths = TreeState(root).entries.keys.sorted { $0.utf8.count > $1.utf8.count }
    for path in paths {
      try setTime("\(root)/\(path)", seconds: 1_500_000_000 + path.utf8.count)
    }
  }

  private func setTime(_ path: String, seconds: Int) throws {
    let times = [
      timespec(tv_sec: seconds, tv_nsec: 5), timespec(tv_sec: seconds, tv_nsec: 123_457),
    ]
    try check(unsafe utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), "utimensat")
  }

  /// Removes a tree, if there is one.
  static func remove(_ path: String) {
    guard unsafe unlink(path) != 0, errno == EISDIR || errno == EPERM else { return }
    _ = unsafe chmod(path, 0o700)
    if let directory = unsafe opendir(path) {
      while let entry = unsafe readdir(directory) {
        let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
          unsafe String(cString: UnsafeRawPointer(field).assumingMemoryBound(to: CChar.self))
        }
        if name != "." && name != ".." { remove("\(path)/\(name)") }
      }
      unsafe closedir(directory)
    }
    _ = unsafe rmdir(path)
  }
}
