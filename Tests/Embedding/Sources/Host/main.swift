// SPDX-License-Identifier: Apache-2.0
// A process that has other things to do, and stops for whoever looks at it from outside: before,
// amid and after a copy it tells so, and waits for a line.

import CopyEngine
import Glibc
import SystemPackage

/// Says where it is, and waits.
func pause(_ word: String) {
  print(word)
  fflush(nil)
  _ = readLine()
}

/// Waits in the first event.
struct Pausing: EventSink {
  let wants: RunEvent.Kinds = [.entries]
  func receive(_ event: RunEvent) {
    if case .entry(let entry) = event, entry.path.lastComponent == "pause" { pause("amid") }
  }
}

// Counts on its own thread, which is the one that it was made for.
nonisolated(unsafe) var signals = 0
let thread = pthread_self()
signal(SIGUSR1) { _ in
  unsafe signals += pthread_equal(pthread_self(), thread) != 0 ? 1 : 1_000
}
umask(0o027)
pause("before")
// Not from the command line, which Swift only knows where there is `/proc`.
let words = (readLine() ?? "").split(separator: " ").map { FilePath(String($0)) }
var plan = CopyPlan(sources: [.init(path: words[0], isContents: true)], target: words[1])
if words.count > 2 {
  // Small files are written as on a disk that seeks.
  plan.options.transfer.targetProfile = .hdd
}
let report = try TreeCopier(events: Pausing()).copy(plan)
pause("after \(report.filesCopied) \(report.failures) \(unsafe signals)")
