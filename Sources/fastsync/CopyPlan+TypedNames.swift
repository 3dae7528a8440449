// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Glibc
import Kernel
import SystemPackage

extension TypedOptions {
  /// Whether the names below the source come from a list.
  var hasList: Bool { names.filesFrom != nil }

  /// Whether sources keep their paths.
  var isRelative: Bool { names.isRelative ?? hasList }
}

extension SyncRules {
  /// What was typed about names, in the engine's terms, once it is known what is recursive.
  mutating func take(_ typed: TypedOptions) throws(Refusal) {
    let names = typed.names
    isRecursive = typed.isRecursive(bare: isRecursive)
    makesDirectories = names.directories.map { $0 != .skipped } ?? typed.hasList
    leavesOutMounts = typed.oneFileSystem > 1
    keepsImpliedMetadata = names.keepsImplied
    makesTargetPath = names.makesTargetPath
    ignoresMissing = names.ignoresMissing
    links = names.links == LinkRules() ? nil : names.links
    state = names.state == StateRules() ? nil : names.state
    if names.links.unmunges, isDirectory("/rsyncd-munged") {
      throw Refusal("--munge-links is unsafe where a directory /rsyncd-munged exists", .unsupported)
    }
  }

  private func isDirectory(_ path: FilePath) -> Bool {
    (try? EntryMetadata(following: path).kind) == .directory
  }
}

extension TypedOptions {
  /// Whether directories are descended into: a list, which names what it wants, takes that off
  /// `-a`.
  fileprivate func isRecursive(bare: Bool) -> Bool {
    if names.directories == .madeAlone { return false }
    guard hasList else { return bare }
    var isRecursive = false
    for selection in selections where selection.aspects.contains(.recursion) {
      if selection.aspects.count == 1 || !selection.isOn { isRecursive = selection.isOn }
    }
    return isRecursive
  }
}

extension CopyOptions {
  /// Has the sources listed: everything that is there, and what is below a directory only where
  /// that was asked for.
  mutating func list(_ typed: TypedOptions) {
    let isSelected = typed.selections.contains(where: \.isOn)
    listing = Listing(showsLinks: isSelected && preservation.contains(.symbolicLinks))
    preservation = [.symbolicLinks, .devices, .specials]
    skipsPrivileged = false
    rules.isRecursive = rules.isRecursive && isSelected
    rules.makesDirectories = typed.names.directories.map { $0 != .skipped } ?? true
    rules.links?.leavesOutUnsafe = false
    rules.state = nil
    deletion = DeletionOptions()
    basis = nil
    backup = nil
    publish.checksRoom = false
    devices.discards = false
  }
}

extension CopyPlan.Source {
  /// The sources that the operands name.
  static func all(
    _ operands: some Sequence<Operand>,
    _ typed: TypedOptions
  ) throws(Refusal) -> [CopyPlan.Source] {
    guard let list = typed.names.filesFrom else {
      guard typed.isRelative else { return operands.map(\.source) }
      var sources = RelativeSources()
      for operand in operands { try sources.add(operand.bytes) }
      return sources.sources
    }
    guard let root = Array(operands).only else {
      throw Refusal("--files-from takes one source and one target; usage: \(HelpText.usage)")
    }
    let contents = try readList(list, followsAll: typed.followsForeignLinks)
    let names = NameList(contents, endsInNUL: typed.names.endsInNUL)
    try checkRoot(root)
    if typed.isRelative {
      var sources = RelativeSources(below: root.bytes)
      try names.forEach { (name) throws(Refusal) in try sources.add(NameList.resolved(name)) }
      return sources.sources
    }
    var sources = FlatSources(below: root.bytes)
    try names.forEach { (name) throws(Refusal) in sources.add(NameList.resolved(name)) }
    return sources.sources
  }

  /// Refuses a list about what is no directory: none of its names can be found.
  private static func checkRoot(_ root: Operand) throws(Refusal) {
    let found: EntryMetadata
    do throws(Errno) {
      found = try EntryMetadata(following: root.target)
    } catch {
      throw Refusal(root.bytes, ": cannot open source: \(error.description)", .selection)
    }
    guard found.kind == .directory else {
      throw Refusal(root.bytes, ": cannot open source: Not a directory", .selection)
    }
  }

  private static func readList(
    _ path: [UInt8],
    followsAll: Bool
  ) throws(Refusal) -> [UInt8] {
    let isInput = path == Array("-".utf8)
    guard isInput || !Operand(bytes: path).isRemote else {
      throw Refusal(
        Array("--files-from=".utf8) + path,
        " is on another machine, and fastsync only copies locally",
        .unsupported
      )
    }
    do throws(Errno) {
      return isInput
        ? try FileCalls.readAll(of: 0)
        : try TrustedPath(FilePath(bytes: path), followsAll: followsAll).contents()
    } catch {
      throw Refusal(Array("--files-from=".utf8) + path, ": cannot read: \(error.description)")
    }
  }
}

extension Array {
  /// The element, if there is just one.
  fileprivate var only: Element? { count == 1 ? first : nil }
}
