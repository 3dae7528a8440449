// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage

/// A filesystem with faults, as `Fixtures/faultfs.c` has it.
struct FaultyFilesystem {
  /// Where it is mounted.
  let path: String
  /// The directory that it shows.
  let backing: String
  /// The process that serves it.
  let server: pid_t

  /// Why there can be none here, or nil.
  static let obstacle: String? = {
    if !isRoot { return "only root can mount filesystems" }
    if !has("gcc") { return "gcc is not installed" }
    return unsafe access("/dev/fuse", F_OK) == 0 ? nil : "there is no /dev/fuse"
  }()

  /// Shows a new directory of a sandbox under `name`, with faults.
  init(in sandbox: Sandbox, as name: String, _ faults: [String] = []) throws {
    let program = sandbox.path("faultfs")
    let source = testFolder.appending("Fixtures").appending("faultfs.c").string
    try succeed("gcc", ["-O1", "-o", program, source])
    backing = try sandbox.makeDirectory("\(name).backing")
    path = sandbox.path(name)
    let words = [backing, path] + faults
    let told = try sandbox.mount(at: name) { _ in try succeed(program, words) }
    server = pid_t(told.prefix { $0.isNumber }) ?? 0
  }

  /// Stops the server between two requests (SIGSTOP), so that none is answered any more.
  ///
  /// What it has read already nobody can take back: who waits for that could not even be killed.
  func stop() throws {
    try check(Glibc.kill(server, SIGSTOP), "kill")
    while try !isStopped {}
  }

  private var isStopped: Bool {
    get throws {
      let status = try succeed("cat", ["/proc/\(server)/stat"]).outputText
      return status.split(separator: ")").last?.split(separator: " ").first == "T"
    }
  }
}
