// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
public import CopyEngine
import Storage

/// What was typed, checked word by word.
struct FastsyncCommand: ParsableCommand {
  static let version = "0.1.0"
  static let usage = "fastsync [OPTION]... SRC... DEST"

  static let configuration = CommandConfiguration(
    commandName: "fastsync",
    abstract: "Copies directory trees and files from one local disk to another.",
    usage: usage,
    discussion: """
      SRC/ with a slash at its end means the contents of a directory, SRC the directory itself. \
      Without selection options everything is copied and kept, as -aHAXS would, with access times. \
      With one of them, options mean what they mean in rsync; --no-OPTION (--no-owner, --no-o) \
      takes an option back, and the later one wins.
      """,
    helpNames: .long
  )

  struct Selection: ParsableArguments {
    @Flag var toggles: [Toggle<SelectionOption>] = []
  }

  struct Reporting: ParsableArguments {
    @Flag var toggles: [Toggle<ReportingOption>] = []
    @Flag(name: [.customShort("V"), .long], help: "Print the version.")
    var version = false
  }

  struct Engine: ParsableArguments {
    @Option(
      help: ArgumentHelp(
        "How to read and write with regard to the page cache; also SOURCE:TARGET. "
          + "\(BySide<TransferOptions.CacheMode>.values)",
        valueName: "mode"
      ),
      completion: .list(BySide<TransferOptions.CacheMode>.words),
      transform: BySide.parse
    )
    var cache = BySide(TransferOptions.CacheMode.auto)

    @Option(
      help: ArgumentHelp(
        "What kind of disk is read and written; also SOURCE:TARGET. "
          + "\(BySide<DiskProfile>.values)",
        valueName: "disk"
      ),
      completion: .list(BySide<DiskProfile>.words),
      transform: BySide.parse
    )
    var profile = BySide(DiskProfile.auto)

    @Flag(name: .customLong("noreuse"), help: "Also give NOREUSE advice (for measurements).")
    var advisesNoReuse = false

    @Option(
      help: ArgumentHelp(
        "All data buffers together, 64K to 1G (default: 8M, or 64M on one disk that seeks).",
        valueName: "size"
      ),
      transform: Limits.memory
    )
    var memory: Int?

    @Option(
      help: ArgumentHelp("Workers, 1 to 256 (default: as the disks need).", valueName: "n"),
      transform: Limits.jobs
    )
    var jobs: Int?

    @Option(help: ArgumentHelp("Use io_uring or plain system calls.", valueName: "engine"))
    var ioEngine = TransferOptions.Engine.auto

    @Flag(help: "Print how the run goes about it, and why.")
    var explain = false

    @Option(help: ArgumentHelp("Share extents instead of copying them.", valueName: "when"))
    var reflink = TransferOptions.Reflink.auto

    @Option(help: ArgumentHelp("When what was written has to be on disk.", valueName: "when"))
    var durability = PublishOptions.Durability.run
  }

  struct Devices: ParsableArguments {
    @Flag(help: "Copy what is on a block device, and onto one, not its node.")
    var copyDevices = false

    @Flag(help: "Have the target device forget what it holds first.")
    var discard = false
  }

  struct Compatibility: ParsableArguments {
    @Flag var toggles: [Toggle<CompatibilityOption>] = []
  }

  @OptionGroup(title: "What is copied and kept") var selection: Selection
  @OptionGroup(title: "What is said") var reporting: Reporting
  @OptionGroup(title: "How it is copied") var engine: Engine
  @OptionGroup(title: "Whole devices") var devices: Devices
  @OptionGroup(title: "For rsync's sake") var compatibility: Compatibility

  /// For the completions; what was typed does not come here (`CommandWords`).
  @Argument(
    help: ArgumentHelp("The sources and the target.", valueName: "path", visibility: .hidden),
    completion: .file()
  )
  var operands: [String] = []
}

/// The bounds of options with a number.
enum Limits {
  static let memoryBytes = 64 << 10...1 << 30
  static let jobs = 1...256

  /// Reads the value of `--memory`.
  static func memory(_ text: String) throws -> Int {
    guard let bytes = ByteSize.parse(text) else {
      throw ValidationError("it is not a size such as 8M or 512K.")
    }
    guard let size = Int(exactly: bytes), memoryBytes.contains(size) else {
      throw ValidationError("it must be at least 64K and at most 1G.")
    }
    return size
  }

  /// Reads the value of `--jobs`.
  static func jobs(_ text: String) throws -> Int {
    guard let count = Int(text), jobs.contains(count) else {
      throw ValidationError("it must be a number from 1 to 256.")
    }
    return count
  }
}

/// A word for the source and one for the target, as `--cache` and `--profile` take them.
struct BySide<Word>: CustomStringConvertible
where Word: RawRepresentable<String> & CaseIterable & Sendable {
  var source: Word
  var target: Word

  /// One word for both.
  init(_ both: Word) {
    source = both
    target = both
  }

  /// Reads `WORD` or `SOURCE:TARGET`.
  init?(_ argument: String) {
    let words = argument.split(separator: ":", omittingEmptySubsequences: false).map {
      Word(rawValue: String($0))
    }
    guard let first = words.first, words.count <= 2, let source = first,
      let target = words.last ?? nil
    else { return nil }
    self.source = source
    self.target = target
  }

  /// Reads the value of an option.
  static func parse(_ text: String) throws -> BySide {
    guard let value = BySide(text) else {
      let quoted = words.map { "'\($0)'" }
      throw ValidationError(
        "it must be \(quoted.dropLast().joined(separator: ", ")) or \(quoted.last ?? ""), or two of "
          + "them as SOURCE:TARGET."
      )
    }
    return value
  }

  var description: String { source.rawValue }
  static var words: [String] { Word.allCases.map(\.rawValue) }
  /// The words, for the help.
  static var values: String { "(values: \(words.joined(separator: ", ")); default: auto)" }
}

extension TransferOptions.Engine: ExpressibleByArgument {}
extension TransferOptions.Reflink: ExpressibleByArgument {}
extension PublishOptions.Durability: ExpressibleByArgument {}
