// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Two states of a tree, old and new: contents changed, names added, types changed, some the same.
struct MixedTree {
  /// What find calls a temporary name.
  static let temporary = ".?*.fastsync-" + String(repeating: "[0-9A-Za-z]", count: 8)

  /// The tree with the new contents.
  let new: String
  /// The tree with the old contents.
  let old: String

  init(_ sandbox: Sandbox, seed: UInt64) throws {
    new = try sandbox.makeDirectory("new")
    old = try sandbox.makeDirectory("old")
    let contents = SeededContents(seed: seed)
    var random = SeededRandom(seed: seed)
    let sides = try [OpenDirectory(old), OpenDirectory(new)]
    for directory in 0..<6 {
      let name = Bytes(text: "directory-\(directory)")
      let below = try sides.map { try $0.makeDirectory(name) }
      for number in 0..<50 {
        let file = Bytes(text: "file-\(number)")
        // Around the block size, and now and then a file of many blocks.
        let scale = number == 7 ? 12 << 20 : number % 5 == 0 ? 1_300_000 : 20_000
        let size = Int.random(in: 0...scale, using: &random)
        switch number % 4 {
        case 0:  // new only
          try contents.makeFile(number, below[1], file, size: size)
        case 1:  // changed, in half of the cases with the same size
          let size = max(size, 64)  // fewer bytes could come out the same
          try contents.makeFile(number, below[0], file, size: number % 8 == 1 ? size : size / 2)
          try contents.makeFile(number + 1_000, below[1], file, size: size)
        case 2:  // the same
          for side in below { try contents.makeFile(number, side, file, size: size) }
        default:  // another type
          try MixedTree.makeOther(below[0], file, number)
          try contents.makeFile(number, below[1], file, size: size)
        }
        // Old and new never have the same time, the same files always do.
        for (side, directory) in below.enumerated() where number % 4 != 0 || side == 1 {
          try directory.changeTimes(file, 1_000_000 + (number % 4 == 2 ? 0 : side), number)
        }
      }
      for number in 0..<5 {
        let name = Bytes(text: "linked-\(number)")
        try below[1].makeLink(name, to: Bytes(text: "file-\(number * 4)"))
      }
    }
  }

  private static func makeOther(_ directory: OpenDirectory, _ name: Bytes, _ number: Int) throws {
    switch number % 12 {
    case 3: _ = try directory.makeDirectory(name)
    case 7: try directory.makeSymbolicLink(name, to: Bytes(text: "file-2"))
    default: try directory.makeNode(name, S_IFIFO | 0o600)
    }
  }

  /// Makes the target the old tree again.
  func reset(_ target: String) throws {
    try succeed("rm", ["-rf", target])
    try succeed("cp", ["-a", old, target])
  }

  /// What is wrong with a target that may be anywhere between old and new.
  ///
  /// A name has the old type and content or the new ones; with the new ones it also has the new
  /// mode and time, since it is published whole. It may be missing where it is new, or where the
  /// type changes, which no call can do at once.
  func flaws(_ target: String) throws -> [String] {
    var flaws: [String] = []
    let roots = try [target, old, new].map { try OpenDirectory($0) }
    for directory in try Set(roots[1].names() + roots[2].names()) {
      guard let below = try? roots.map({ try $0.open(directory) }) else {
        flaws.append("\(directory.shown): cannot be opened")
        continue
      }
      let names = try below.map { Set(try $0.names()) }
      for name in names[0].union(names[1]).union(names[2]) {
        let has = names.map { $0.contains(name) }
        guard let flaw = try flaw(name, below, has) else { continue }
        flaws.append("\(directory.shown)/\(name.shown): \(flaw)")
      }
    }
    return flaws
  }

  /// What is wrong with one name; the directories are target, old and new.
  private func flaw(_ name: Bytes, _ directories: [OpenDirectory], _ has: [Bool]) throws -> String?
  {
    if !has[1] && !has[2] {
      let mark = Bytes(text: ".fastsync-")
      let isTemporary = name.first == 0x2e && name.suffix(mark.count + 8).starts(with: mark)
      return isTemporary ? nil : "is in neither tree"
    }
    let old = has[1] ? try directories[1].status(name) : nil
    let new = has[2] ? try directories[2].status(name) : nil
    guard has[0] else {
      let typeChanges = old.map(\.type) != new.map(\.type)
      return old != nil && !typeChanges ? "is gone" : nil
    }
    let now = try directories[0].status(name)
    if try new.map({ try isSame(now, $0, name, directories[0], directories[2]) }) == true {
      guard let new, now.type == S_IFREG else { return nil }
      let isWhole = now.st_mode == new.st_mode && now.st_mtim == new.st_mtim
      // The old file can have the new contents only where nothing was to be changed.
      return isWhole ? nil : "has its new contents, but not its mode and time"
    }
    if try old.map({ try isSame(now, $0, name, directories[0], directories[1]) }) == true {
      return nil
    }
    return "is neither old nor new: type \(now.type >> 12), \(now.st_size) bytes"
  }

  private func isSame(
    _ now: stat,
    _ other: stat,
    _ name: Bytes,
    _ directory: OpenDirectory,
    _ otherDirectory: OpenDirectory
  ) throws -> Bool {
    guard now.type == other.type else { return false }
    switch now.type {
    case S_IFREG: return try haveSameContents(directory, name, otherDirectory, name)
    case S_IFLNK: return try directory.linkTarget(name) == otherDirectory.linkTarget(name)
    default: return true
    }
  }
}

extension stat {
  /// The bits of the mode that say what kind of entry it is.
  var type: mode_t { st_mode & S_IFMT }
}

private func == (left: timespec, right: timespec) -> Bool {
  left.tv_sec == right.tv_sec && left.tv_nsec == right.tv_nsec
}
