// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// What became of a name that was to be linked.
enum LinkOutcome {
  /// It is linked.
  case settled
  /// It cannot be linked, which was told.
  case failed
  /// It has to be copied like a first name, since it cannot be linked for a reason.
  case mustCopy(Errno)
  /// The first name can have no more names.
  case isFull
}

/// How a directory came to be at the target.
enum DirectoryOutcome {
  /// It was made, and nobody else knows of it yet.
  case made
  /// It is there, and may have been filled by others.
  case isThere
  /// It would be made, if this were no dry run.
  case isMissing
  /// It cannot be made, which was told.
  case failed
}

/// Carries decisions out, or says what they would do.
///
/// `LiveExecutor` copies, `DryExecutor` tells; no other part of a worker asks whether a run is dry.
protocol Executor: ~Copyable {
  /// Whether only directories are visited.
  static var visitsOnlyDirectories: Bool { get }
  /// What was done, in numbers.
  var counts: CopyReport { get }
  /// Removes names of the target, or says which it would.
  var remover: TreeRemover { get }
  /// Whether directories of the target are searched for names that the source lacks.
  var sweeps: Bool { get }

  /// Sees to it that a directory of the target, if it is there, can be written into, and will be
  /// synced.
  mutating func prepare(_ directory: CopyDirectory, _ sides: DirectorySides)
  /// Makes a directory.
  mutating func makeDirectory(_ entry: FoundEntry) -> DirectoryOutcome
  /// Gives a directory whose entries are all done its metadata.
  ///
  /// - Parameters:
  ///   - directory: The directory.
  ///   - isReadable: Whether it could be read at the source.
  mutating func finish(_ directory: CopyDirectory, isReadable: Bool)

  /// Whether a file has the same bytes on both sides, which are of one size; not where they cannot
  /// be read, which is told when the file is copied.
  mutating func contentsAreEqual(_ entry: FoundEntry) -> Bool
  /// Compares the attributes of both sides; a failure is told.
  mutating func compareAttributes(_ entry: FoundEntry) -> AttributeDelta
  /// Leaves an entry that is as it should be, but for so many attributes that the target's
  /// filesystem has no use for.
  mutating func keep(_ entry: FoundEntry, without foreign: Int)
  /// Leaves an entry that the target has, whatever it is there.
  mutating func leave(_ entry: FoundEntry)
  /// Makes the metadata of an entry right.
  mutating func repair(_ entry: FoundEntry, _ delta: MetadataDelta)
  /// Makes an entry that is no file and has no data.
  ///
  /// - Returns: Whether it is there.
  mutating func make(_ entry: FoundEntry) -> Bool
  /// Begins to copy a file; `nextDone` tells when it is done.
  mutating func copy(_ entry: FoundEntry)
  /// Makes an entry a further name of what is at the target under another.
  ///
  /// - Parameters:
  ///   - entry: The entry.
  ///   - first: The name that is there.
  ///   - hasContents: Whether what has the entry's name at the target has the right contents.
  /// - Returns: What became of it.
  mutating func link(_ entry: FoundEntry, to first: LinkName, hasContents: Bool) -> LinkOutcome
  /// Makes an entry a further name of what a tree beside the target has of it.
  ///
  /// - Returns: Whether it is one; if not, it has to be copied. `nil` where it cannot be replaced,
  ///   which was told.
  mutating func linkToBasis(_ entry: FoundEntry) -> Bool?
  /// Sees to it that the target has nothing of an entry, since a tree beside it has.
  mutating func leaveToBasis(_ entry: FoundEntry)

  /// Notes that an entry is at the target, so that its source is to be removed.
  mutating func removeSource(of entry: FoundEntry)
  /// Removes the sources that were noted.
  mutating func removeSources()

  /// Gives files their names that have waited for all others.
  mutating func release(_ files: [DelayedFile])

  /// Where the data of a file begins on the disk of the source, in bytes, if that matters.
  func physicalOffset(_ entry: FoundEntry) -> UInt64
  /// Whether a file is copied with other small ones.
  mutating func isSmall(_ entry: FoundEntry) -> Bool
  /// Whether large files are on their way, so that others may take the next.
  var isCopying: Bool { get }

  /// Whether nothing is on its way.
  var isIdle: Bool { get }
  /// Moves on what is on its way.
  mutating func turn(waits: Bool)
  /// A file that is done.
  mutating func nextDone() -> EntryDone?
  /// The batch of files that has to be on the disk before the next file that waits for its name can
  /// have it, if any waits.
  var awaitedBatch: UInt64? { get }
  /// Waits until all files that wait for their names have them, or cannot have them.
  mutating func settle()
  /// Has all that was begun done, where the disk is to be read from next.
  mutating func flush()
  /// Lets what is in flight come to its end after the last file, or after a stop.
  mutating func drain()
}

/// One that copies nothing, so that nothing is ever on its way: what is copied is done at once.
protocol IdleExecutor: Executor, ~Copyable {
  /// What is done, and was not asked for yet.
  var done: [EntryDone] { get set }
}

extension IdleExecutor where Self: ~Copyable {
  mutating func release(_ files: [DelayedFile]) {}
  func physicalOffset(_ entry: FoundEntry) -> UInt64 { 0 }
  mutating func isSmall(_ entry: FoundEntry) -> Bool { true }
  var isCopying: Bool { false }
  var isIdle: Bool { true }
  mutating func turn(waits: Bool) {}
  mutating func nextDone() -> EntryDone? { done.popLast() }
  var awaitedBatch: UInt64? { nil }
  mutating func settle() {}
  mutating func flush() {}
  mutating func drain() {}
}

/// An idle one that says nothing either: what has to be done besides counts as done.
protocol SilentExecutor: IdleExecutor, ~Copyable {}

extension SilentExecutor where Self: ~Copyable {
  var counts: CopyReport { CopyReport() }
  mutating func prepare(_ directory: CopyDirectory, _ sides: DirectorySides) {}
  mutating func compareAttributes(_ entry: FoundEntry) -> AttributeDelta { AttributeDelta() }
  mutating func make(_ entry: FoundEntry) -> Bool { true }
  mutating func link(
    _ entry: FoundEntry,
    to first: LinkName,
    hasContents: Bool
  ) -> LinkOutcome { .settled }
  mutating func linkToBasis(_ entry: FoundEntry) -> Bool? { true }
  mutating func leaveToBasis(_ entry: FoundEntry) {}
}

extension Executor where Self: ~Copyable {
  static var visitsOnlyDirectories: Bool { false }
  mutating func removeSource(of entry: FoundEntry) {}
  mutating func removeSources() {}
  mutating func leave(_ entry: FoundEntry) {}
}
