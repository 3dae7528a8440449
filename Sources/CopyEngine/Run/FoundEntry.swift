// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// One entry of a source directory, as it was found on both sides.
struct FoundEntry: Sendable {
  let directory: CopyDirectory
  let sides: DirectorySides
  let name: EntryName
  let targetName: EntryName
  /// What is known of it, as far as it had to be found out.
  var facts: EntryFacts
  /// Whether it is copied once more, since it changed while it was copied.
  var isCopiedAgain = false
  /// What changes of it, once that is decided.
  var change: EntryChange = []
  /// Whether what a tree beside the target has of it is used.
  var takesBasis = false

  var metadata: EntryMetadata { facts.source }
  /// What has its name at the target.
  var existing: EntryMetadata? { facts.target }
  var source: EntryLocation {
    EntryLocation(directory: sides.source, name: name, followsLinks: facts.followsSource)
  }
  var target: EntryLocation { EntryLocation(directory: sides.target, name: targetName) }
  var sourcePath: FilePath { directory.sourcePath(name) }
  var targetPath: FilePath { directory.targetPath(targetName) }
  var linkName: LinkName { LinkName(directory: directory, name: name, targetName: targetName) }

  /// The contents that a symbolic link gets at the target.
  func linkContents(_ run: RunContext) throws(Errno) -> EntryName {
    let contents =
      run.wanted.takesStored ? try source.contentsOfLink() : try source.symbolicLinkContents()
    return run.options.rules.links?.unmunges == true ? contents.unmunged : contents
  }

  /// Whether both sides are links with the same contents.
  func linkContentsAreEqual(_ run: RunContext) -> Bool {
    // What cannot be read is told when the link is to be made.
    guard let contents = try? linkContents(run) else { return false }
    // A link itself can keep nothing, so that a file has to stand in for it.
    let isStored = run.options.metadata.isStored
    return
      (try? isStored ? target.standInContents() : target.symbolicLinkContents()) == contents
  }
}

/// A name under which a file with several names can be found at the target.
struct LinkName: PackableName {
  let directory: CopyDirectory
  let name: EntryName
  let targetName: EntryName

  init(directory: CopyDirectory, name: EntryName, targetName: EntryName) {
    self.directory = directory
    self.name = name
    self.targetName = targetName
  }

  init(in directory: CopyDirectory, packed: ArraySlice<UInt8>) {
    let slash = UInt8(ascii: "/")
    let names = packed.split(separator: slash, omittingEmptySubsequences: false)
    let name = EntryName(names.first ?? [])
    let targetName = names.count > 1 ? EntryName(names[1]) : name
    self.init(directory: directory, name: name, targetName: targetName)
  }

  /// The name, and behind a slash that at the target where that is another one.
  var packed: [UInt8] {
    let bytes = Array(name.bytes)
    return name == targetName ? bytes : bytes + [UInt8(ascii: "/")] + targetName.bytes
  }

  static func == (one: LinkName, other: LinkName) -> Bool {
    one.directory === other.directory && one.targetName == other.targetName
  }
}

/// An entry that is no directory, and is done.
struct EntryDone {
  let entry: FoundEntry
  /// Whether it is at the target.
  let isThere: Bool
}

extension EntryMetadata {
  /// Whether it is the same inode, and nobody has written to it.
  func isSameFile(as other: EntryMetadata) -> Bool {
    identity == other.identity && kind == other.kind && size == other.size
      && modificationTime == other.modificationTime
  }

  /// What keeps an entry of a directory from being removed or replaced, if anything does.
  func protection(in directory: EntryMetadata?) -> CopyError.Protection? {
    if flags.contains(.immutable) { return .isImmutable }
    if flags.contains(.appendOnly) { return .isAppendOnly }
    if directory?.flags.contains(.immutable) == true { return .liesInImmutable }
    return directory?.flags.contains(.appendOnly) == true ? .liesInAppendOnly : nil
  }
}
