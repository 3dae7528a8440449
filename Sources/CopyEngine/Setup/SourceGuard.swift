// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import Storage
internal import SystemPackage

/// Keeps a run from deleting everything at the target since the source is not there: a directory in
/// which nothing is any more, or on which nothing is mounted that should be.
struct SourceGuard {
  let expected = ExpectedMounts()

  /// Refuses a source that is not to be taken for a directory that was emptied on purpose.
  ///
  /// Where the target has nothing, nothing can be deleted.
  func check(
    _ source: ResolvedSource,
    against target: ResolvedTarget
  ) throws(CopyError) {
    guard source.metadata.kind == .directory, hasNames(source, at: target) else { return }
    // What cannot be opened or read is told by the run, and keeps it from deleting.
    guard let directory = try? Descriptor(opening: source.path, .directory) else { return }
    defer { withExtendedLifetime(directory) {} }
    if let point = expected.missing(above: directory.rawValue) {
      throw CopyError(.refuse(.unmountedSource(point)), source.path, nil, .selection)
    }
    guard (try? DirectoryReader.hasNames(directory.rawValue)) == false else { return }
    throw CopyError(.refuse(.emptySource), source.path, nil, .selection)
  }

  /// Whether the directory of the target that a source goes to has any names.
  private func hasNames(_ source: ResolvedSource, at target: ResolvedTarget) -> Bool {
    guard let root = target.directory else { return false }
    let name = source.isContents ? .current : source.name
    let place = EntryLocation(directory: root.descriptor.rawValue, name: name)
    guard let directory = try? place.openForReading(directory: true) else { return false }
    defer { withExtendedLifetime(directory) {} }
    return (try? DirectoryReader.hasNames(directory.rawValue)) ?? false
  }
}
