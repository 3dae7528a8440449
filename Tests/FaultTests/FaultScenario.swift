// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import SimulatedKernel
import Storage
import SystemPackage

/// What is copied how, before anything goes wrong; all follows from a number.
struct FaultScenario {
  /// What the operands name.
  enum Operands: CaseIterable {
    /// `source/ target`
    case contents
    /// `source target`
    case directory
    /// `source/ other/ target`: what two have, the first one gives.
    case merged
    /// `source/large target/new`
    case file
  }

  /// How many there are.
  static let count: UInt64 = 96

  let operands: Operands
  let before: FaultTrees.Before
  let options: CopyOptions
  /// Whether the run takes itself for an ordinary user's.
  let isUser: Bool

  /// One worker, and all else as usual, on a machine without io_uring.
  init(_ operands: Operands, _ before: FaultTrees.Before) {
    self.operands = operands
    self.before = before
    isUser = false
    var options = CopyOptions()
    options.transfer.memoryBytes = 128 << 10
    options.transfer.jobs = 1
    options.transfer.engine = .sync
    self.options = options
  }

  init(_ number: UInt64) {
    var random = SplitMix64(seed: number)
    let operands = Operands.allCases.randomElement(using: &random) ?? .contents
    self.operands = random.happens(0.6) ? .contents : operands
    let before = FaultTrees.Before.allCases.randomElement(using: &random) ?? .mixed
    self.before = self.operands == .file || random.happens(0.4) ? .mixed : before
    isUser = random.happens(0.2)
    var options = CopyOptions()
    options.transfer.memoryBytes = 128 << 10
    options.transfer.jobs = random.happens(0.1) ? 3 : 1
    options.transfer.engine = Bool.random(using: &random) ? .sync : .uring
    typealias Mode = TransferOptions.CacheMode
    if Bool.random(using: &random) {
      options.transfer.reading = Mode.allCases.randomElement(using: &random) ?? .auto
      options.transfer.writing = Mode.allCases.randomElement(using: &random) ?? .auto
    }
    if random.happens(0.3) { options.transfer.sourceProfile = .hdd }
    if random.happens(0.4) { options.transfer.targetProfile = .hdd }
    if random.happens(0.3) { options.publish.durability = .none }
    if random.happens(0.15) { options.preservation = [.archive, .holes] }
    self.options = options
  }

  func plan(_ trees: FaultTrees) -> CopyPlan {
    typealias Source = CopyPlan.Source
    let first = FilePath(trees.source)
    let target = FilePath(trees.target)
    switch operands {
    case .contents:
      return CopyPlan(
        sources: [Source(path: first, isContents: true)],
        target: target,
        options: options
      )
    case .directory:
      return CopyPlan(
        sources: [Source(path: first)],
        target: target,
        targetIsDirectory: true,
        options: options
      )
    case .merged:
      return CopyPlan(
        sources: [first, FilePath(trees.other)].map { Source(path: $0, isContents: true) },
        target: target,
        options: options
      )
    case .file:
      return CopyPlan(
        sources: [Source(path: FilePath(trees.source + "/large"))],
        target: FilePath(trees.target + "/new"),
        options: options
      )
    }
  }

  /// What the target has to have after a run that leaves nothing out, by paths below the target.
  func expected(_ source: TreeState, _ other: TreeState) -> TreeState {
    switch operands {
    case .contents: return source
    case .merged: return TreeState(entries: other.entries.merging(source.entries) { $1 })
    case .directory:
      let below = source.entries.map { ($0.isEmpty ? "source" : "source/\($0)", $1) }
      return TreeState(entries: Dictionary(uniqueKeysWithValues: below))
    case .file:
      return TreeState(entries: source.entries["large"].map { ["new": $0] } ?? [:])
    }
  }

  /// The paths under which an entry of the target may be told of.
  func names(of path: String, _ trees: FaultTrees) -> [String] {
    let source =
      switch operands {
      case .contents: ["\(trees.source)/\(path)"]
      case .merged: ["\(trees.source)/\(path)", "\(trees.other)/\(path)"]
      case .directory: ["\(trees.path)/\(path)"]
      case .file: ["\(trees.source)/large"]
      }
    return source + ["\(trees.target)/\(path)"]
  }
}
