// SPDX-License-Identifier: Apache-2.0

public import SystemPackage

/// Who is told what happens during a run; called from every worker's thread.
public protocol CopyObserver: Sendable {
  /// An entry was copied, made, linked or repaired, or would be in a dry run.
  func updated(_ update: EntryUpdate)
  /// Something failed; the run goes on or stops by itself.
  func failed(_ error: CopyError)
  /// An entry of the source was left out because the options do not ask for its kind.
  func skipped(_ path: FilePath, isDirectory: Bool)
  /// Something the user has to know while the run goes on, such as a disk that stalls.
  func warned(_ text: String)
  /// Something worth knowing, such as a fallback to the sync engine.
  func noted(_ text: String)
  /// Why the run goes about it as it does, if the options ask for that.
  func explained(_ text: String)
}

/// One entry of the target that was changed, or would be.
public struct EntryUpdate: Sendable {
  /// The kinds of entries.
  public enum Kind: Sendable {
    /// A regular file.
    case file
    /// A directory.
    case directory
    /// A symbolic link with its contents.
    case symbolicLink(FilePath)
    /// Another name of a file that was copied before, with the path of that.
    case hardLink(FilePath)
    /// A device, FIFO or socket.
    case special
  }

  /// The path below the target.
  public let path: FilePath
  /// What it is.
  public let kind: Kind
  /// Whether its contents were copied or it was made; otherwise only metadata was repaired.
  public let isNew: Bool

  /// Describes an update.
  public init(path: FilePath, kind: Kind, isNew: Bool) {
    self.path = path
    self.kind = kind
    self.isNew = isNew
  }
}
