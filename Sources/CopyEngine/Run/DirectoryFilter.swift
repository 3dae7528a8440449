// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// Reads files with filter rules: those that rules name by a path, and merge files of one open
/// directory.
struct RuleFiles: FilterFiles {
  /// The directory, if it is about one.
  let directory: Int32?
  private let followsAll: Bool

  /// Reads what the command line names, or with a directory also its merge files.
  init(in directory: Int32? = nil, _ settings: FilterSettings) {
    self.directory = directory
    followsAll = settings.followsForeignLinks
  }

  func contents(at path: [UInt8]) throws(Errno) -> [UInt8] {
    if path.elementsEqual("-".utf8) {
      return try FileCalls.readAll(of: 0, bytesMax: TrustedPath.fileBytesMax)
    }
    return try TrustedPath(FilePath(bytes: path), followsAll: followsAll)
      .contents(waits: directory == nil)
  }

  func contents(of name: EntryName) -> [UInt8]? {
    guard let directory else { return nil }
    return try? TrustedPath(FilePath(name), from: directory, followsAll: followsAll)
      .contents(waits: false)
  }
}

/// The filter rules of one directory, of which the merge files are read when it is open for the
/// first time.
final class DirectoryFilter: Sendable {
  private let above: FilterScope
  private let name: EntryName
  private let readsFiles: Bool
  private let known = Lock<FilterScope?>(nil)

  /// Begins at a root.
  ///
  /// - Parameters:
  ///   - scope: The rules of the command line there.
  ///   - isRead: Whether the directory itself is in the transfer, and not only what operands name
  ///     in it.
  init(_ scope: FilterScope, isRead: Bool) {
    above = scope
    name = .itself
    readsFiles = isRead
  }

  /// Begins at the target, for what is removed there.
  convenience init(protecting target: FilePath, _ filters: FilterList, isRead: Bool) {
    let whole = FilePath.workingDirectory.pushing(target).bytes
    self.init(FilterScope(filters, .receiver, directory: whole), isRead: isRead)
  }

  /// The rules of a directory below.
  init(_ name: EntryName, below parent: DirectoryFilter) {
    above = parent.current
    self.name = name
    readsFiles = true
  }

  /// The rules, as far as they are known.
  var current: FilterScope {
    known.withLock { $0 } ?? (readsFiles && !name.isEmpty ? above.below(name) : above)
  }

  /// The rules in force in the directory, which is open: one of the source, or one of the target
  /// for what is removed there.
  ///
  /// What is wrong with a merge file ends the run, as in rsync.
  func scope(in directory: Int32, of run: RunContext) -> FilterScope? {
    do {
      return try scope(in: directory)
    } catch {
      run.fail(FilterList.failure(error))
      return nil
    }
  }

  private func scope(in directory: Int32) throws(FilterError) -> FilterScope {
    if let scope = known.withLock({ $0 }) { return scope }
    let scope = readsFiles ? try above.entering(name, in: directory) : above
    known.withLock { $0 = scope }
    return scope
  }
}

extension FilterScope {
  /// The rules in force in an open directory below, with what its own merge files say.
  func entering(_ name: EntryName, in directory: Int32) throws(FilterError) -> FilterScope {
    try entering(name, RuleFiles(in: directory, settings))
  }
}

extension FilterList {
  /// What is wrong with filter rules, as a failure of a run.
  static func failure(_ error: FilterError) -> CopyError {
    let errno: Errno? = if case .cannotOpen(let errno) = error.problem { errno } else { nil }
    return CopyError(.filter(error), "", errno, error.problem.isOfSyntax ? .usage : .stop)
  }

  /// Reads the rules of a run.
  ///
  /// - Returns: `nil` where there are none.
  static func make(_ options: FilterOptions) throws(CopyError) -> FilterList? {
    guard !options.directives.isEmpty else { return nil }
    do {
      let list = try FilterList(options.directives, options.settings, RuleFiles(options.settings))
      return list.isEmpty ? nil : list
    } catch {
      throw failure(error)
    }
  }
}
