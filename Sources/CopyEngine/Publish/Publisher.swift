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
  /// What has to be written back, where nobody has sent it on its way.
  let load: WritebackQueue.Load?
  /// How the source changed meanwhile, if it did.
  let change: CopyError.Operation?
}

/// What the publishers of a run share.
struct PublishedState: Sendable {
  let targets = TargetFilesystems()
  let temporarilyWritable = TemporarilyWritable()
  let writeback: WritebackQueue

  init(_ run: RunContext) {
    writeback = WritebackQueue(
      filesMax: run.limits.writebackFilesMax,
      pageBytes: ProcessFacts.pageBytes,
      targets: targets,
      disks: run.disks
    )
  }
}

/// Gives complete files and other entries their metadata and their names.
///
/// A file is taken by `add`, and given back by `nextPublished` when it has its name: hard links,
/// counts and events follow what was published. Today every file is published at once.
struct Publisher: ~Copyable {
  let shared: PublishedState
  var metadata: MetadataWriter
  private let run: RunContext
  private var random = SystemRandomNumberGenerator()
  private var published: [EntryDone] = []
  private(set) var counts = CopyReport()

  init(_ run: RunContext, _ shared: PublishedState) {
    self.run = run
    self.shared = shared
    metadata = MetadataWriter(run)
  }

  /// A file that was given its name, or could not be.
  mutating func nextPublished() -> EntryDone? { published.popLast() }

  /// Takes a complete file.
  mutating func add(_ complete: consuming CompleteFile) {
    let entry = complete.entry
    published.append(EntryDone(entry: entry, isThere: publish(complete)))
  }

  private mutating func publish(_ complete: consuming CompleteFile) -> Bool {
    var file = complete
    let entry = file.entry
    let replaced = entry.existing?.kind == .file ? entry.existing : nil
    applyMetadata(file, replacing: replaced)
    do {
      try file.target.publish(
        as: entry.targetName,
        replaces: entry.replacesEntry,
        random: &random
      )
    } catch {
      run.fail(.target(.publish, entry.targetPath, error))
      return false
    }
    counts.filesCopied += 1
    if let change = file.change { run.fail(CopyError(change, entry.sourcePath, nil, .entry)) }
    run.tell(.file, entry.directory, entry.targetName, entry.change)
    if let load = file.load, let descriptor = file.target.takeDescriptor() {
      for failure in shared.writeback.add(descriptor, load) { run.fail(failure) }
    }
    return true
  }

  private mutating func applyMetadata(
    _ file: borrowing CompleteFile,
    replacing replaced: EntryMetadata?
  ) {
    let place = MetadataPlace(
      directory: file.entry.directory,
      name: file.entry.name,
      targetName: file.entry.targetName,
      source: EntryLocation(open: file.source.rawValue),
      target: EntryLocation(open: file.target.rawValue)
    )
    let created = file.target.created
    let inode = InodeDelta(
      of: file.opened,
      at: .new(created, replacing: replaced),
      metadata.policy
    )
    let isBare = created?.hasAttributes == false
    let attributes = metadata.compareAttributes(place, .file, isBare: isBare)
    let delta = MetadataDelta(inode: inode, attributes: attributes)
    _ = metadata.apply(delta, place)
  }

  /// Creates what will be a file, where nothing has its name yet.
  mutating func createTarget(
    in sides: DirectorySides,
    for name: EntryName,
    mode: UInt32
  ) throws(Errno) -> TargetFile {
    try TargetFile(
      in: sides,
      for: name,
      mode: mode,
      creationMask: run.creationMask,
      random: &random
    )
  }

  /// Makes an entry that has no data, and gives it its metadata and its name.
  ///
  /// - Parameters:
  ///   - entry: The entry.
  ///   - body: Makes it under the name that it is given.
  mutating func make(
    _ entry: FoundEntry,
    _ body: (EntryLocation) throws(Errno) -> Void
  ) throws(Errno) {
    let replaced = entry.existing?.kind == entry.metadata.kind ? entry.existing : nil
    let temporary = try makeOrClaim(entry, body)
    let target = temporary.map { EntryLocation(directory: entry.sides.target, name: $0) }
    let place = entry.place(at: target ?? entry.target)
    let inode = InodeDelta(of: entry.metadata, at: .new(nil, replacing: replaced), metadata.policy)
    let attributes = metadata.compareAttributes(place, entry.metadata.kind)
    _ = metadata.apply(MetadataDelta(inode: inode, attributes: attributes), place)
    try target?.renameOrRemove(to: entry.targetName)
  }

  /// Makes an entry a further name of a file that is there.
  mutating func makeLink(_ entry: FoundEntry, to first: EntryLocation) throws(Errno) {
    let temporary = try makeOrClaim(entry) { (place) throws(Errno) in
      try place.makeHardLink(to: first)
    }
    guard let temporary else { return }
    try EntryLocation(directory: entry.sides.target, name: temporary)
      .renameOrRemove(to: entry.targetName)
  }

  /// Makes something under its own name, if nothing is in the way, else under a temporary one.
  ///
  /// Another run may have taken the name since it was looked for.
  ///
  /// - Returns: The temporary name.
  private mutating func makeOrClaim(
    _ entry: FoundEntry,
    _ body: (EntryLocation) throws(Errno) -> Void
  ) throws(Errno) -> EntryName? {
    if !entry.replacesEntry {
      do {
        try body(entry.target)
        return nil
      } catch {
        guard error == .fileExists else { throw error }
      }
    }
    return try entry.target.claimTemporary(random: &random, make: body)
  }
}
