// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import Storage
internal import Synchronization
internal import SystemPackage

/// What a run has given up while it goes on with all else.
///
/// EROFS, ENOSPC and EDQUOT say that nothing more can be written, but not where. What a failure is
/// about is asked when there is one, and never before: what is mounted below the target, a
/// subvolume, what a quota is for, or a single directory. Only what the target directory itself
/// lies on is all there is, and ends the run. So it is with a filesystem that is gone.
final class GivenUp: Sendable {
  /// What a failure may take away from a run.
  enum Part: Hashable {
    /// A filesystem below a source that does not answer, by its device.
    case source(UInt64)
    /// A filesystem of the target that does not answer, or does not write what it was given.
    case filesystem(UInt64)
    /// A mount, or a subvolume on it, that is read-only.
    case mount(UInt64, device: UInt64)
    /// A directory that is read-only by itself.
    case directory(InodeIdentity)
    /// The room of a filesystem, or of a project on it.
    case room(filesystem: UInt64, project: UInt32)
    /// A quota: of a subvolume, a project, or the group that a directory gives to what is in it.
    case quota(device: UInt64, project: UInt32, group: UInt32?)
  }

  /// What came of a failure.
  enum Verdict {
    /// It is about one entry, or about all.
    case ordinary
    /// It is about what was given up before.
    case known
    /// What it is about was given up just now, which is to be told.
    case new(CopyError)
  }

  /// What the operands of a run name.
  struct Operands {
    /// The target directory, or the one that it is to be made in.
    var target: OpenDirectory?
    /// Whether it may be written to.
    var isWritten = true
    /// The devices of the sources.
    var sourceDevices: Set<UInt64> = []
  }

  private let operands: Operands
  private let mounts: MountTable
  private let parts = Lock<Set<Part>>([])
  private let hasAny = Atomic<Bool>(false)
  /// Held while a filesystem is asked whether it is there: others wait for the answer.
  private let isAsking = Lock(())

  init(_ operands: Operands, mounts: MountTable) {
    self.operands = operands
    self.mounts = mounts
  }

  /// Whether nothing was given up.
  var isEmpty: Bool { !hasAny.load(ordering: .relaxed) }

  /// Whether a place belongs to what was given up, so that nothing need be tried there.
  func includes(_ place: FailedPlace) -> Bool {
    guard !isEmpty else { return false }
    let known = parts.withLock { $0 }
    if let device = place.directory.identity?.device, known.contains(.source(device)) {
      return true
    }
    guard let found = place.sides.targetMetadata else { return false }
    let alike: [Part] = [
      .filesystem(filesystem(of: found)), .mount(found.mount, device: found.identity.device),
      .directory(found.identity),
    ]
    if alike.contains(where: known.contains) { return true }
    return known.contains(where: \.isLimit) && limits(of: place).contains(where: known.contains)
  }

  /// Whether a failure is about what was given up before.
  func isKnown(_ error: CopyError, at place: FailedPlace) -> Bool {
    (Part.Kind(error) != nil || error.errno?.mayMeanGone == true) && includes(place)
  }

  /// Finds out what a failure is about, and gives that up if it is not all.
  func judge(_ error: CopyError, at place: FailedPlace) -> Verdict {
    guard !isKnown(error, at: place) else { return .known }
    if error.errno?.mayMeanGone == true {
      let verdict = judgeDead(at: place)
      guard case .ordinary = verdict else { return verdict }
    }
    guard let kind = Part.Kind(error), let part = lostPart(kind, place) else { return .ordinary }
    return insert(part) ? .new(told(error, kind, part, place)) : .known
  }

  /// - Returns: Whether it was not there before.
  private func insert(_ part: Part) -> Bool {
    defer { hasAny.store(true, ordering: .relaxed) }
    return parts.withLock { $0.insert(part).inserted }
  }
}

// What can no longer be written.
extension GivenUp.Part {
  /// What a failure to write may be about.
  enum Kind {
    case mount, filesystem, room, quota

    /// What a failure that would end the run is about.
    init?(_ error: CopyError) {
      guard error.severity == .stop else { return nil }
      if case .keepFree = error.operation {
        self = .room
        return
      }
      switch error.errno {
      case .readOnlyFileSystem: self = .mount
      case .noSpace: self = .room
      case .diskQuotaExceeded: self = .quota
      // What fails to write may have lost what it was given before.
      case .some: self = .filesystem
      case nil: return nil
      }
    }
  }

  fileprivate var isLimit: Bool {
    switch self {
    case .room, .quota: true
    default: false
    }
  }

  /// What says that there is no room.
  var fullErrno: Errno { if case .quota = self { .diskQuotaExceeded } else { .noSpace } }
}

extension GivenUp {
  /// What limits how much may be written to a place.
  func limits(of place: FailedPlace) -> [Part] {
    [Part.Kind.room, .quota].compactMap { part($0, at: place) }
  }

  /// What a file that finds no room is about.
  func limit(of error: CopyError, at place: FailedPlace) -> Part? {
    Part.Kind(error).flatMap { part($0, at: place) }
  }

  /// Whether a part is one of the target directory itself, so that nothing is left without it.
  func isAll(_ part: Part) -> Bool {
    guard let own = operands.target else { return true }
    let number = own.descriptor.rawValue
    return [Part.Kind.mount, .filesystem, .room, .quota].contains {
      self.part($0, of: number) == part
    }
  }

  /// Whether a place is on the filesystem of the target directory itself.
  func isOnTarget(_ place: FailedPlace) -> Bool {
    part(.filesystem, at: place).map(isAll) ?? true
  }

  /// What a failure is about, where that is not all.
  private func lostPart(_ kind: Part.Kind, _ place: FailedPlace) -> Part? {
    // What is mounted on a single name is that name.
    let found = kind == .mount ? try? place.target.metadata() : nil
    let lost = found.map { part(kind, $0, place.sides.target) } ?? part(kind, at: place)
    guard let lost, let own = operands.target else { return nil }
    guard isAll(lost) else { return lost }
    guard kind == .mount, !isReadOnly(own) else { return nil }
    return place.sides.targetMetadata.map { .directory($0.identity) }
  }

  private func part(_ kind: Part.Kind, at place: FailedPlace) -> Part? {
    part(kind, of: place.sides.target, place.sides.targetMetadata)
  }

  /// What a directory belongs to; `known` is what it was, where it does not tell any more.
  private func part(
    _ kind: Part.Kind,
    of directory: Int32,
    _ known: EntryMetadata? = nil
  ) -> Part? {
    ((try? EntryLocation(open: directory).metadata()) ?? known).map { part(kind, $0, directory) }
  }

  private func part(_ kind: Part.Kind, _ found: EntryMetadata, _ directory: Int32) -> Part {
    switch kind {
    case .mount: .mount(found.mount, device: found.identity.device)
    case .filesystem: .filesystem(filesystem(of: found))
    case .room:
      .room(filesystem: filesystem(of: found), project: FilesystemCalls.project(of: directory))
    case .quota:
      .quota(
        device: found.identity.device,
        project: FilesystemCalls.project(of: directory),
        group: found.permissions & Self.setGroup == 0 ? nil : found.group
      )
    }
  }

  /// S_ISGID.
  private static var setGroup: UInt32 { 0o2000 }

  /// The filesystem that an inode is on; each subvolume of btrfs has a device of its own.
  private func filesystem(of found: EntryMetadata) -> UInt64 {
    mounts.mount(found.mount)?.device ?? found.identity.device
  }

  /// Whether a directory cannot be written to (`fchown` of nobody, O_TMPFILE).
  private func isReadOnly(_ directory: OpenDirectory) -> Bool {
    let number = directory.descriptor.rawValue
    do throws(Errno) {
      try EntryLocation(open: number).setOwner(nil, group: nil)
    } catch {
      return error == .readOnlyFileSystem
    }
    // Where a journal has just ended (ext4), what changes nothing is done all the same.
    do throws(Errno) {
      _ = try EntryLocation(directory: number, name: .itself).createUnnamed()
      return false
    } catch {
      return error == .readOnlyFileSystem
    }
  }

  /// What is told of a part: the topmost path that it begins with.
  private func told(
    _ error: CopyError,
    _ kind: Part.Kind,
    _ part: Part,
    _ place: FailedPlace
  ) -> CopyError {
    let own = self.part(kind, at: place)
    let isDirectory = if case .directory = part { true } else { false }
    guard own == part || isDirectory else { return error.ofEntry }
    let path = isDirectory ? place.directory.targetPath() : top(of: part, kind, place)
    if case .keepFree = error.operation { return CopyError(error.operation, path, nil, .entry) }
    return CopyError(.writeBelow, path, error.errno, .entry)
  }

  /// The topmost path of what a part is.
  private func top(of part: Part, _ kind: Part.Kind, _ place: FailedPlace) -> FilePath {
    var (directory, number) = (place.directory, place.sides.target)
    var opened: OpenDirectory?
    while let parent = directory.parent {
      if let sides = parent.openSides {
        number = sides.target
      } else if let above = try? DirectoryOpener.openAbove(number) {
        (number, opened) = (above.directory.descriptor.rawValue, above.directory)
      } else {
        break
      }
      guard self.part(kind, of: number, parent.openSides?.targetMetadata) == part else { break }
      directory = parent
    }
    withExtendedLifetime(opened) {}
    return directory.targetPath()
  }

  /// The topmost path of what limits how much may be written to a place.
  func top(of limit: Part, _ place: FailedPlace) -> FilePath {
    let kind = if case .quota = limit { Part.Kind.quota } else { Part.Kind.room }
    return top(of: limit, kind, place)
  }
}

// What is gone.
extension GivenUp {
  /// Asks the filesystems that a place is on, and gives up the first that does not answer.
  func judgeDead(at place: FailedPlace) -> Verdict {
    isAsking.withLock { _ in
      guard !includes(place) else { return .known }
      guard let (part, error) = firstDead(at: place) else { return .ordinary }
      return insert(part) ? .new(error) : .known
    }
  }

  /// The first filesystem of a place that does not answer, and is no operand's own.
  private func firstDead(at place: FailedPlace) -> (part: Part, error: CopyError)? {
    if let device = place.directory.identity?.device, !operands.sourceDevices.contains(device),
      let errno = failure(place.sides.source, isTarget: false)
    {
      var top = place.directory
      while let above = top.parent, above.identity?.device == device { top = above }
      return (.source(device), CopyError(.reachFilesystem, top.sourcePath(), errno, .entry))
    }
    guard let found = place.sides.targetMetadata,
      case let part = Part.filesystem(filesystem(of: found)),
      operands.target != nil, !isAll(part),
      let errno = failure(place.sides.target, isTarget: operands.isWritten)
    else { return nil }
    let path = top(of: part, .filesystem, place)
    return (part, CopyError(.reachFilesystem, path, errno, .entry))
  }

  private func failure(_ directory: Int32, isTarget: Bool) -> Errno? {
    let found = try? EntryLocation(open: directory).metadata()
    let disks = found.map { StorageTopology(of: $0, mounts: mounts).disks } ?? []
    return LivenessProbe.failure(of: directory, isTarget: isTarget, disks)
  }
}
