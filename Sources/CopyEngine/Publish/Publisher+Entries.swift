// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

// Metadata, and what is no file.
extension Publisher {
  /// Gives a complete file its metadata.
  ///
  /// - Parameters:
  ///   - file: The file.
  ///   - left: What is not carried over all the same.
  mutating func applyMetadata(
    _ file: borrowing CompleteFile,
    without left: Preservation = []
  ) {
    let place = MetadataPlace(
      file.entry,
      source: file.source.rawValue,
      target: file.target.rawValue
    )
    let created = file.target.created
    let existing = file.entry.existing
    let inode = InodeDelta(
      of: file.entry.wanted(file.opened, run.wanted),
      at: .new(created, replacing: existing?.kind == .file ? existing : nil),
      left.isEmpty ? metadata.policy : metadata.policy.without(left),
      allowed: metadata.allowedPermissions(in: file.entry.sides)
    )
    let isBare = created?.hasAttributes == false
    let attributes = metadata.compareAttributes(place, .file, isBare: isBare)
    let delta = MetadataDelta(inode: inode, attributes: attributes)
    _ = metadata.apply(delta, place)
  }

  /// Puts aside what an entry is going to replace, if that is wanted.
  ///
  /// - Returns: Whether it may be replaced; why not was told.
  mutating func putsAside(
    _ entry: FoundEntry,
    _ reason: BackupKeeper.Reason = .replaced
  ) -> Bool {
    guard backups != nil, let existing = entry.existing, existing.kind != .directory else {
      return true
    }
    // As in rsync: to make way for another kind is to delete.
    if existing.kind != entry.metadata.kind && backups?.isBackup(entry.targetName) == true {
      return true
    }
    do {
      try backups?.putAside(entry.targetName, in: entry.directory, entry.sides, existing, reason)
      return true
    } catch {
      run.fail(error, at: FailedPlace(entry))
      return false
    }
  }

  /// Creates what will be a file, where nothing has its name yet, with those attributes that count
  /// for what is written to it.
  mutating func createTarget(
    for entry: FoundEntry,
    _ opened: EntryMetadata,
    source: Int32,
    mode: UInt32
  ) throws(Errno) -> TargetFile {
    if let mode = run.options.publish.inPlace {
      return try openInPlace(entry, opened, source, mode)
    }
    removeAbandoned(beside: entry)
    var target = try TargetFile(
      in: entry.sides,
      namedIn: shared.staging?.place(for: entry.sides) ?? entry.sides,
      for: entry.targetName,
      mode: mode,
      random: &random
    )
    // On btrfs a file has it from its directory, or for itself.
    if opened.flags.contains(.compressed) || target.created?.isCompressed == true {
      let place = MetadataPlace(entry, source: source, target: target.rawValue)
      if metadata.applyProperties(place) { target.changedAttributes() }
    }
    return target
  }

  /// Opens what is written where it is.
  private func openInPlace(
    _ entry: FoundEntry,
    _ opened: EntryMetadata,
    _ source: Int32,
    _ mode: InPlaceMode
  ) throws(Errno) -> TargetFile {
    guard let existing = entry.existing else {
      return try TargetFile(writing: entry, InPlaceTarget(isDevice: false))
    }
    switch existing.kind {
    case .file:
      var target = InPlaceTarget(isDevice: false)
      if mode.appends && existing.size > 0 && existing.size < opened.size {
        var isPart = mode == .append
        if !isPart {
          isPart = try InPlaceTarget.begins(entry.target, with: source, existing.size)
        }
        if isPart { target.keptBytes = existing.size }
      }
      return try TargetFile(writing: entry, target)
    case .device where run.options.publish.writesDevices:
      return try TargetFile(writing: entry, InPlaceTarget(isDevice: true))
    case .directory:
      try entry.target.removeDirectory()
    case .device, .special, .symbolicLink:
      _ = try entry.target.removeFile()
    }
    return try TargetFile(writing: entry, InPlaceTarget(isDevice: false))
  }

  /// Makes an entry that has no data, and gives it its metadata and its name.
  ///
  /// - Parameters:
  ///   - entry: The entry.
  ///   - body: Makes it under the name that it is given.
  /// - Throws: What `body` throws, or the error of `renameat2`.
  mutating func make(
    _ entry: FoundEntry,
    _ body: (EntryLocation) throws(Errno) -> Void
  ) throws(Errno) {
    let replaced = entry.existing?.kind == entry.metadata.kind ? entry.existing : nil
    removeAbandoned(beside: entry)
    let isLink = entry.metadata.kind == .symbolicLink && !run.options.metadata.isStored
    // A link has all its contents from the beginning, and nobody's rights depend on whose it is. A
    // `renameat` takes ext4 five times as long as all else.
    let temporary = try isLink ? makeOrClaim(entry, body) : claimUnlessOnlyAdded(entry, body)
    let target = temporary.map { EntryLocation(directory: entry.sides.target, name: $0) }
    let place = MetadataPlace(entry, at: target ?? entry.target)
    let inode = InodeDelta(
      of: entry.metadata,
      at: .new(isLink ? .ofLink(place.target) : nil, replacing: replaced),
      metadata.policy,
      allowed: metadata.allowedPermissions(in: entry.sides)
    )
    // A link gets neither a mode nor a list from its directory.
    let attributes = metadata.compareAttributes(place, entry.metadata.kind, isBare: isLink)
    _ = metadata.apply(MetadataDelta(inode: inode, attributes: attributes), place)
    do {
      try target?.rename(
        to: entry.targetName,
        inPlaceOfDirectory: entry.existing?.kind == .directory
      )
    } catch {
      try? target?.remove()
      throw error
    }
  }

  /// Makes something under a temporary name, since it has to have its metadata before its own.
  ///
  /// - Returns: The name; `nil` where the directory only gets more names, so that it has its own.
  private mutating func claimUnlessOnlyAdded(
    _ entry: FoundEntry,
    _ body: (EntryLocation) throws(Errno) -> Void
  ) throws(Errno) -> EntryName? {
    if entry.existing == nil, entry.sides.targetMetadata?.flags.contains(.appendOnly) == true {
      try body(entry.target)
      return nil
    }
    return try claim(entry, body)
  }

  private mutating func claim(
    _ entry: FoundEntry,
    _ body: (EntryLocation) throws(Errno) -> Void
  ) throws(Errno) -> EntryName {
    try entry.sides.protectTemporaries()
    return try entry.target.claimTemporary(random: &random, make: body)
  }

  /// Makes an entry a further name of a file that is there.
  ///
  /// Other runs may do the same: what has the first name by then is what the entry has to be.
  ///
  /// - Throws: The error of a call; `Errno.resourceBusy` where the first name changes all the time.
  mutating func makeLink(_ entry: FoundEntry, to first: EntryLocation) throws(Errno) {
    for _ in 0..<Self.linkTriesMax {
      let temporary = try makeOrClaim(entry) { (place) throws(Errno) in
        try Self.link(place, to: first)
      }
      guard let temporary else { return }
      try EntryLocation(directory: entry.sides.target, name: temporary)
        .renameOrRemove(
          to: entry.targetName,
          inPlaceOfDirectory: entry.existing?.kind == .directory
        )
      let wanted = try first.metadata().identity
      guard try entry.target.metadata().identity != wanted else { return }
    }
    throw .resourceBusy
  }

  /// More than this are no other runs.
  private static var linkTriesMax: Int { 8 }

  /// Makes a link, and tries again where the inode of the first name has lost its last name since
  /// it was looked up: another run has just put its own copy there.
  private static func link(_ place: EntryLocation, to first: EntryLocation) throws(Errno) {
    for _ in 1..<linkTriesMax {
      do {
        return try place.makeHardLink(to: first)
      } catch .noSuchFileOrDirectory {
        guard try first.metadataIfPresent() != nil else { throw .noSuchFileOrDirectory }
      }
    }
    try place.makeHardLink(to: first)
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
    removeAbandoned(beside: entry)
    if entry.existing == nil {
      do {
        try body(entry.target)
        return nil
      } catch {
        guard error == .fileExists else { throw error }
      }
    }
    return try claim(entry, body)
  }

  /// Removes what dead runs have left in a directory, before anything is made there.
  private func removeAbandoned(beside entry: FoundEntry) {
    if entry.directory.beginChanging() { removeAbandonedNow(beside: entry) }
  }

  private func removeAbandonedNow(beside entry: FoundEntry) {
    AbandonedTemporaries.remove(from: entry.sides.target) { name in
      AbandonedTemporaries.isCopied(name, from: entry.sides.source) || isInOther(name, than: entry)
    }
  }

  /// Whether a source that merges into the directory of an entry has a name, or may have it.
  private func isInOther(_ name: EntryName, than entry: FoundEntry) -> Bool {
    guard let merged = opener.merged.place(of: entry.directory)?.merged else { return false }
    return merged.members.contains { member in
      guard let sides = try? opener.open(member.directory) else { return true }
      defer { withExtendedLifetime(sides) {} }
      return AbandonedTemporaries.isCopied(name, from: sides.source)
    }
  }
}

// Files that get their names at the end.
extension Publisher {
  /// Puts a complete file where it waits for its name.
  ///
  /// - Returns: Whether it is there.
  mutating func delay(
    _ entry: FoundEntry,
    _ target: inout TargetFile,
    _ change: CopyError.Operation?,
    _ staging: Staging
  ) -> Bool {
    do throws(Errno) {
      guard let place = try partials?.open(for: entry.directory, entry.sides, isMade: true) else {
        throw .noSuchFileOrDirectory
      }
      let waiting = EntryLocation(directory: place.target, name: entry.targetName)
      let there = try waiting.metadataIfPresent()
      try target.publish(at: waiting, replacing: there?.kind, random: &random)
    } catch {
      run.fail(.target(.publish, entry.targetPath, error), at: FailedPlace(entry))
      return false
    }
    staging.add(
      DelayedFile(
        name: entry.linkName,
        facts: entry.facts,
        change: entry.change,
        sourceChange: change,
        isFromBasis: entry.takesBasis
      )
    )
    return true
  }

  /// Gives files their names that have waited for that.
  mutating func release(_ files: [DelayedFile]) {
    for (index, file) in files.enumerated() {
      guard !run.shouldStop else { return }
      let directory = file.name.directory
      do throws(CopyError) {
        let sides = try opener.open(directory)
        defer { withExtendedLifetime(sides) {} }
        var entry = FoundEntry(
          directory: directory,
          sides: sides,
          name: file.name.name,
          targetName: file.name.targetName,
          facts: file.facts
        )
        entry.change = file.change
        release(entry, file)
        let isLast = index + 1 == files.count || files[index + 1].name.directory !== directory
        if isLast { partials?.removeIfEmpty(of: directory, sides) }
      } catch {
        run.fail(error, at: FailedPlace(nearest: directory))
      }
    }
  }

  private mutating func release(_ entry: FoundEntry, _ file: DelayedFile) {
    guard remover.makeWay(for: entry), putsAside(entry) else { return end(entry) }
    do throws(Errno) {
      guard let place = try partials?.open(for: entry.directory, entry.sides, isMade: false) else {
        throw .noSuchFileOrDirectory
      }
      if entry.existing?.kind == .directory { try entry.target.removeDirectory() }
      try EntryLocation(directory: place.target, name: entry.targetName).rename(to: entry.target)
    } catch {
      run.fail(.target(.publish, entry.targetPath, error), at: FailedPlace(entry))
      return end(entry)
    }
    finishNamed(entry, file.sourceChange, isFromBasis: file.isFromBasis)
  }
}
