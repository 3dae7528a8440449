// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// Has directories of the target searched before or after a copy, and copies nothing.
struct SweepExecutor: ~Copyable, SilentExecutor {
  static var visitsOnlyDirectories: Bool { true }

  private let run: RunContext
  let remover: TreeRemover
  /// Whether names are removed; else only the source is read, to find out whether it can be.
  let sweeps: Bool
  private var finisher: DirectoryFinisher
  var done: [EntryDone] = []

  init(_ run: RunContext, _ opener: DirectoryOpener, _ remover: TreeRemover, sweeps: Bool) {
    self.run = run
    self.remover = remover
    self.sweeps = sweeps
    finisher = DirectoryFinisher(run: run, opener: opener)
  }

  /// What the target lacks has nothing that is to be removed, but is read where it counts whether
  /// the source can be read in full.
  mutating func makeDirectory(_ entry: FoundEntry) -> DirectoryOutcome {
    sweeps ? .failed : .isMissing
  }

  mutating func finish(_ directory: CopyDirectory, isReadable: Bool) {
    guard let before = directory.beforeSweep else { return }
    do throws(CopyError) {
      // Before the copy its time is left, as in rsync, which then tells that it differs.
      let found = try finisher.find(
        directory,
        isReadable: isReadable,
        restoresTime: run.options.deletion.sweep != .before
      )
      guard let found else { return }
      guard found.current.permissions != before.permissions else { return }
      try? found.place.target.setPermissions(before.permissions)
    } catch {
      run.fail(error, at: FailedPlace(nearest: directory))
    }
  }

  mutating func contentsAreEqual(_ entry: FoundEntry) -> Bool { true }
  mutating func keep(_ entry: FoundEntry, without foreign: Int) {}
  mutating func repair(_ entry: FoundEntry, _ delta: MetadataDelta) {}
  mutating func copy(_ entry: FoundEntry) { done.append(EntryDone(entry: entry, isThere: true)) }
}
