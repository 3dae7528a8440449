// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import FileTree
internal import Glibc
internal import SystemPackage
internal import Uring

/// One source operand that was found.
struct ResolvedSource {
  let path: FilePath
  /// The directory itself, if its contents are copied, else the one that the entry lies in.
  let handles: DirectoryHandles
  /// The entry in that directory; empty for the directory's contents.
  let name: EntryName
  let metadata: EntryMetadata

  var isContents: Bool { name.isEmpty }
}

/// The directory that is copied into.
struct ResolvedTarget {
  let path: FilePath
  /// Its descriptor, as `targetNumber`; none in a dry run that would have made it.
  let handles: DirectoryHandles
  /// The directory, or where that is still missing the one above.
  let nearest: DirectoryHandles
  /// The name that the one source gets, where the target operand names no directory.
  let newName: EntryName?
  /// Whether this run made it.
  let isNew: Bool
}

/// Opens what the operands of a run name, and checks that they go together.
struct OperandResolver {
  let plan: CopyPlan
  let creationMask: UInt32

  /// Finds a source (`open`, `statx`).
  func resolve(_ source: CopyPlan.Source) throws(CopyError) -> ResolvedSource {
    do throws(Errno) {
      guard !source.isContents, let name = source.path.lastComponent, name.kind == .regular else {
        let handles = try open(source.path, flags: O_RDONLY)
        let metadata = try EntryLocation(open: handles.source.rawValue).metadata()
        return ResolvedSource(
          path: source.path,
          handles: handles,
          name: .itself,
          metadata: metadata
        )
      }
      let handles = try open(source.path.directory, flags: cl_o_path)
      let location = EntryLocation(directory: handles.source.rawValue, name: EntryName(name))
      return ResolvedSource(
        path: source.path,
        handles: handles,
        name: location.name,
        metadata: try location.metadata()
      )
    } catch {
      throw CopyError("cannot open source", source.path, error, .entry)
    }
  }

  /// Finds or makes the target (`mkdir`).
  func resolveTarget(for sources: [ResolvedSource]) throws(CopyError) -> ResolvedTarget {
    var raw = cl_stat()
    let result = unsafe plan.target.withPlatformString { unsafe cl_stat_path($0, &raw) }
    let takesNewName =
      sources.count == 1 && plan.sources.count == 1 && !sources[0].isContents
      && sources[0].metadata.kind != .directory && !plan.targetIsDirectory
    if result == 0 && raw.mode & S_IFMT == S_IFDIR {
      let handles = try openTarget(plan.target)
      return ResolvedTarget(
        path: plan.target,
        handles: handles,
        nearest: handles,
        newName: nil,
        isNew: false
      )
    }
    guard result == 0 || result == -ENOENT else {
      throw CopyError("cannot open target", plan.target, Errno(rawValue: -result), .stop)
    }
    let above = try openTarget(plan.target.directory)
    if takesNewName, let name = plan.target.lastComponent, name.kind == .regular {
      return ResolvedTarget(
        path: plan.target.directory,
        handles: above,
        nearest: above,
        newName: EntryName(name),
        isNew: false
      )
    }
    guard result != 0 else {
      throw CopyError("must be a directory", plan.target, .notDirectory, .selection)
    }
    let missing = DirectoryHandles(source: try duplicate(above.source), target: nil)
    return ResolvedTarget(
      path: plan.target,
      handles: missing,
      nearest: above,
      newName: nil,
      isNew: true
    )
  }

  /// Makes the target directory, once it is known that the operands go together.
  func create(_ target: ResolvedTarget) throws(CopyError) -> ResolvedTarget {
    guard target.isNew, !plan.options.isDryRun else { return target }
    let mode = mode_t(0o777 & ~creationMask)
    guard unsafe plan.target.withPlatformString({ unsafe mkdir($0, mode) }) == 0 else {
      throw CopyError("cannot make directory", plan.target, Errno(rawValue: errno), .stop)
    }
    let handles = try openTarget(plan.target)
    return ResolvedTarget(
      path: target.path,
      handles: handles,
      nearest: handles,
      newName: nil,
      isNew: true
    )
  }

  /// A directory that is written to serves as source and target of its handles alike.
  private func openTarget(_ path: FilePath) throws(CopyError) -> DirectoryHandles {
    do throws(Errno) {
      let opened = try open(path, flags: O_RDONLY)
      return DirectoryHandles(
        source: try opened.source.duplicate(),
        target: try opened.source.duplicate()
      )
    } catch {
      throw CopyError("cannot open target", path, error, .stop)
    }
  }

  private func open(_ path: FilePath, flags: Int32) throws(Errno) -> DirectoryHandles {
    let number = unsafe path.withPlatformString { unsafe cl_open_path($0, flags | O_DIRECTORY) }
    guard number >= 0 else { throw Errno(rawValue: -number) }
    return DirectoryHandles(source: Descriptor(owning: number), target: nil)
  }

  private func duplicate(_ descriptor: borrowing Descriptor) throws(CopyError) -> Descriptor {
    do {
      return try descriptor.duplicate()
    } catch {
      throw CopyError("cannot open target", plan.target, error, .stop)
    }
  }
}

// What must not be copied onto or into itself.
extension OperandResolver {
  /// Refuses a target that is the source, or lies in it.
  func check(_ source: ResolvedSource, against target: ResolvedTarget) throws(CopyError) {
    let same = CopyError("source and target are the same", source.path, nil, .selection)
    let targetName = target.newName ?? source.name
    let parent = try? EntryLocation(open: source.handles.source.rawValue).metadata().identity
    let nearest = try? EntryLocation(open: target.nearest.source.rawValue).metadata().identity
    if !target.isNew && parent == nearest && targetName == source.name { throw same }
    guard source.metadata.kind == .directory else { return }
    guard !isInside(source.metadata.identity, target.nearest) else {
      throw CopyError("target lies inside the source", source.path, nil, .selection)
    }
  }

  /// Whether a directory is another, or lies below it.
  private func isInside(_ identity: InodeIdentity, _ directory: DirectoryHandles) -> Bool {
    guard var current = try? directory.source.duplicate() else { return false }
    var last: InodeIdentity?
    while let found = try? EntryLocation(open: current.rawValue).metadata().identity {
      if found == identity { return true }
      // The root is its own parent.
      if found == last { return false }
      last = found
      let above = unsafe openat(current.rawValue, "..", cl_o_path | O_DIRECTORY | O_CLOEXEC)
      guard above >= 0 else { return false }
      current = Descriptor(owning: above)
    }
    return false
  }
}

extension EntryName {
  /// The name that is a component of a path.
  init(_ component: FilePath.Component) {
    let chars = unsafe component.withPlatformString {
      unsafe Array(UnsafeBufferPointer(start: $0, count: strlen($0)))
    }
    self.init(chars.map { UInt8(bitPattern: $0) })
  }
}

extension FilePath {
  /// The path of the directory that an entry lies in.
  var directory: FilePath {
    let above = removingLastComponent()
    return above.isEmpty ? "." : above
  }
}
