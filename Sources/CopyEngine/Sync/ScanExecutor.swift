// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// Counts the files that a run copies, ahead of it: reads names and metadata on both sides, and
/// neither changes nor tells anything.
struct ScanExecutor: ~Copyable, SilentExecutor {
  private let run: RunContext
  private let meter: CopyMeter
  /// When the run began, by the clock of its filesystem.
  private let start: Timestamp
  let remover: TreeRemover
  var done: [EntryDone] = []

  init(_ run: RunContext, _ doomed: DoomedOpener, _ meter: CopyMeter, since start: Timestamp) {
    self.run = run
    self.meter = meter
    self.start = start
    remover = TreeRemover(run, doomed, isDry: true)
  }

  var sweeps: Bool { false }

  mutating func makeDirectory(_ entry: FoundEntry) -> DirectoryOutcome { .isMissing }
  mutating func finish(_ directory: CopyDirectory, isReadable: Bool) {}

  /// What would have to be read on both sides is taken for equal where the times are.
  mutating func contentsAreEqual(_ entry: FoundEntry) -> Bool {
    entry.existing?.modificationTime == entry.metadata.modificationTime
  }

  mutating func keep(_ entry: FoundEntry, without foreign: Int) { noteCopied(entry) }
  mutating func repair(_ entry: FoundEntry, _ delta: MetadataDelta) { noteCopied(entry) }
  mutating func leave(_ entry: FoundEntry) { noteCopied(entry) }

  /// Counts a file that is at the target since this run has copied it meanwhile.
  private func noteCopied(_ entry: FoundEntry) {
    guard entry.metadata.kind == .file, let existing = entry.existing else { return }
    // What is linked to another tree has changed as well.
    guard run.basis.isEmpty || existing.links == 1 else { return }
    guard let time = try? entry.target.changeTime(), time >= start else { return }
    meter.noteAhead(files: 1, bytes: entry.metadata.size)
  }

  mutating func copy(_ entry: FoundEntry) {
    meter.noteAhead(files: 1, bytes: entry.metadata.size)
    done.append(EntryDone(entry: entry, isThere: true))
  }
}
