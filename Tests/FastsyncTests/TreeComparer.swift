// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Tells in what two trees differ, by a walk of its own that shares nothing with what it judges.
///
/// It goes down by directory descriptors and up by `..`, so that neither the depth of a tree nor
/// the length of its paths matters.
struct TreeComparer {
  /// What is compared beyond names, types, contents and where links point.
  struct Aspects: OptionSet {
    let rawValue: Int
    static let modes = Aspects(rawValue: 1 << 0)
    static let owners = Aspects(rawValue: 1 << 1)
    static let times = Aspects(rawValue: 1 << 2)
    static let accessTimes = Aspects(rawValue: 1 << 3)
    static let attributes = Aspects(rawValue: 1 << 4)
    static let hardLinks = Aspects(rawValue: 1 << 5)
    static let holes = Aspects(rawValue: 1 << 6)
    static let directoryTimes = Aspects(rawValue: 1 << 7)
    /// What `rsync -a` keeps.
    static let archive: Aspects = [.modes, .owners, .times, .directoryTimes]
    /// Everything, except for access times, which looking at a tree can change.
    static let all: Aspects = [.archive, .attributes, .hardLinks, .holes]
  }

  /// One inode.
  private struct Inode: Hashable {
    let device: UInt
    let number: UInt
  }

  /// A directory on the way down, and those below it that are not visited yet.
  private struct Level {
    let name: Bytes
    var pending: [Bytes]
  }

  private static let differencesMax = 60
  /// How XFS shows ACLs a second time; what they say is compared as ACLs.
  private static let shadows: Set = ["trusted.SGI_ACL_FILE", "trusted.SGI_ACL_DEFAULT"]

  private let aspects: Aspects
  private let ignored: Set<Bytes>
  private var differences: [String] = []
  private var entryCount = 0
  private var levels: [Level] = []
  private var targetOf: [Inode: Inode] = [:]
  private var sourceOf: [Inode: Inode] = [:]

  private init(aspects: Aspects, ignoring: [String]) {
    self.aspects = aspects
    ignored = Set(ignoring.map { Bytes(text: $0) })
  }

  /// Compares two trees, without the names `ignoring` in the two directories themselves.
  ///
  /// What differs comes back as `path: what: source value, target value`, at most 60 of them. A
  /// tree without a single entry counts as a difference, since a test would be about nothing.
  static func differences(
    _ source: String,
    _ target: String,
    _ aspects: Aspects = .all,
    ignoring: [String] = []
  ) throws -> [String] {
    var comparer = TreeComparer(aspects: aspects, ignoring: ignoring)
    try comparer.walk(OpenDirectory(source), OpenDirectory(target))
    if comparer.entryCount == 0 { comparer.add("no entries", 0, 0) }
    return comparer.differences
  }

  private mutating func walk(_ source: OpenDirectory, _ target: OpenDirectory) throws {
    try compareEntry([], source, target)
    var source = source
    var target = target
    try enter([], source, target)
    while let name = levels.last?.pending.last {
      levels[levels.count - 1].pending.removeLast()
      source = try source.open(name)
      target = try target.open(name)
      try enter(name, source, target)
      while levels.count > 1 && levels.last?.pending.isEmpty == true {
        levels.removeLast()
        source = try source.open(Bytes(text: ".."))
        target = try target.open(Bytes(text: ".."))
      }
    }
  }

  /// Compares the entries of one directory, and notes the directories among them.
  private mutating func enter(
    _ name: Bytes,
    _ source: OpenDirectory,
    _ target: OpenDirectory
  ) throws {
    levels.append(Level(name: name, pending: []))
    let isRoot = levels.count == 1
    let sourceNames = try source.names().filter { !isRoot || !ignored.contains($0) }
    let targetNames = try target.names().filter { !isRoot || !ignored.contains($0) }
    let inTarget = Set(targetNames)
    let inSource = Set(sourceNames)
    for name in targetNames where !inSource.contains(name) { add("only in the target", name) }
    for name in sourceNames {
      entryCount += 1
      if !inTarget.contains(name) {
        add("only in the source", name)
      } else if try compareEntry(name, source, target) {
        levels[levels.count - 1].pending.append(name)
      }
    }
  }

  /// Compares one entry, or the directories themselves for an empty name; tells whether both are
  /// directories.
  @discardableResult
  private mutating func compareEntry(
    _ name: Bytes,
    _ source: OpenDirectory,
    _ target: OpenDirectory
  ) throws -> Bool {
    let one = try source.status(name)
    let two = try target.status(name)
    let type = one.st_mode & S_IFMT
    guard type == two.st_mode & S_IFMT else {
      add("type", name, type >> 12, (two.st_mode & S_IFMT) >> 12)
      return false
    }
    compareMetadata(name, one, two)
    if aspects.contains(.attributes) {
      let entry = name.isEmpty ? Bytes(text: ".") : name
      let left = try attributes(source.descriptor, entry)
      let right = try attributes(target.descriptor, entry)
      let keys = Set(left.keys).union(right.keys).subtracting(TreeComparer.shadows)
      for key in keys.sorted() where left[key] != right[key] {
        let values = [left[key], right[key]].map { $0?.shown ?? "none" }
        add("attribute \(Bytes(text: key).shown)", name, values[0], values[1])
      }
    }
    switch type {
    case S_IFDIR: return true
    case S_IFLNK:
      let links = try (source.linkTarget(name), target.linkTarget(name))
      if links.0 != links.1 { add("target of the link", name, links.0.shown, links.1.shown) }
    case S_IFREG: try compareContents(name, source, target)
    case S_IFCHR, S_IFBLK:
      if one.st_rdev != two.st_rdev { add("device", name, one.st_rdev, two.st_rdev) }
    default: break
    }
    if aspects.contains(.hardLinks) { compareLinks(name, one, two) }
    return false
  }

  private mutating func compareMetadata(_ name: Bytes, _ one: stat, _ two: stat) {
    let type = one.st_mode & S_IFMT
    if aspects.contains(.modes) && type != S_IFLNK && one.st_mode != two.st_mode {
      add("mode", name, String(one.st_mode, radix: 8), String(two.st_mode, radix: 8))
    }
    if aspects.contains(.owners) {
      if one.st_uid != two.st_uid { add("owner", name, one.st_uid, two.st_uid) }
      if one.st_gid != two.st_gid { add("group", name, one.st_gid, two.st_gid) }
    }
    if aspects.contains(type == S_IFDIR ? .directoryTimes : .times) {
      compareTimes("modification time", name, one.st_mtim, two.st_mtim)
    }
    if aspects.contains(.accessTimes) {
      compareTimes("access time", name, one.st_atim, two.st_atim)
    }
  }

  private mutating func compareTimes(
    _ what: String,
    _ name: Bytes,
    _ one: timespec,
    _ two: timespec
  ) {
    if one.tv_sec == two.tv_sec && one.tv_nsec == two.tv_nsec { return }
    add(what, name, "\(one.tv_sec) s \(one.tv_nsec) ns", "\(two.tv_sec) s \(two.tv_nsec) ns")
  }

  private mutating func compareContents(
    _ name: Bytes,
    _ source: OpenDirectory,
    _ target: OpenDirectory
  ) throws {
    let one = try FileContents(source, name)
    let two = try FileContents(target, name)
    if one.size != two.size { return add("size", name, one.size, two.size) }
    if let offset = try one.firstDifference(from: two) {
      return add("contents from byte \(offset)", name)
    }
    // Preallocated room that nobody wrote to is not a hole: it is allocated.
    guard aspects.contains(.holes), one.allocated < one.size else { return }
    // A filesystem may give out room in larger pieces than the other one, but not without end.
    let ranges = (try one.dataRanges(), try two.dataRanges())
    let data = (bytes(ranges.0), bytes(ranges.1))
    let tolerance = (ranges.0.count + 1) * (64 << 10)
    if data.1 > data.0 + tolerance { add("data beside holes", name, data.0, data.1) }
    if two.allocated > one.allocated + tolerance {
      add("allocated bytes", name, one.allocated, two.allocated)
    }
  }

  private func bytes(_ ranges: [Range<Int>]) -> Int {
    ranges.reduce(0) { $0 + $1.count }
  }

  /// Names of one inode must be names of one inode on the other side, and of no other.
  private mutating func compareLinks(_ name: Bytes, _ one: stat, _ two: stat) {
    if one.st_nlink != two.st_nlink { add("number of links", name, one.st_nlink, two.st_nlink) }
    if one.st_nlink == 1 && two.st_nlink == 1 { return }
    let left = Inode(device: one.st_dev, number: one.st_ino)
    let right = Inode(device: two.st_dev, number: two.st_ino)
    if targetOf[left, default: right] != right || sourceOf[right, default: left] != left {
      add("other names of the inode", name, left.number, right.number)
    }
    targetOf[left] = right
    sourceOf[right] = left
  }

  private mutating func add(_ what: String, _ name: Bytes) {
    guard differences.count < TreeComparer.differencesMax else { return }
    let path = (levels.map(\.name).filter { !$0.isEmpty } + [name]).joined(separator: [0x2f])
    differences.append("\(Bytes(path).shown): \(what)")
  }

  private mutating func add(_ what: String, _ name: Bytes, _ one: some Any, _ two: some Any) {
    add("\(what): source \(one), target \(two)", name)
  }

  private mutating func add(_ what: String, _ one: Int, _ two: Int) {
    add("\(what): source \(one), target \(two)", [])
  }
}
