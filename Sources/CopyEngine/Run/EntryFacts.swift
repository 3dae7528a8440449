// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel

/// What is known of one name on all sides.
struct EntryFacts: Sendable {
  /// Whether a name of the same inode was met before.
  enum FirstName: Equatable {
    /// It is the first, or has to be copied like one.
    case this
    /// The inode is at the target under another name.
    case other
    /// The inode is just being copied under another name.
    case underWay
  }

  let source: EntryMetadata
  /// What has the name at the target.
  let target: EntryMetadata?
  /// Whether it is what a link leads to.
  let followsSource: Bool
  /// Whether what has the name at the target is a link to a directory, which stays and is used.
  let followsTarget: Bool
  /// Whether it is only there for what was listed below it.
  let isImplied: Bool
  /// Whether it is a link that leads out of what is copied, and is left out.
  var isUnsafeLink = false
  /// Whether it is where something is mounted, and is left out.
  var isLeftOutMount = false
  /// Whether it is the target directory of the run.
  var isTargetRoot = false
  /// Whether an earlier source has something of this name.
  var isInEarlierSource: Bool?
  /// Whether a name of the inode was met before; asked for inodes with several names.
  var firstName: FirstName?
  /// Whether both are links with the same contents.
  var linkContentsAreEqual: Bool?
  /// Whether both are files with the same bytes; asked where that decides.
  var contentsAreEqual: Bool?
  /// What a tree beside the target has of it.
  var basis: BasisFacts?
  /// Which attributes of both differ.
  var differingAttributes: AttributeDelta.Summary?

  init(
    source: EntryMetadata,
    target: EntryMetadata?,
    followsSource: Bool = false,
    followsTarget: Bool = false,
    isImplied: Bool = false
  ) {
    self.source = source
    self.target = target
    self.followsSource = followsSource
    self.followsTarget = followsTarget
    self.isImplied = isImplied
  }
}
