// SPDX-License-Identifier: Apache-2.0

import Glibc

/// How a program ended, and what it wrote.
struct ProcessResult: Sendable {
  /// The exit status; -1 when a signal ended the program.
  var status: Int32
  /// The signal that ended the program, or 0.
  var signal: Int32
  /// What it wrote to its standard output.
  var standardOutput: [UInt8]
  /// What it wrote to its standard error.
  var standardError: [UInt8]

  /// The standard output as text, repaired where it is not UTF-8.
  var outputText: String { String(decoding: standardOutput, as: UTF8.self) }
  /// The standard error as text, repaired where it is not UTF-8.
  var errorText: String { String(decoding: standardError, as: UTF8.self) }
  /// The lines of the standard error, without hints at what may help, and without the numbers of
  /// failures that are not printed.
  var complaints: [Substring] {
    errorText.split(separator: "\n").filter { line in
      !["fastsync: hint: ", "fastsync: and "].contains { line.hasPrefix($0) }
    }
  }
}

/// Why a program could not be run to its end.
enum ProcessFailure: Error {
  /// A call failed with this errno.
  case call(String, Int32)
  /// It was killed because it took longer than this.
  case timeout(String, seconds: Double)
}

/// A program that was started; it is a process group of its own.
struct RunningProcess {
  /// The process.
  let processID: pid_t
  private let name: String
  private let output: CaptureFile
  private let error: CaptureFile

  /// Starts a program with empty standard input and all signals at their defaults.
  ///
  /// - Parameters:
  ///   - executable: Looked up in PATH when it has no slash.
  ///   - rawArguments: What follows the program's name.
  ///   - environment: Replaces the environment of this process.
  ///   - directory: Where it runs.
  ///   - user: Runs it as this user and group without other groups (by setpriv).
  /// - Throws: `ProcessFailure`.
  init(
    _ executable: String,
    rawArguments: [[UInt8]],
    environment: [String: String]? = nil,
    directory: String? = nil,
    user: UInt32? = nil
  ) throws {
    var words = [Array(executable.utf8)] + rawArguments
    if let user {
      let prefix = ["setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups", "--"]
      words = prefix.map { Array($0.utf8) } + words
    }
    if let directory {
      words = ["env", "--chdir=\(directory)", "--"].map { Array($0.utf8) } + words
    }
    name = executable
    output = try CaptureFile()
    error = try CaptureFile()
    processID = try RunningProcess.spawn(
      words,
      environment: environment,
      output: output.descriptor,
      error: error.descriptor
    )
  }

  /// Sends a signal to the program alone.
  func send(_ signal: Int32) {
    kill(processID, signal)
  }

  /// What it wrote to its standard output until now.
  func outputUntilNow() throws -> [UInt8] {
    try output.contents()
  }

  /// What it wrote to its standard error until now.
  func errorUntilNow() throws -> [UInt8] {
    try error.contents()
  }

  /// Waits for the end; kills the whole process group when that takes too long.
  func wait(timeoutSeconds: Double = 600) throws -> ProcessResult {
    var status: Int32 = 0
    let deadline = ContinuousClock.now + .seconds(timeoutSeconds)
    while unsafe waitpid(processID, &status, WNOHANG) == 0 {
      if ContinuousClock.now > deadline {
        kill(-processID, SIGKILL)
        unsafe waitpid(processID, &status, 0)
        throw ProcessFailure.timeout(name, seconds: timeoutSeconds)
      }
      usleep(1_000)
    }
    let signal = status & 0x7f
    return ProcessResult(
      status: signal == 0 ? (status >> 8) & 0xff : -1,
      signal: signal,
      standardOutput: try output.contents(),
      standardError: try error.contents()
    )
  }

  private static func spawn(
    _ words: [[UInt8]],
    environment: [String: String]?,
    output: Int32,
    error: Int32
  ) throws -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_adddup2(&actions, output, 1)
    unsafe posix_spawn_file_actions_adddup2(&actions, error, 2)

    var attributes = posix_spawnattr_t()
    var signals = sigset_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    unsafe sigemptyset(&signals)
    unsafe posix_spawnattr_setsigmask(&attributes, &signals)
    unsafe sigfillset(&signals)
    unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
    let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
    unsafe posix_spawnattr_setflags(&attributes, Int16(flags))

    let arguments = unsafe CStrings(words)
    let variables = unsafe CStrings(
      (environment ?? [:]).map { Array("\($0)=\($1)".utf8) }
    )
    defer {
      unsafe arguments.free()
      unsafe variables.free()
    }
    var process: pid_t = 0
    let failure = unsafe posix_spawnp(
      &process,
      words[0].map { CChar(bitPattern: $0) } + [0],
      &actions,
      &attributes,
      arguments.base,
      environment == nil ? environ : variables.base
    )
    if failure != 0 { throw ProcessFailure.call("posix_spawnp", failure) }
    return process
  }
}

/// A NULL-terminated array of C strings.
@unsafe private struct CStrings {
  let base: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  let count: Int

  init(_ strings: [[UInt8]]) {
    unsafe count = strings.count
    unsafe base = .allocate(capacity: count + 1)
    for (index, string) in strings.enumerated() {
      let copy = UnsafeMutablePointer<CChar>.allocate(capacity: string.count + 1)
      for (offset, byte) in string.enumerated() {
        unsafe (copy + offset).initialize(to: CChar(bitPattern: byte))
      }
      unsafe (copy + string.count).initialize(to: 0)
      unsafe (base + index).initialize(to: copy)
    }
    unsafe (base + count).initialize(to: nil)
  }

  func free() {
    for index in unsafe 0..<count { unsafe base[index]?.deallocate() }
    unsafe base.deallocate()
  }
}

/// An unlinked temporary file that takes what a program writes: unlike a pipe it is never full, and
/// no other child can hold it open.
private final class CaptureFile: @unchecked Sendable {
  let descriptor: Int32

  init() throws {
    let path = "/tmp/fastsync-output.\(getpid()).\(UInt64.random(in: 0 ... .max))"
    descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_APPEND, 0o600)
    if descriptor < 0 { throw ProcessFailure.call("open", errno) }
    unsafe unlink(path)
  }

  deinit { close(descriptor) }

  func contents() throws -> [UInt8] {
    var all: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = unsafe pread(descriptor, &block, block.count, off_t(all.count))
      if count < 0 { throw ProcessFailure.call("pread", errno) }
      if count == 0 { return all }
      all += block[..<count]
    }
  }
}

/// Runs a program to its end; the arguments are text.
func run(
  _ executable: String,
  _ arguments: [String],
  environment: [String: String]? = nil,
  directory: String? = nil,
  user: UInt32? = nil,
  timeoutSeconds: Double = 600
) throws -> ProcessResult {
  try run(
    executable,
    rawArguments: arguments.map { Array($0.utf8) },
    environment: environment,
    directory: directory,
    user: user,
    timeoutSeconds: timeoutSeconds
  )
}

/// Runs a program to its end; the arguments are bytes.
func run(
  _ executable: String,
  rawArguments: [[UInt8]],
  environment: [String: String]? = nil,
  directory: String? = nil,
  user: UInt32? = nil,
  timeoutSeconds: Double = 600
) throws -> ProcessResult {
  let process = try RunningProcess(
    executable,
    rawArguments: rawArguments,
    environment: environment,
    directory: directory,
    user: user
  )
  return try process.wait(timeoutSeconds: timeoutSeconds)
}

/// The command that the tests run: FASTSYNC_BINARY, or the one that was built beside the tests.
var fastsyncBinary: String {
  if let path = unsafe getenv("FASTSYNC_BINARY") { return unsafe String(cString: path) }
  // The test bundle is an argument of the runner: .build/debug/fastsyncPackageTests.xctest.
  let bundle = CommandLine.arguments.first { $0.contains(".xctest") } ?? ".build/debug/"
  return String(bundle[...(bundle.lastIndex(of: "/") ?? bundle.startIndex)]) + "fastsync"
}

/// Whether it is the build that is shipped.
let isShipped = fastsyncBinary.contains("/.build/release/")
