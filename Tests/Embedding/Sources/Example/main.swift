// SPDX-License-Identifier: Apache-2.0
// Copies a tree, as `fastsync SOURCE/ TARGET` does, and tells what was copied and what failed.

import CopyEngine
import SystemPackage

struct Progress: EventSink {
  let wants: RunEvent.Kinds = [.entries, .failures]
  func receive(_ event: RunEvent) {
    if case .entry(let entry) = event { print("copied", entry.path) }
    if case .failed(let error) = event { print("failed", error) }
  }
}
let words = CommandLine.arguments.map { FilePath($0) }
let source = CopyPlan.Source(path: words[1], isContents: true)
let report = try TreeCopier(events: Progress()).copy(CopyPlan(sources: [source], target: words[2]))
print(report.filesCopied, "files,", report.bytesWritten, "bytes,", report.failures, "failures")
