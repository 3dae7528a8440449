// SPDX-License-Identifier: Apache-2.0

import SystemPackage
import Kernel

/// Where a line stands among the others of a run: the order in which rsync prints them.
///
/// A directory comes first, then what is in it but its subdirectories, sorted by bytes, then those
/// in the same way. Workers come to names in any order, so that lines are sorted before they are
/// written.
struct OutputOrder: Comparable, Sendable {
  private enum Mark {
    static let deletion: UInt8 = 0
    /// What rsync says of an entry at once, and not when it is copied.
    static let remark: UInt8 = 1
    static let itself: UInt8 = 2
    static let entry: UInt8 = 3
    static let subdirectory: UInt8 = 4
  }

  /// When it is said.
  enum Phase: UInt8 {
    /// What is said of the run.
    case heading
    /// Deletions that come before the copy.
    case before
    case during, after
  }

  private let key: [UInt8]

  /// The place of an entry.
  init(_ path: FilePath, isDirectory: Bool) {
    key = [Phase.during.rawValue] + Self.key(Self.components(path), isDirectory: isDirectory)
  }

  /// The place of what is said of an entry that is left as it is, or left out: before its
  /// directory.
  init(remarkOn path: FilePath) {
    let names = Self.components(path)
    let directory = [Phase.during.rawValue] + names.dropLast().flatMap(Self.descent)
    key = directory + [Mark.remark] + (names.last ?? []) + [0]
  }

  /// The place of one of the lines that come before all others.
  init(heading number: UInt8) { key = [Phase.heading.rawValue, number] }

  /// The place of a name that is removed: with the directory that stays, in reverse order, so that
  /// what is in a directory comes before it.
  ///
  /// - Parameters:
  ///   - path: The name.
  ///   - isDirectory: Whether it is a directory.
  ///   - depth: How many of its components are the directory that stays.
  ///   - phase: When names are removed.
  init(deletion path: FilePath, isDirectory: Bool, depth: Int, _ phase: Phase) {
    let names = Self.components(path)
    var key = [phase.rawValue]
    for name in names.prefix(depth) { key += Self.descent(name) }
    key.append(Mark.deletion)
    let rest = Self.key(Array(names.dropFirst(depth)), isDirectory: isDirectory)
    self.key = key + rest.map { ~$0 } + [0xff]
  }

  /// The names that a path is made of; none of the operand itself.
  static func components(_ path: FilePath) -> [[UInt8]] {
    path == "." ? [] : path.bytes.split(separator: UInt8(ascii: "/")).map(Array.init)
  }

  private static func descent(_ name: [UInt8]) -> [UInt8] {
    [Mark.subdirectory] + name + [UInt8(ascii: "/")]
  }

  private static func key(_ names: [[UInt8]], isDirectory: Bool) -> [UInt8] {
    var key: [UInt8] = []
    for name in isDirectory ? names[...] : names.dropLast() { key += descent(name) }
    if isDirectory {
      key.append(Mark.itself)
    } else if let last = names.last {
      key += [Mark.entry] + last + [0]
    }
    return key
  }

  static func < (one: OutputOrder, other: OutputOrder) -> Bool {
    one.key.lexicographicallyPrecedes(other.key)
  }
}

/// One or more lines with their place among the others.
struct OrderedLine {
  /// What the lines are about.
  enum Subject {
    /// The target directory that is made.
    case targetCreation
    /// What holds for the whole run.
    case remark
    /// An entry.
    case entry(FilePath, isDirectory: Bool)
    /// An entry that is left out, or left as it is.
    case remarkOn(FilePath)
    /// A name that is removed.
    case deletion(FilePath, isDirectory: Bool, OutputOrder.Phase)
  }

  let subject: Subject
  /// The lines with their ends.
  let bytes: [UInt8]

  /// Puts lines into their order.
  static func sorted(_ lines: [OrderedLine]) -> [OrderedLine] {
    var removed: Set<[[UInt8]]> = []
    for case .deletion(let path, true, _) in lines.map(\.subject) {
      removed.insert(OutputOrder.components(path))
    }
    let ordered = lines.enumerated().map { index, line in
      (order: line.subject.order(removed), index: index)
    }
    return ordered.sorted { ($0.order, $0.index) < ($1.order, $1.index) }.map { lines[$0.index] }
  }
}

extension OrderedLine.Subject {
  /// Where it stands; a removed name belongs to the nearest directory above that is not removed.
  fileprivate func order(_ removed: Set<[[UInt8]]>) -> OutputOrder {
    switch self {
    case .targetCreation: return OutputOrder(heading: 0)
    case .remark: return OutputOrder(heading: 1)
    case .remarkOn(let path): return OutputOrder(remarkOn: path)
    case .entry(let path, let isDirectory):
      return OutputOrder(path, isDirectory: isDirectory)
    case .deletion(let path, let isDirectory, let phase):
      var above = Array(OutputOrder.components(path).dropLast())
      while !above.isEmpty, removed.contains(above) { above.removeLast() }
      return OutputOrder(deletion: path, isDirectory: isDirectory, depth: above.count, phase)
    }
  }
}
