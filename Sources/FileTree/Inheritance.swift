// SPDX-License-Identifier: Apache-2.0

public import Kernel

/// What an inode has that was just made.
public struct CreatedMetadata: Equatable, Sendable {
  /// The owner's number.
  public let owner: UInt32
  /// The group's number.
  public let group: UInt32
  /// The permission bits; `nil` where they are not known.
  public let permissions: UInt32?
  /// Whether what is written to it will be compressed.
  public let isCompressed: Bool
  /// Whether it may have attributes.
  public var hasAttributes: Bool

  /// Names what an inode has.
  public init(
    owner: UInt32,
    group: UInt32,
    permissions: UInt32?,
    isCompressed: Bool = false,
    hasAttributes: Bool
  ) {
    self.owner = owner
    self.group = group
    self.permissions = permissions
    self.isCompressed = isCompressed
    self.hasAttributes = hasAttributes
  }

  /// What an inode says that it has (`statx`, `listxattr`); `nil` where it says nothing.
  public init?(asking inode: EntryLocation) {
    guard let metadata = try? inode.metadata() else { return nil }
    self.init(
      owner: metadata.owner,
      group: metadata.group,
      permissions: metadata.permissions,
      isCompressed: metadata.flags.contains(.compressed),
      hasAttributes: inode.hasAttributes
    )
  }
}

/// What a directory gives to files that are made in it, where that is an owner and a group and
/// nothing else.
public final class Inheritance: Sendable {
  /// What of a directory without attributes counts for new files.
  struct Giver: Equatable {
    let group: UInt32
    let isSetgid: Bool

    /// Asks a directory (`statx`, `listxattr`); `nil` where it has attributes, or says nothing.
    init?(asking directory: Int32) {
      let location = EntryLocation(open: directory)
      guard let metadata = try? location.metadata(), !location.hasAttributes else { return nil }
      group = metadata.group
      isSetgid = metadata.permissions & 0o2000 != 0
    }
  }

  private let giver: Giver
  private let shown: CreatedMetadata

  init(_ giver: Giver, shownBy file: CreatedMetadata) {
    self.giver = giver
    shown = file
  }

  /// What a file has that was made with these permissions; `nil` where that is not known, since the
  /// process may be denied some of them (`umask`).
  public func created(with permissions: UInt32) -> CreatedMetadata? {
    guard permissions & ~(shown.permissions ?? 0) == 0 else { return nil }
    return CreatedMetadata(
      owner: shown.owner,
      group: shown.group,
      permissions: permissions,
      isCompressed: shown.isCompressed,
      hasAttributes: false
    )
  }

  /// Whether the directory is still as it was when this was found.
  public func isGiven(by directory: Int32) -> Bool { Giver(asking: directory) == giver }
}

/// What the files have that are made in a directory.
///
/// Setgid bits and default ACLs of the directory, mount options and mapped owners may all have a
/// say, and the directory may change at any time, so that each file would have to be asked. Instead
/// a few are, and the directory before the last of them; if that has no attributes, the others are
/// taken to have the same as that one. Whoever relies on it asks the directory again afterwards.
public final class NewFiles: Sendable {
  private struct State {
    var bareCount = 0
    var inheritance: Inheritance?
    var asksEach = false
  }

  /// So many files are asked in any case; most directories have no more.
  static let askedMin = 4
  private let state = Lock(State())

  /// Knows nothing of a directory yet.
  public init() {}

  /// What is known of files that are made now, without asking them.
  public var inheritance: Inheritance? { state.withLock { $0.inheritance } }

  /// What is asked of the directory before a file is made in it.
  public struct Question: Sendable {
    fileprivate let isDue: Bool
    fileprivate let giver: Inheritance.Giver?
  }

  /// Asks the directory, if it is time for that; to be called before a file is made.
  public func ask(_ directory: Int32) -> Question {
    let isDue = state.withLock { state in
      !state.asksEach && state.inheritance == nil && state.bareCount + 1 >= Self.askedMin
    }
    return Question(isDue: isDue, giver: isDue ? Inheritance.Giver(asking: directory) : nil)
  }

  /// Asks a file what it has (`statx`, `listxattr`).
  ///
  /// - Parameters:
  ///   - file: The file's descriptor.
  ///   - question: What its directory was asked before.
  /// - Returns: What it has, `nil` where that cannot be known.
  public func created(_ file: Int32, _ question: Question) -> CreatedMetadata? {
    let created = CreatedMetadata(asking: EntryLocation(open: file))
    let isBare = created?.hasAttributes == false
    state.withLock { state in
      state.bareCount = isBare ? state.bareCount + 1 : 0
      guard question.isDue, !state.asksEach else { return }
      // A directory that has attributes will have them when the next file is made.
      if question.giver == nil { state.asksEach = true }
      guard isBare, let created, let giver = question.giver else { return }
      state.inheritance = Inheritance(giver, shownBy: created)
    }
    return created
  }

  /// Has each file asked from now on: the directory has changed.
  public func askEach() {
    state.withLock { state in
      state.inheritance = nil
      state.asksEach = true
    }
  }
}
