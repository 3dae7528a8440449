// SPDX-License-Identifier: Apache-2.0

import Glibc
import SimulatedKernel

/// A source and a target tree that share many names; all else follows from the seed.
struct OracleTrees {
  /// Names of one inode at the source, in the order in which rsync visits them.
  struct LinkGroup {
    /// The name that is copied first, by both.
    let leader: String
    let names: [String]
  }

  let source: String
  let target: String
  /// The names at the source of files with several.
  private(set) var groups: [LinkGroup] = []

  private var random: SplitMix64
  private let isRoot: Bool
  /// What is made, and gets its metadata when all is there.
  private var made: [(path: String, entry: OracleEntry)] = []
  private var linkPlaces = [""]

  /// Makes the trees in an empty directory.
  ///
  /// - Parameters:
  ///   - seed: What all follows from.
  ///   - path: The directory.
  ///   - mixesLinks: Whether names share an inode at the target that do not at the source; where
  ///     hard links are not carried over, no run gives all of them the right metadata.
  /// - Throws: What could not be made.
  init(seed: UInt64, in path: String, mixesLinks: Bool = true) throws {
    random = SplitMix64(seed: seed)
    isRoot = geteuid() == 0
    source = "\(path)/source"
    target = "\(path)/target"
    let root = OracleEntry.random(.directory, &random)
    try make(root, source)
    try make(root.changed(&random), target)
    try fill("", source: true, target: true, depth: 0, count: 9)
    try makeHardLinks(mixes: mixesLinks)
    // What is made last lies deepest; nothing below changes once a directory has its times.
    for (path, entry) in made.reversed() { try entry.dress(path, isRoot: isRoot) }
    try findGroups()
    // The links that were removed again have touched these.
    for (path, entry) in made where entry.kind == .directory {
      try entry.dress(path, isRoot: isRoot)
    }
  }

  private mutating func make(_ entry: OracleEntry, _ path: String) throws {
    try entry.make(path)
    made.append((path, entry))
  }

  private mutating func kind() -> OracleEntry.Kind {
    let kinds: [OracleEntry.Kind] =
      [.file, .file, .file, .file, .directory, .directory, .symbolicLink, .symbolicLink]
      + [.fifo, .socket] + (isRoot ? [.characterDevice, .blockDevice] : [])
    return kinds.randomElement(using: &random) ?? .file
  }

  /// Fills a directory on the sides where it is.
  private mutating func fill(
    _ directory: String,
    source hasSource: Bool,
    target hasTarget: Bool,
    depth: Int,
    count: Int
  ) throws {
    for number in 0..<count {
      let entry = OracleEntry.random(kind(), &random)
      let path = "\(directory)/\(depth)-\(number)"
      let isAtSource = hasSource && (!hasTarget || random.happens(0.85))
      let isAtTarget = hasTarget && (!hasSource || random.happens(0.8))
      let other = random.happens(0.75) ? entry.changed(&random) : .random(kind(), &random)
      if isAtSource { try make(entry, source + path) }
      if isAtTarget { try make(other, target + path) }
      let isBelow = (
        source: isAtSource && entry.kind == .directory,
        target: isAtTarget && other.kind == .directory
      )
      guard depth < 2, isBelow.source || isBelow.target else { continue }
      // Some stay empty: what is empty gives way to a file.
      guard isBelow.source || random.happens(0.5) else { continue }
      if isBelow.source && depth == 0 { linkPlaces.append(path) }
      try fill(
        path,
        source: isBelow.source,
        target: isBelow.target,
        depth: depth + 1,
        count: count / 2
      )
    }
  }

  /// Makes names of few inodes, grouped alike on both sides or not.
  private mutating func makeHardLinks(mixes: Bool) throws {
    let kinds: [OracleEntry.Kind] =
      [.file, .file, .file, .symbolicLink, .fifo] + (isRoot ? [.characterDevice] : [])
    let groupCount = 5
    let inodes = (0..<groupCount).map { _ in
      OracleEntry.random(kinds.randomElement(using: &random) ?? .file, &random)
    }
    let atTarget = inodes.map { $0.changed(&random) }
    let below = linkPlaces.randomElement(using: &random) ?? ""
    let isBelowAtTarget = Self.status(target + below)?.isDirectory ?? false
    var first: (source: [Int: String], target: [Int: String]) = ([:], [:])
    for number in 0..<24 {
      let place = random.happens(0.7) ? "" : below
      let name = "\(place)/link-\(Int.random(in: 100..<1000, using: &random))-\(number)"
      let group = Int.random(in: 0..<groupCount, using: &random)
      try link(name, at: source, inodes[group], &first.source[group])
      guard place.isEmpty || isBelowAtTarget, random.happens(0.7) else { continue }
      let isMoved = mixes && random.happens(0.4)
      let other = isMoved ? Int.random(in: 0..<groupCount, using: &random) : group
      let isSeparate = random.happens(0.2)
      if isSeparate {
        try make(inodes[group].changed(&random), target + name)
      } else {
        try link(name, at: target, atTarget[other], &first.target[other])
      }
    }
  }

  private mutating func link(
    _ name: String,
    at root: String,
    _ entry: OracleEntry,
    _ first: inout String?
  ) throws {
    guard let first else {
      first = root + name
      return try make(entry, root + name)
    }
    let result = unsafe linkat(AT_FDCWD, first, AT_FDCWD, root + name, 0)
    try CallFailure.check(Int(result), "linkat", root + name)
  }
}

// Which name of an inode is copied first.
extension OracleTrees {
  /// Finds the groups of the source, and removes those names that would make the two disagree on
  /// which is copied first.
  ///
  /// fastsync takes the first in the order in which the directory lists them. rsync takes the first
  /// name that is a file at the target, else the last of all; of other kinds the first.
  private mutating func findGroups() throws {
    var namesOfInode: [ino_t: [String]] = [:]
    for place in linkPlaces {
      for name in try Self.names(in: source + place) where name.hasPrefix("link-") {
        let path = "\(place)/\(name)"
        guard let status = Self.status(source + path) else { continue }
        namesOfInode[status.st_ino, default: []].append(path)
      }
    }
    for names in namesOfInode.values where names.count > 1 {
      let isFile = Self.status(source + names[0])?.isFile ?? false
      let kept = try keep(names, isFile: isFile)
      guard kept.count > 1 else { continue }
      let relative = kept.map { String($0.dropFirst()) }
      groups.append(LinkGroup(leader: relative[0], names: relative.sorted()))
    }
  }

  private func keep(_ names: [String], isFile: Bool) throws -> [String] {
    let leader = names[0]
    func isThere(_ name: String) -> Bool {
      Self.status(target + name)?.isFile ?? false
    }
    func isKept(_ name: String) -> Bool {
      // rsync visits the names of a directory before those below.
      let isBefore = Self.order(name) < Self.order(leader)
      guard isFile else { return !isBefore }
      return isThere(leader) ? !isBefore || !isThere(name) : isBefore && !isThere(name)
    }
    for name in names where name != leader && !isKept(name) {
      try CallFailure.check(Int(unsafe unlink(source + name)), "unlink", source + name)
    }
    return names.filter { $0 == leader || isKept($0) }
  }

  private static func order(_ path: String) -> (Int, String) {
    (path.split(separator: "/").count, path)
  }

  /// Whether a name that is no directory has other names at the target.
  func isShared(_ name: String) -> Bool {
    Self.status("\(target)/\(name)").map { !$0.isDirectory && $0.st_nlink > 1 } ?? false
  }

  static func status(_ path: String) -> stat? {
    var status = stat()
    return unsafe lstat(path, &status) == 0 ? status : nil
  }

  /// The names of a directory, as it lists them.
  static func names(in path: String) throws -> [String] {
    guard let stream = unsafe opendir(path) else {
      throw CallFailure(call: "opendir", path: path, errno: errno)
    }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
        unsafe String(cString: UnsafeRawPointer(field).assumingMemoryBound(to: CChar.self))
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }
}

extension stat {
  var isFile: Bool { st_mode & S_IFMT == S_IFREG }
  var isDirectory: Bool { st_mode & S_IFMT == S_IFDIR }
  /// The kind, as rsync itemizes it.
  var kindLetter: Character {
    switch st_mode & S_IFMT {
    case S_IFREG: "f"
    case S_IFDIR: "d"
    case S_IFLNK: "L"
    case S_IFCHR, S_IFBLK: "D"
    default: "S"
    }
  }
}
