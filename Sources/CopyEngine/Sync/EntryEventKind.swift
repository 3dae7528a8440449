// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

extension EntryEvent.Kind {
  /// What an entry is called; `nil` for a link whose contents cannot be read.
  ///
  /// - Parameters:
  ///   - entry: The entry.
  ///   - linkContents: The contents of a link, where they are known already.
  init?(_ entry: FoundEntry, linkContents: EntryName? = nil) {
    switch entry.metadata.kind {
    case .file: self = .file
    case .directory: self = .directory
    case .device: self = .device
    case .special: self = .special
    case .symbolicLink:
      guard let contents = linkContents ?? (try? entry.source.contentsOfLink()) else {
        return nil
      }
      self = .symbolicLink(FilePath(contents))
    }
  }
}
