// SPDX-License-Identifier: Apache-2.0

public import Kernel
public import SystemPackage

/// One entry of the transfer: what became of it, or would.
public struct EntryEvent: Sendable {
  /// What it is.
  public enum Kind: Sendable {
    /// A regular file.
    case file
    /// A directory.
    case directory
    /// A symbolic link with its contents.
    case symbolicLink(FilePath)
    /// Another name of a file that was copied before, with the path of that.
    case hardLink(FilePath)
    /// A device.
    case device
    /// A FIFO or socket.
    case special
  }

  /// The path in the transfer, as rsync names it: below the operand, with the source's names.
  public let path: FilePath
  /// What it is.
  public let kind: Kind
  /// What changed, or would; empty where it is as it should be.
  public let change: EntryChange
  /// What it is at the source; `nil` of a device that is copied as a whole.
  public let source: EntryMetadata?
  /// The path at the source; `nil` where nobody wants it (`RunEvent.Kinds.sourcePaths`).
  public let sourcePath: FilePath?
  /// What is in a regular file; `nil` where nobody wants it (`RunEvent.Kinds.contents`).
  public let contents: FileContents?

  /// Describes an entry.
  public init(
    path: FilePath,
    kind: Kind,
    change: EntryChange,
    source: EntryMetadata? = nil,
    sourcePath: FilePath? = nil,
    contents: FileContents? = nil
  ) {
    self.path = path
    self.kind = kind
    self.change = change
    self.source = source
    self.sourcePath = sourcePath
    self.contents = contents
  }
}

/// What changes of an entry: what rsync's `--itemize-changes` tells.
public struct EntryChange: OptionSet, Hashable, Sendable {
  /// The bits.
  public let rawValue: UInt16
  /// Makes a set.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// Nothing had the name (`+++++++++`).
  public static let isNew = EntryChange(rawValue: 1 << 0)
  /// Its contents are copied, or it is made or linked (`>`, `c`, `h`); else only repaired (`.`).
  public static let contents = EntryChange(rawValue: 1 << 1)
  /// The contents of a link, the number of a device or the checksum of a file differ, or another
  /// kind is replaced (`c`).
  public static let value = EntryChange(rawValue: 1 << 2)
  /// The size of a file differs (`s`).
  public static let size = EntryChange(rawValue: 1 << 3)
  /// The modification time differs and is carried over (`t`).
  public static let time = EntryChange(rawValue: 1 << 4)
  /// The modification time is not carried over, and becomes the time of the copy (`T`).
  public static let timeOfCopy = EntryChange(rawValue: 1 << 5)
  /// The permissions differ (`p`).
  public static let permissions = EntryChange(rawValue: 1 << 6)
  /// The owner differs (`o`).
  public static let owner = EntryChange(rawValue: 1 << 7)
  /// The group differs (`g`).
  public static let group = EntryChange(rawValue: 1 << 8)
  /// The ACLs differ (`a`).
  public static let accessControlLists = EntryChange(rawValue: 1 << 9)
  /// Extended attributes differ (`x`).
  public static let extendedAttributes = EntryChange(rawValue: 1 << 10)
  /// The access time differs (`u`).
  public static let accessTime = EntryChange(rawValue: 1 << 11)
  /// The time of creation differs (`n`; with the access time `b`).
  public static let creationTime = EntryChange(rawValue: 1 << 12)
  /// It was linked to an equal file of another directory of the target's side (`--link-dest`), so
  /// that it is shown as `h`.
  public static let linkedToBasis = EntryChange(rawValue: 1 << 13)
  /// It was copied from an equal file of another directory of the target's side (`--copy-dest`), so
  /// that it is shown as `c`.
  public static let copiedFromBasis = EntryChange(rawValue: 1 << 14)

  /// Whether rsync tells it without being asked for what is unchanged as well: not of what is as it
  /// should be, nor of what only comes from another directory of the target's side.
  public var isTold: Bool {
    isDisjoint(with: [.linkedToBasis, .copiedFromBasis])
      ? !isEmpty : !isSubset(of: [.contents, .linkedToBasis, .copiedFromBasis])
  }
}
