// SPDX-License-Identifier: Apache-2.0

import FaultInjection
import Glibc
import TestSupport
import Testing

/// What the library calls can be made to fail.
@Suite("Coverage of faults")
struct CoverageTests {
  /// The targets below the command.
  private static let targets = [
    "CLiburing", "Kernel", "Uring", "Storage", "FileTree", "CopyEngine",
  ]

  /// What cannot fail, or is made to fail elsewhere, by the beginning of its name.
  private static let others: [(prefix: String, reason: String)] = [
    ("$", "Swift"), ("swift", "Swift"), ("_swift", "Swift"), ("__swift", "Swift"),
    ("cl_", "the shim"), ("find_", "the shim"), ("access", "is asked once in a process"),
    ("fchdir", "where newer calls are missing"), ("fstatat", "where newer calls are missing"),
    ("unshare", "where newer calls are missing"),
    ("io_uring_", "SimulatedKernel and FailingQueue fail in its place"),
    ("mem", "memory"), ("bcmp", "memory"), ("malloc", "memory"), ("mallopt", "memory"),
    ("calloc", "memory"),
    ("free", "memory"), ("munmap", "memory"), ("posix_memalign", "memory"), ("str", "text"),
    ("snprintf", "text"), ("popt", "options"), ("putenv", "options"), ("unsetenv", "options"),
    ("XXH", "arithmetic"), ("MD", "arithmetic"), ("SHA1_", "arithmetic"),
    ("pthread_mutex_", "locks"), ("pthread_cond", "locks"), ("pthread_join", "threads"),
    ("pthread_detach", "threads"), ("pthread_sigmask", "has no error"), ("sig", "has no error"),
    ("__", "the compiler"), ("gnu_dev_", "arithmetic"),
    ("clock_gettime", "has no error"), ("time", "has no error"), ("usleep", "has no error"),
    ("getcwd", "has no error where relative paths lead somewhere"),
    ("sysconf", "has no error"), ("umask", "has no error"),
    ("getrlimit", "what is there stays"), ("setrlimit", "what is there stays"),
    ("popen", "a name is not known then"), ("pclose", "has nothing more to say"),
    ("getegid", "has no error"), ("getgid", "has no error"), ("getgroups", "what is there stays"),
    ("fileno", "has no error"), ("fnmatch", "text"),
    ("sched_", "what is there stays"), ("nice", "what is there stays"),
    ("mkdir", "for mapfiles, which no copy needs"), ("write", "for mapfiles, which no copy needs"),
    ("rename", "for metrics, which no copy needs"), ("unlink", "for metrics, which no copy needs"),
    ("getpid", "has no error"),
  ]

  /// The names that the objects of a target leave to be found elsewhere (`nm -u`).
  private func undefined(in target: String) throws -> [String] {
    var path = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe readlink("/proc/self/exe", &path, path.count)
    let program = String(decoding: path[..<max(0, count)].map(UInt8.init), as: UTF8.self)
    let slash = try #require(program.lastIndex(of: "/"))
    let objects = "\(program[..<slash])/\(target).build"
    let command = "find '\(objects)' -name '*.o' -exec nm -u --format=posix {} +"
    guard let stream = unsafe popen(command, "r") else {
      throw CallFailure(call: "popen", code: errno)
    }
    defer { unsafe pclose(stream) }
    var names: Set<String> = []
    var line = [CChar](repeating: 0, count: 4096)
    while unsafe fgets(&line, Int32(line.count), stream) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
      let words = text.split(whereSeparator: \.isWhitespace)
      if words.count == 2, words[1] == "U" { names.insert(String(words[0])) }
    }
    return names.sorted()
  }

  @Test("every call of the library fails under faults, or is known not to", arguments: targets)
  func calls(_ target: String) throws {
    let names = try undefined(in: target)
    try #require(!names.isEmpty, "no objects were found")
    for name in names where unsafe !fi_covers(name) {
      let reason = Self.others.first { name.hasPrefix($0.prefix) }?.reason
      #expect(reason != nil, "\(name) is neither in Tests/FaultInjection nor in this table")
    }
  }
}
