// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import FileTree
internal import Glibc
internal import Synchronization
internal import SystemPackage
internal import Uring

/// A name under which a file with several names can be found at the target.
struct LinkName: Sendable, Equatable {
  let directory: CopyDirectory
  let name: EntryName
  let targetName: EntryName

  static func == (one: LinkName, other: LinkName) -> Bool {
    one.directory === other.directory && one.targetName == other.targetName
  }
}

/// What all workers of one run share.
final class CopyRun: Sendable {
  let options: CopyOptions
  /// What is carried over, less what an ordinary user is not expected to.
  let preservation: Preservation
  /// Whether owners and devices can be set (CAP_CHOWN and CAP_MKNOD, taken from the user ID).
  let isPrivileged: Bool
  /// The permissions that a new entry does not get where they are not carried over.
  let creationMask: UInt32
  /// The size of a page, in bytes.
  let pageBytes = UInt64(sysconf(Int32(_SC_PAGESIZE)))
  let mounts: MountTable
  let observer: any CopyObserver
  let stack: WorkStack
  let opener: DirectoryOpener
  let pool: BufferPool
  let access: AccessTable
  let targets: TargetFilesystems
  let widened = WidenedDirectories()
  let settler: Settler
  /// What the disks are like.
  let disks: RunDisks
  /// How many small files each worker may hold back.
  let heldMax: Int
  /// How many directories each worker may hold open for what it has gathered.
  let batchDirectoriesMax: Int
  let hardLinks = HardLinkTable<LinkName>()
  /// The target directory: to descend into it, through a bind mount, would never end.
  let targetRoot: InodeIdentity?
  /// The target directory, or where a dry run would make it the one above.
  let nearestTarget: EntryMetadata?

  /// How much the large files of one worker may have dirty, in bytes.
  let dirtyBytesMax: UInt64
  /// How much of a large file is advised at once, in bytes.
  let windowBytes: UInt64

  private let stopReason = Mutex<CopyReport.Stop?>(nil)
  private let isStopping = Atomic<Bool>(false)
  private let startFailure = Mutex<CopyError?>(nil)
  private let explained = Mutex<Set<String>>([])

  init(
    options: CopyOptions,
    isPrivileged: Bool,
    creationMask: UInt32,
    mounts: MountTable,
    observer: any CopyObserver,
    stack: WorkStack,
    layout: WorkLayout,
    disks: RunDisks,
    pool: BufferPool,
    targetRoot: InodeIdentity?,
    nearestTarget: EntryMetadata?
  ) {
    self.options = options
    self.isPrivileged = isPrivileged
    self.creationMask = creationMask
    self.mounts = mounts
    self.observer = observer
    self.stack = stack
    self.pool = pool
    opener = DirectoryOpener(budget: layout.directoriesMax, isDryRun: options.isDryRun)
    access = AccessTable(options, blockBytes: layout.blockBytes, disks: disks)
    targets = TargetFilesystems()
    settler = Settler(
      filesMax: layout.settlingMax,
      pageBytes: Int(pageBytes),
      targets: targets,
      disks: disks
    )
    self.disks = disks
    heldMax = layout.heldMax
    batchDirectoriesMax = layout.batchDirectoriesMax
    dirtyBytesMax = layout.dirtyBytesMax
    windowBytes = CacheAdvisor.windowBytes(dirtyBytesMax: layout.dirtyBytesMax)
    self.targetRoot = targetRoot
    self.nearestTarget = nearestTarget
    preservation =
      options.skipsPrivileged && !isPrivileged
      ? options.preservation.subtracting([.owner, .devices]) : options.preservation
  }

  /// Whether the workers should come to an end.
  var shouldStop: Bool { isStopping.load(ordering: .relaxed) }
  /// Why, once they should.
  var stop: CopyReport.Stop? { stopReason.withLock { $0 } }
  /// What kept the first worker from starting.
  var failureToStart: CopyError? { startFailure.withLock { $0 } }

  /// Makes all workers end; the first reason counts.
  ///
  /// - Returns: Whether this was the first.
  @discardableResult
  func stop(_ reason: CopyReport.Stop) -> Bool {
    let isFirst = stopReason.withLock { current in
      defer { current = current ?? reason }
      return current == nil
    }
    isStopping.store(true, ordering: .relaxed)
    stack.close()
    return isFirst
  }

  /// Says why the run goes about it as it does, if that was asked for and nobody has said it.
  func explainOnce(_ text: String) {
    guard options.explains, explained.withLock({ $0.insert(text).inserted }) else { return }
    observer.explained(text)
  }

  /// Tells something worth knowing, if nobody has told it.
  ///
  /// - Returns: Whether it was told now.
  func noteOnce(_ text: String) -> Bool {
    guard explained.withLock({ $0.insert(text).inserted }) else { return false }
    observer.noted(text)
    return true
  }

  /// Ends the run before it began.
  func failToStart(_ error: CopyError) {
    startFailure.withLock { $0 = $0 ?? error }
    stop(.failure)
  }
}
