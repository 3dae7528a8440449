// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Kernel
import SystemPackage

/// Sources that keep their paths (`-R`), gathered by the directories that these are relative to.
struct RelativeSources {
  private static let slash = UInt8(ascii: "/")
  private static let dot = UInt8(ascii: ".")

  /// The sources, in the order in which their directories came up.
  private(set) var sources: [CopyPlan.Source] = []
  /// What all paths are relative to, with a slash at its end; empty for the working directory.
  private let base: [UInt8]
  private var known: [[UInt8]: Int] = [:]
  private var last: (root: [UInt8], index: Int)?

  /// Begins to gather.
  ///
  /// - Parameter base: The directory that all paths are relative to.
  init(below base: [UInt8] = []) {
    self.base = base.isEmpty || base.last == Self.slash ? base : base + [Self.slash]
  }

  /// Adds a path.
  mutating func add(_ path: [UInt8]) throws(Refusal) {
    var (root, rest) = Self.divided(path)
    if root.isEmpty && path.first == Self.slash { root = [Self.slash] }
    let parts = rest.split(separator: Self.slash)
    guard !parts.contains(where: { $0.elementsEqual("..".utf8) }) else {
      throw Refusal(Array("found \"..\" dir in relative path: ".utf8) + rest, "")
    }
    let index = source(at: base + root)
    let names = parts.filter { !$0.elementsEqual([Self.dot]) }
    guard !names.isEmpty else { return sources[index].isContents = true }
    if rest.starts(with: [Self.dot, Self.slash]) { sources[index].names?.keepsRoot = true }
    let isMarked = rest.last == Self.slash || parts.last?.elementsEqual([Self.dot]) == true
    sources[index].names?.paths += names.joined(separator: [Self.slash])
    sources[index].names?.paths += isMarked ? [Self.slash, 0] : [0]
  }

  /// The part of a path before its first `/./`, and the part behind it that counts.
  private static func divided(_ path: [UInt8]) -> (root: [UInt8], rest: ArraySlice<UInt8>) {
    for index in path.indices.dropLast(2) where path[index] == slash {
      guard path[index + 1] == dot && path[index + 2] == slash else { continue }
      let root = index == 0 ? [slash] : Array(path[..<index])
      return (root, path[(index + 3)...].drop { $0 == slash })
    }
    return ([], path[...])
  }

  private mutating func source(at root: [UInt8]) -> Int {
    if let last, last.root == root { return last.index }
    if let index = known[root] { return index }
    let path = Operand(bytes: root.isEmpty ? [Self.dot] : root).target
    sources.append(CopyPlan.Source(path: path, names: CopyPlan.Source.Names(paths: [])))
    known[root] = sources.count - 1
    last = (root, sources.count - 1)
    return sources.count - 1
  }
}

/// Listed sources that keep only their last names (`--files-from` with `--no-relative`).
struct FlatSources {
  private static let slash = UInt8(ascii: "/")

  /// The sources in their order; what follows each other in one directory is one of them.
  private(set) var sources: [CopyPlan.Source] = []
  private let base: [UInt8]
  private var last: [UInt8]?

  /// Begins to gather names below a directory.
  init(below base: [UInt8]) {
    self.base = base.last == Self.slash ? base : base + [Self.slash]
  }

  /// Adds a path.
  mutating func add(_ path: [UInt8]) {
    let operand = Operand(bytes: base + path)
    guard !operand.source.isContents else {
      last = nil
      return sources.append(operand.source)
    }
    let end = operand.bytes.lastIndex(of: Self.slash) ?? 0
    let root = Array(operand.bytes[..<end])
    if root != last {
      let path = Operand(bytes: root.isEmpty ? [Self.slash] : root).target
      sources.append(CopyPlan.Source(path: path, names: CopyPlan.Source.Names(paths: [])))
      last = root
    }
    sources[sources.count - 1].names?.paths += operand.bytes[(end + 1)...] + [0]
  }
}
