// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Glibc
import SimulatedKernel
import Storage
import SystemPackage
import Testing

/// Options in rsync's letters, and what they mean here.
struct OracleOptions: CustomStringConvertible {
  let letters: String

  var description: String { "-\(letters)" }

  func has(_ letter: Character) -> Bool {
    letters.contains(letter) || letters.contains("a") && "rlptgoD".contains(letter)
  }

  var preservation: Preservation {
    let meanings: [(Character, Preservation)] = [
      ("l", .symbolicLinks), ("p", .permissions), ("t", .times), ("g", .group), ("o", .owner),
      ("D", [.devices, .specials]), ("H", .hardLinks),
      ("A", [.accessControlLists, .permissions]), ("X", .extendedAttributes),
    ]
    return meanings.reduce(into: []) { if has($1.0) { $0.formUnion($1.1) } }
  }

  /// A subset of all options that matter.
  static func random(_ random: inout SplitMix64) -> OracleOptions {
    OracleOptions(letters: "r" + "lptgoDHAX".filter { _ in random.happens(0.6) })
  }

  static let named = [
    "a", "aH", "aA", "aX", "aHAX", "r", "rt", "rl", "rlt", "rp", "rtA", "rH", "rD", "rlptgHD",
  ].map { OracleOptions(letters: $0) }
}

@Suite("What would be done, next to what rsync itemizes")
struct ItemizeOracleTests {
  @Test("a dry run says the same", arguments: 0..<3)
  func dryRun(number: UInt64) throws {
    let seed = 0x5eed_0000 + number
    let directory = try OracleDirectory()
    let trees = try OracleTrees(seed: seed, in: directory.path)
    var random = SplitMix64(seed: seed)
    let options = OracleOptions.named + (0..<14).map { _ in .random(&random) }
    for options in options {
      let comparison = ItemizeComparison(trees: trees, options: options)
      let difference = try comparison.difference()
      #expect(difference.isEmpty, "seed \(seed), \(options):\n\(difference)")
    }
  }

  @Test("so it does without going into directories", arguments: ["D", "lpt", "lptgoDAX"])
  func dryRunOfEntries(letters: String) throws {
    let seed: UInt64 = 0x5eed_1000
    let directory = try OracleDirectory()
    let trees = try OracleTrees(seed: seed, in: directory.path)
    let options = OracleOptions(letters: letters)
    let difference = try ItemizeComparison(trees: trees, options: options).difference()
    #expect(difference.isEmpty, "seed \(seed), \(options):\n\(difference)")
  }

  @Test("a run tells what its dry run told, and leaves nothing to be done", arguments: 10..<12)
  func run(number: UInt64) throws {
    let seed = 0x5eed_0000 + number
    // Without times, which of several names is copied first would be another one the second time.
    for options in OracleOptions.named where options.has("t") || !options.has("H") {
      let directory = try OracleDirectory()
      let trees = try OracleTrees(seed: seed, in: directory.path, mixesLinks: false)
      let comparison = ItemizeComparison(trees: trees, options: options)
      let told = try comparison.itemizedHere()
      // What is repaired under one name need not be repaired under the next.
      let shared = told.filter { $0.update == "." && trees.isShared($0.name) }.map(\.name)
      let done = try comparison.itemizedHere(isDryRun: false)
      let difference = ItemizeComparison.difference(
        ("dry run", withoutDirectoryTimes(told).filter { !shared.contains($0.name) }),
        ("run", withoutDirectoryTimes(done).filter { !shared.contains($0.name) })
      )
      #expect(difference.isEmpty, "seed \(seed), \(options):\n\(difference)")
      let again = try comparison.difference()
      #expect(again.isEmpty, "seed \(seed), \(options), again:\n\(again)")
      guard options.has("t") else { continue }
      let left = try comparison.itemizedHere().filter(\.isItemized)
      #expect(left.isEmpty, "seed \(seed), \(options)")
    }
  }

  /// Leaves out the times of directories: a run changes them by what it makes, and then tells that
  /// it made them right, even where they were right before.
  private func withoutDirectoryTimes(_ lines: Set<ItemizedLine>) -> Set<ItemizedLine> {
    Set(
      lines.compactMap { line in
        guard line.flags.hasPrefix(".d") else { return line }
        var line = line
        line.letter(at: 4, is: ".")
        return line.flags.hasSuffix(" ") ? nil : line
      }
    )
  }
}

/// What both tell of one run.
struct ItemizeComparison {
  let trees: OracleTrees
  let options: OracleOptions

  /// The lines that only one of the two has.
  func difference() throws -> String {
    let theirs = Set(try expectation(of: itemizedByRsync()).map(comparable))
    let ours = Set(try itemizedHere().map(comparable))
    return Self.difference(("rsync", theirs), ("fastsync", ours))
  }

  /// The lines that only one of two has.
  static func difference(
    _ one: (name: String, lines: Set<ItemizedLine>),
    _ other: (name: String, lines: Set<ItemizedLine>)
  ) -> String {
    let onlyOne = one.lines.subtracting(other.lines).map { ($0, one.name) }
    let onlyOther = other.lines.subtracting(one.lines).map { ($0, other.name) }
    return (onlyOne + onlyOther).sorted { $0 < $1 }.map { "\($0) (\($1))" }
      .joined(separator: "\n")
  }

  /// The source: its contents, or what is in it where that is not gone into.
  private var operands: [String] {
    get throws {
      guard !options.has("r") else { return ["\(trees.source)/"] }
      return try OracleTrees.names(in: trees.source).sorted().map { "\(trees.source)/\($0)" }
    }
  }

  private func itemizedByRsync() throws -> Set<ItemizedLine> {
    let result = try runProgram(
      ["rsync", "-ni", options.description] + operands + ["\(trees.target)/"]
    )
    return Set(result.output.split(separator: "\n").map { ItemizedLine(rsync: $0) })
  }

  func itemizedHere(isDryRun: Bool = true) throws -> Set<ItemizedLine> {
    let recorder = EventRecorder([.entries, .skips, .failures])
    var copyOptions = CopyOptions()
    copyOptions.isDryRun = isDryRun
    copyOptions.publish.durability = .none
    copyOptions.skipsPrivileged = true
    copyOptions.preservation = options.preservation
    copyOptions.rules.isRecursive = options.has("r")
    copyOptions.transfer.jobs = 1
    copyOptions.transfer.sourceProfile = .nvme
    copyOptions.transfer.targetProfile = .nvme
    let plan = CopyPlan(
      sources: try operands.map {
        // A path has no slash at its end.
        CopyPlan.Source(path: FilePath($0), isContents: $0.hasSuffix("/"))
      },
      target: FilePath(trees.target),
      options: copyOptions
    )
    _ = try TreeCopier(events: recorder).copy(plan)
    return Set(
      recorder.events.compactMap { ItemizedLine($0, target: trees.target, linkKind: linkKind) }
    )
  }

  /// The letter of a kind: a hard link may be one to a symbolic link, and so on.
  private func linkKind(_ path: FilePath) -> Character {
    OracleTrees.status("\(trees.source)/\(path)")?.kindLetter ?? "?"
  }
}

// Where fastsync does something else on purpose, or a dry run of rsync tells something else than a
// run would.
extension ItemizeComparison {
  /// The lines that are expected here where rsync prints `lines`.
  private func expectation(of lines: Set<ItemizedLine>) -> Set<ItemizedLine> {
    guard options.has("H") else { return lines }
    var expected = Set(lines.map(withOwnInode))
    for group in trees.groups {
      let leader = expected.first { $0.name == group.leader }
      if let leader, !leader.isItemized { continue }
      for name in group.names where name != group.leader && sharesTarget(name, group.leader) {
        let told = expected.first { $0.name == name }
        if let told { expected.remove(told) }
        guard let leader, leader.update != "." else { continue }
        expected.insert(line(linking: name, to: leader, told: told))
      }
    }
    return expected
  }

  /// Has a file copied, and not repaired, that shares its inode at the target with names that it
  /// does not share it with at the source.
  ///
  /// rsync changes the metadata of all these names, and in the next run changes it back.
  private func withOwnInode(_ line: ItemizedLine) -> ItemizedLine {
    guard line.flags.hasPrefix(".f"), line.flags.contains(where: { "pog".contains($0) }),
      let source = OracleTrees.status("\(trees.source)/\(line.name)"),
      let target = OracleTrees.status("\(trees.target)/\(line.name)"),
      target.st_nlink > source.st_nlink
    else { return line }
    var changed = line
    changed.update = ">"
    if !options.has("t") { changed.letter(at: 4, is: "T") }
    return changed
  }

  private func sharesTarget(_ one: String, _ other: String) -> Bool {
    guard let one = OracleTrees.status("\(trees.target)/\(one)"),
      let other = OracleTrees.status("\(trees.target)/\(other)")
    else { return false }
    return one.st_ino == other.st_ino
  }

  /// What is told of a name whose inode the leader has at the target, and loses.
  ///
  /// rsync's dry run does not know that the leader gets another inode, and only tells how that
  /// which is there differs; a run of it does what is expected here. Where the leader keeps its
  /// inode, its metadata is right before that of the name is compared.
  private func line(
    linking name: String,
    to leader: ItemizedLine,
    told: ItemizedLine?
  ) -> ItemizedLine {
    var line = told ?? ItemizedLine(flags: ".\(leader.kind).........", name: name)
    line.suffix = " => \(leader.name)"
    line.update = "h"
    if !options.has("t") { line.letter(at: 4, is: "T") }
    return line
  }

  /// Leaves out what rsync tells of an entry of another kind that makes way for a hard link.
  private func comparable(_ line: ItemizedLine) -> ItemizedLine {
    guard line.update == "h", !line.flags.hasSuffix("+"),
      let target = OracleTrees.status("\(trees.target)/\(line.name)"),
      target.kindLetter != line.kind
    else { return line }
    var comparable = line
    // The permissions of a symbolic link mean nothing; rsync compares them with those of a file.
    if line.kind == "L" { comparable.letter(at: 5, is: ".") }
    // rsync reads neither ACL nor attributes of what the options do not ask for.
    comparable.letter(at: 9, is: ".")
    comparable.letter(at: 10, is: ".")
    return comparable
  }
}
