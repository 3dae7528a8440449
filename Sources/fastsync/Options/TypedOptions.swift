// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Storage

/// The options of a command line as they were typed, each checked for its form alone.
///
/// The rows of `OptionTable` fill it in, one after the other. What order decides is kept in order;
/// for the rest the later option wins. What it all means together is settled by `CopyPlan`.
struct TypedOptions {
  /// What of an entry a selection option is about.
  enum Aspect {
    case recursion, symbolicLinks, permissions, times, group, owner, devices, specials
    case hardLinks, accessControlLists, extendedAttributes, holes, accessTimes
  }

  /// A selection option.
  struct Selection {
    let aspects: [Aspect]
    let isOn: Bool
    /// Whether another option brings it along, which does not say that nothing else is copied.
    var isImplied = false
  }

  /// What `-a` stands for.
  static let archive: [Aspect] = [
    .recursion, .symbolicLinks, .permissions, .times, .group, .owner, .devices, .specials,
  ]

  /// What is copied and kept, in the order of the line.
  private(set) var selections: [Selection] = []
  var metadata = TypedMetadata()
  var comparison = TypedComparison()
  /// How often `-x` was given.
  var oneFileSystem = 0
  var deletion = TypedDeletion()
  /// Which names are copied, and where they go.
  var names = TypedNames()
  var copiesDevices = false
  var discards = false

  /// Which names are left out.
  var filters = TypedFilters()

  var isDryRun = false
  /// How often `-v` was given.
  var verbose = 0
  var isQuiet = false
  /// What `-h` counts up.
  var humanReadable = FigureStyle.grouped.rawValue
  /// What else is said, and how.
  var output = TypedOutput()
  /// A text to print instead of copying.
  var request: TextRequest?

  var cache = BySide(TransferOptions.CacheMode.auto)
  var profile = BySide(DiskProfile.auto)
  var explains = false
  var advisesNoReuse = false
  var memoryBytes: Int?
  var jobs: Int?
  var engine = TransferOptions.Engine.auto
  var reflink = TransferOptions.Reflink.auto
  var minFreeBytes: Int?
  var checksRoom = false
  var onChange = TransferOptions.ChangePolicy.retry
  var onReadError = TransferOptions.ReadErrorPolicy.fail
  /// The path of the mapfile, in bytes.
  var mapfile: [UInt8]?
  var durability = PublishOptions.Durability.run
  /// Whether operands may be reached by links of others.
  var followsForeignLinks = false
  /// What is only checked.
  var words = TypedWords()
  /// How fast the run goes, and how long.
  var limits = TypedLimits()
  /// What is at the target, and beside it.
  var target = TypedTarget()

  /// Notes a selection option.
  mutating func select(_ aspects: [Aspect], _ typed: TypedOption, isImplied: Bool = false) {
    selections.append(Selection(aspects: aspects, isOn: typed.isOn, isImplied: isImplied))
  }
}

/// A text that is asked for.
enum TextRequest: Equatable {
  case help
  case version
  case completion(CompletionScript.Shell)
  /// The words of an option.
  case text(String)

  /// Whether the rest of the line is not read any more.
  var endsTheLine: Bool { self != .version }
}

/// A word for the source and one for the target, as `--cache` and `--profile` take them.
struct BySide<Word> {
  var source: Word
  var target: Word

  /// Says the same of both.
  init(_ both: Word) {
    source = both
    target = both
  }
}
