// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A fresh directory for one test, and the filesystems that are mounted below it.
///
/// All of it is called `fastsync-tests.PID.NUMBER`. What a killed run left behind is found by that
/// name and taken away when the next run starts.
final class Sandbox {
  /// The directory.
  let path: String
  private var mountPoints: [String] = []

  private static let counter = Counter()
  private static let places = ["/tmp", "/dev/shm"]
  private static let prefix = "fastsync-tests."
  private static let leftoversAreGone: Void = {
    for place in places { removeLeftovers(in: place) }
  }()

  /// Where sandboxes are made: in memory where there is plenty of it, with attributes.
  private static let place: String = {
    var status = statvfs()
    let known = unsafe statvfs("/dev/shm", &status) == 0
    guard known && status.f_bavail * status.f_frsize >= 8 << 30 else { return "/tmp" }
    let probe = "/dev/shm/\(prefix)\(getpid()).probe"
    guard unsafe mkdir(probe, 0o700) == 0 else { return "/tmp" }
    defer { unsafe rmdir(probe) }
    let directory = try? OpenDirectory("/dev/shm")
    let name = Bytes(text: "\(prefix)\(getpid()).probe")
    guard let descriptor = directory?.descriptor else { return "/tmp" }
    // tmpfs has user attributes since Linux 6.6.
    return (try? setAttribute(descriptor, name, "user.probe", [1])) == nil ? "/tmp" : "/dev/shm"
  }()

  fileprivate init() throws {
    _ = Sandbox.leftoversAreGone
    path = "\(Sandbox.place)/\(Sandbox.prefix)\(getpid()).\(Sandbox.counter.next())"
    try check(unsafe mkdir(path, 0o755), "mkdir", Bytes(text: path))
  }

  fileprivate func remove() {
    for point in mountPoints.reversed() { Sandbox.unmountAtTheEnd(point) }
    Sandbox.removeTree(path)
  }

  /// The path of a name in the sandbox.
  func path(_ name: String) -> String { "\(path)/\(name)" }

  /// Makes a directory in the sandbox, and returns its path.
  func makeDirectory(_ name: String) throws -> String {
    try check(unsafe mkdir(path(name), 0o755), "mkdir", Bytes(text: name))
    return path(name)
  }

  /// Mounts something below the sandbox, and unmounts it with the sandbox.
  func mount(_ arguments: [String], at name: String) throws -> String {
    let point = try makeDirectory(name)
    try succeed("mount", arguments + [point])
    mountPoints.append(point)
    return point
  }

  /// Has a program mount something at a new directory, which it is given the path of, and unmounts
  /// it with the sandbox.
  ///
  /// - Returns: What the program wrote.
  func mount(at name: String, by program: (String) throws -> ProcessResult) throws -> String {
    let point = try makeDirectory(name)
    let result = try program(point)
    mountPoints.append(point)
    return result.outputText
  }

  /// Unmounts something for which the test goes on.
  ///
  /// A process that another test starts at the same moment may have inherited an open file of it.
  static func unmount(_ point: String) throws {
    for _ in 0..<200 {
      if try run("umount", [point]).status == 0 { return }
      usleep(50_000)
    }
    try succeed("umount", [point])
  }

  private static func unmountAtTheEnd(_ point: String) {
    // A lazy unmount cannot fail.
    if (try? unmount(point)) == nil { _ = try? run("umount", ["--lazy", point]) }
  }

  private static func removeTree(_ path: String) {
    if !isRoot { _ = try? run("chmod", ["-R", "u+rwX", path]) }
    _ = try? run("rm", ["-rf", "--one-file-system", "--", path])
  }

  /// Takes away what runs that no longer exist have left in a directory.
  private static func removeLeftovers(in place: String) {
    guard let directory = try? OpenDirectory(place), let names = try? directory.names() else {
      return
    }
    for name in names.map({ String(decoding: $0, as: UTF8.self) }) where name.hasPrefix(prefix) {
      let number = name.dropFirst(prefix.count).prefix { $0 != "." }
      guard let process = pid_t(number), kill(process, 0) != 0, errno == ESRCH else { continue }
      let mounts = (try? run("findmnt", ["-rno", "TARGET"]).outputText) ?? ""
      for point in mounts.split(separator: "\n").reversed()
      where point.hasPrefix("\(place)/\(name)/") { unmountAtTheEnd(String(point)) }
      removeTree("\(place)/\(name)")
    }
  }
}

/// Runs a test in a fresh directory, which is gone afterwards whatever happens.
func withSandbox<Result>(_ body: (Sandbox) throws -> Result) throws -> Result {
  let sandbox = try Sandbox()
  defer { sandbox.remove() }
  return try body(sandbox)
}

/// Runs a program that is part of a test's preparation, and throws when it fails.
@discardableResult
func succeed(_ program: String, _ arguments: [String]) throws -> ProcessResult {
  let result = try run(program, arguments, timeoutSeconds: 600)
  if result.status != 0 {
    throw ProgramFailure(program: program, arguments: arguments, result: result)
  }
  return result
}

/// Runs the commands of a script in a sandbox, which have to succeed.
func shell(_ script: String, in sandbox: Sandbox) throws {
  try succeed("env", ["--chdir=\(sandbox.path)", "sh", "-ec", script])
}

/// A program that a test needed failed.
struct ProgramFailure: Error, CustomStringConvertible {
  let program: String
  let arguments: [String]
  let result: ProcessResult

  var description: String {
    "\(program) \(arguments.joined(separator: " ")): status \(result.status), signal "
      + "\(result.signal): \(result.errorText.suffix(2000))"
  }
}
