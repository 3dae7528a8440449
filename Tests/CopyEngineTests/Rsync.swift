// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What a program printed, and how it ended.
struct ProgramResult {
  let status: Int32
  let output: String
  let errors: String
}

/// Runs a program, looked up in PATH, to its end.
func runProgram(_ words: [String]) throws -> ProgramResult {
  let files = try (0..<2).map { _ in try CapturedOutput() }
  var actions = unsafe posix_spawn_file_actions_t()
  unsafe posix_spawn_file_actions_init(&actions)
  defer { unsafe posix_spawn_file_actions_destroy(&actions) }
  unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
  for (number, file) in files.enumerated() {
    unsafe posix_spawn_file_actions_adddup2(&actions, file.descriptor, Int32(number + 1))
  }
  var arguments = unsafe words.map { unsafe strdup($0) } + [nil]
  defer { unsafe arguments.forEach { unsafe free($0) } }
  var process: pid_t = 0
  let failure = unsafe posix_spawnp(&process, words[0], &actions, nil, &arguments, environ)
  guard failure == 0 else {
    throw CallFailure(call: "posix_spawnp", path: words[0], errno: failure)
  }
  var status: Int32 = 0
  while unsafe waitpid(process, &status, 0) < 0 {
    guard errno == EINTR else {
      throw CallFailure(call: "waitpid", path: words[0], errno: errno)
    }
  }
  return ProgramResult(
    status: status & 0x7f == 0 ? (status >> 8) & 0xff : -1,
    output: try files[0].text(),
    errors: try files[1].text()
  )
}

/// A file without a name that takes what a program prints: unlike a pipe it is never full.
private final class CapturedOutput {
  let descriptor: Int32

  init() throws {
    let path = "/tmp/copyengine-output.\(getpid()).\(UInt64.random(in: 0 ... .max))"
    descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_APPEND, 0o600)
    try CallFailure.check(Int(descriptor), "open", path)
    unsafe unlink(path)
  }

  deinit { close(descriptor) }

  func text() throws -> String {
    var bytes = [UInt8](repeating: 0, count: Int(lseek(descriptor, 0, SEEK_END)))
    let count = unsafe pread(descriptor, &bytes, bytes.count, 0)
    try CallFailure.check(count, "pread", "")
    return String(decoding: bytes[..<count], as: UTF8.self)
  }
}

/// A directory for whatever programs and copies put into it.
final class OracleDirectory {
  let path: String

  init() throws {
    let place = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
    var template = Array("\(place)/copyengine-oracle-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else {
      throw CallFailure(call: "mkdtemp", path: place, errno: errno)
    }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { _ = try? runProgram(["rm", "-rf", path]) }
}
