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
      switch waitUntilStopped() {
      case .stopped: if try condition(processID) { return true }
      case .ended: return false
      case .goesOn: break
      }
      send(SIGCONT)
      usleep(500)
    }
    return false
  }

  private enum StopOutcome { case stopped, ended, goesOn }

  /// Waits for the stop, but not for ever: a thread that just ends waits for the kernel threads of
  /// its ring, which are stopped, and so is not itself.
  private func waitUntilStopped() -> StopOutcome {
    var info = unsafe siginfo_t()
    let events = WSTOPPED | WEXITED | WNOWAIT | WNOHANG
    for _ in 0..<2_000 {
      guard unsafe waitid(P_PID, id_t(processID), &info, events) == 0 else { return .ended }
      // 5 is CLD_STOPPED, which Swift does not see; without a signal nothing has happened.
      let (signal, code) = unsafe (info.si_signo, info.si_code)
      if signal != 0 { return code == 5 ? .stopped : .ended }
      usleep(500)
    }
    return .goesOn
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
