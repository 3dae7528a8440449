// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage

extension RunningProcess {
  /// Stops the program (SIGSTOP) as soon as something is so, and tells whether that came to pass
  /// before the program ended.
  func stop(when condition: (pid_t) throws -> Bool) rethrows -> Bool {
    let deadline = ContinuousClock.now + .seconds(600)
    while ContinuousClock.now < deadline {
      // Stopped while looking: what is seen is so when the signal comes.
      send(SIGSTOP)
      guard waitUntilStopped() else { return false }
      if try condition(processID) { return true }
      send(SIGCONT)
      usleep(500)
    }
    return false
  }

  /// Waits for the stop; false when the program ended instead.
  private func waitUntilStopped() -> Bool {
    var info = unsafe siginfo_t()
    let events = WSTOPPED | WEXITED | WNOWAIT
    // 5 is CLD_STOPPED, which Swift does not see.
    return unsafe waitid(P_PID, id_t(processID), &info, events) == 0 && info.si_code == 5
  }
}

/// Whether a process has a regular file open, for writing, below a directory, that has so many
/// mebibytes of blocks or more.
///
/// A copy that has got that far knows the size of its source.
func hasOpenFile(_ process: pid_t, below path: String, megabytes: Int = 1) -> Bool {
  guard let table = try? OpenDirectory("/proc/\(process)/fd"), let names = try? table.names() else {
    return false
  }
  return names.contains { name in
    guard let target = try? table.linkTarget(name) else { return false }
    let isBelow = target.starts(with: Bytes(text: path + "/"))
    // The mode of the link is what the file is open for.
    let mode = try? table.status(name).st_mode
    var file = stat()
    let isThere = unsafe fstatat(table.descriptor, name.c, &file, 0) == 0
    return isBelow && (mode ?? 0) & 0o200 != 0 && isThere && file.st_blocks >= megabytes << 11
  }
}

/// How many bytes a process has handed to calls that write.
func writtenBytes(_ process: pid_t) throws -> Int {
  let line = try text(of: FilePath("/proc/\(process)/io")).split(separator: "\n")
    .first { $0.hasPrefix("wchar: ") }
  return line.flatMap { Int($0.dropFirst(7)) } ?? 0
}
