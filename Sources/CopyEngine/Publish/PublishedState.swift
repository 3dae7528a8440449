// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// A file whose data has all been written.
struct CompleteFile: ~Copyable {
  let entry: FoundEntry
  /// What the source was when it was opened.
  let opened: EntryMetadata
  let source: Descriptor
  var target: TargetFile
  /// How far its data has come.
  let data: DataPlace
  /// Whether it goes from the cache when it is on the disk.
  let isDropped: Bool
  /// How the source changed meanwhile, if it did.
  let change: CopyError.Operation?
}

/// What the publishers of a run share.
struct PublishedState: Sendable {
  let targets = TargetFilesystems()
  let temporarilyWritable: TemporarilyWritable
  let recent = RecentFiles()
  let writeback: WritebackQueue
  /// The trees beside the target that it cannot share inodes with, as was told.
  let unlinkedTrees = BasisTreesTold()
  /// What has to stay free, if anything has to.
  let space: FreeSpace?
  /// Where files are before they have their names, if not beside those.
  let staging: Staging?

  /// Prepares a run.
  ///
  /// - Parameters:
  ///   - run: The run.
  ///   - onSettled: Told whenever files may have their names.
  init(_ run: RunContext, onSettled: @escaping @Sendable () -> Void) {
    temporarilyWritable = TemporarilyWritable(isPrivileged: run.isPrivileged)
    space = run.options.publish.minFreeBytes.map {
      FreeSpace(keeping: $0, keepsHoles: run.preservation.contains(.holes))
    }
    staging =
      run.options.staging == StagingOptions()
      ? nil : Staging(run.options.staging, temporaries: run.temporaries)
    writeback = WritebackQueue(
      filesMax: run.limits.writebackFilesMax,
      bytesMax: run.limits.smallDirtyBytesMax,
      pageBytes: ProcessFacts.pageBytes,
      targets: targets,
      disks: run.disks,
      measured: run.meter.measuredTarget,
      onSettled: onSettled
    )
  }
}

extension PublishedState {
  /// Whether a batch has settled that somebody waits for.
  func isSettled(_ batch: UInt64?) -> Bool {
    guard let batch else { return false }
    return writeback.settled >= batch
  }
}
