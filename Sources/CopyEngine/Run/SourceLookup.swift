// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// Finds out what a name of the source stands for: itself, or what it leads to.
struct SourceLookup {
  /// What a name stands for.
  struct Found {
    var metadata: EntryMetadata
    /// Whether the name is a link that leads to it.
    var followsLink = false
    /// Whether it is only there for what was listed below it.
    var isImplied = false
  }

  let rules: SyncRules
  private let wanted: WantedMetadata

  init(_ run: RunContext) {
    rules = run.options.rules
    wanted = run.wanted
  }

  /// Looks a name up (`statx`).
  @inline(__always)
  func find(
    _ name: EntryName,
    in directory: CopyDirectory,
    _ sides: DirectorySides
  ) throws(CopyError) -> Found {
    let origin = directory.names.origin(of: name, rules)
    let metadata: EntryMetadata
    do {
      metadata = try EntryLocation(directory: sides.source, name: name).metadata()
    } catch {
      throw missing(error, directory.sourcePath(name), origin)
    }
    guard metadata.kind == .symbolicLink || !origin.isFound else {
      return Found(metadata: try taken(metadata, name, in: directory, sides))
    }
    var found = try followed(name, metadata, in: directory, sides, origin)
    found.metadata = try taken(found.metadata, name, in: directory, sides, found.followsLink)
    return found
  }

  /// What an entry that was found is taken for.
  @inline(__always)
  private func taken(
    _ found: EntryMetadata,
    _ name: EntryName,
    in directory: CopyDirectory,
    _ sides: DirectorySides,
    _ follows: Bool = false
  ) throws(CopyError) -> EntryMetadata {
    do throws(Errno) {
      return try wanted.metadata(
        found,
        at: EntryLocation(directory: sides.source, name: name, followsLinks: follows)
      )
    } catch {
      throw .source(.readAttribute(StoredMetadata.key), directory.sourcePath(name), error)
    }
  }

  private func missing(
    _ errno: Errno,
    _ path: FilePath,
    _ origin: EntryOrigin
  ) -> CopyError {
    switch origin {
    case .found, .known: .source(.stat, path, errno)
    case .named, .implied: CopyError(.findArgument, path, errno, .entry)
    }
  }

  private func followed(
    _ name: EntryName,
    _ metadata: EntryMetadata,
    in directory: CopyDirectory,
    _ sides: DirectorySides,
    _ origin: EntryOrigin
  ) throws(CopyError) -> Found {
    var found = Found(metadata: metadata)
    if case .implied = origin { found.isImplied = true }
    guard metadata.kind == .symbolicLink, let manner = manner(name, directory, sides, origin) else {
      return found
    }
    do throws(Errno) {
      let referent = try EntryLocation(directory: sides.source, name: name, followsLinks: true)
        .metadata()
      if manner == .all || referent.kind == .directory {
        found.metadata = referent
        found.followsLink = true
      }
      return found
    } catch {
      guard manner == .all else { return found }
      let path = directory.sourcePath(name)
      throw error == .noSuchFileOrDirectory
        ? CopyError(.findReferent, path, nil, .entry) : CopyError(.followLink, path, error, .entry)
    }
  }

  /// Which links are followed.
  private enum Manner {
    case all, toDirectories
  }

  private func manner(
    _ name: EntryName,
    _ directory: CopyDirectory,
    _ sides: DirectorySides,
    _ origin: EntryOrigin
  ) -> Manner? {
    switch origin {
    case .implied: return .all
    case .named(hasContents: true) where rules.links?.followsAll != true: return .toDirectories
    case .found, .known, .named: break
    }
    guard let links = rules.links, links.followsSource else { return nil }
    if links.followsAll { return .all }
    if links.followsUnsafe {
      let link = EntryLocation(directory: sides.source, name: name)
      let contents = try? link.symbolicLinkContents()
      let depth = directory.relativePath(name).components.count - 1
      if contents?.leadsOut(depth: depth) == true { return .all }
    }
    return links.followsDirectories ? .toDirectories : nil
  }
}

extension EntryOrigin {
  /// Whether its directory has it, which is most often so.
  var isFound: Bool {
    if case .found = self { true } else { false }
  }
}
