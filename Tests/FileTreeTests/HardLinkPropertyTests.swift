// SPDX-License-Identifier: Apache-2.0

import FileTree
import Kernel
import Testing
import TestSupport

/// What the table of hard links has to answer, with a dictionary and whole names.
private struct Model {
  private struct Inode {
    var published: NumberedName?
    var isBeingCopied: Bool
    var remaining: UInt32
  }

  typealias Answer = HardLinkTable<NumberedName>.Claim

  private var inodes: [InodeIdentity: Inode] = [:]
  private var waiting: [InodeIdentity: [NumberedName]] = [:]

  /// The name that an inode was copied under.
  func published(_ identity: InodeIdentity) -> NumberedName? { inodes[identity]?.published }

  mutating func claim(_ identity: InodeIdentity, _ links: UInt32, _ name: NumberedName) -> Answer {
    guard var inode = inodes[identity] else {
      inodes[identity] = Inode(published: nil, isBeingCopied: true, remaining: links - 1)
      return .copy
    }
    inode.remaining = inode.remaining > 0 ? inode.remaining - 1 : 0
    if let published = inode.published {
      inodes[identity] = inode.remaining > 0 ? inode : nil
      return .link(published)
    }
    defer { inodes[identity] = inode }
    if inode.isBeingCopied {
      waiting[identity, default: []].append(name)
      return .wait
    }
    inode.isBeingCopied = true
    return .copy
  }

  mutating func publish(_ identity: InodeIdentity, _ name: NumberedName) -> [NumberedName] {
    if let inode = inodes[identity], inode.remaining > 0 {
      inodes[identity]?.published = name
      inodes[identity]?.isBeingCopied = false
    } else {
      inodes[identity] = nil
    }
    return waiting.removeValue(forKey: identity) ?? []
  }

  mutating func fail(_ identity: InodeIdentity) -> NumberedName? {
    if var names = waiting[identity], !names.isEmpty {
      defer { waiting[identity] = names.isEmpty ? nil : names }
      return names.removeFirst()
    }
    if let inode = inodes[identity], inode.remaining > 0 {
      inodes[identity]?.isBeingCopied = false
    } else {
      inodes[identity] = nil
    }
    return nil
  }

  mutating func overflow(
    _ identity: InodeIdentity,
    _ published: NumberedName,
    _ name: NumberedName
  ) -> Answer {
    let inode = inodes[identity]
    if let newer = inode?.published, newer != published { return .link(newer) }
    if inode?.isBeingCopied == true {
      waiting[identity, default: []].append(name)
      return .wait
    }
    inodes[identity] = Inode(
      published: nil,
      isBeingCopied: true,
      remaining: inode?.remaining ?? 0
    )
    return .copy
  }
}

@Suite("The table of hard links, next to a dictionary") struct HardLinkPropertyTests {
  /// Few inodes come back soon, many fill the table and leave it again.
  @Test("answers the same to what comes in any order", arguments: [3, 40, 1_500], 0..<4)
  func sameAnswers(inodes: Int, seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let table = HardLinkTable<NumberedName>()
    var model = Model()
    var directories = (0..<20).map { _ in NameDirectory() }
    for step in 0..<8_000 {
      // New directories, and less to do now and then, so that the table shrinks.
      if step % 500 == 0 {
        directories = directories.shuffled(using: &random).dropLast() + [NameDirectory()]
      }
      let bound = step / 2_000 % 2 == 0 ? inodes : max(1, inodes / 30)
      let number = Int.random(in: 0..<bound, using: &random)
      let identity = InodeIdentity(device: UInt64(number % 3), inode: UInt64(number) << 20)
      let name = NumberedName(step, in: directories[number % directories.count])
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<6:
        let links = UInt32.random(in: 2...5, using: &random)
        let answer = table.claim(identity, links: links, name: name)
        #expect(answer == model.claim(identity, links, name), "seed \(seed), step \(step)")
      case 6..<8:
        guard model.published(identity) == nil else { continue }
        let names: [NumberedName] = table.published(identity, as: name)
        #expect(names == model.publish(identity, name), "seed \(seed), step \(step)")
      case 8:
        guard model.published(identity) == nil else { continue }
        let next: NumberedName? = table.failed(identity)
        #expect(next == model.fail(identity), "seed \(seed), step \(step)")
      default:
        let published = model.published(identity) ?? name
        let answer = table.overflowed(identity, at: published, name: name)
        #expect(answer == model.overflow(identity, published, name), "seed \(seed), step \(step)")
      }
    }
  }

  @Test("directories are let go of with the last name in them")
  func letsGoOfDirectories() {
    let table = HardLinkTable<NumberedName>()
    var directories = (0..<50).map { _ in NameDirectory() }
    let weak = directories.map { WeakDirectory($0) }
    let inodes = (0..<500).map { InodeIdentity(device: 1, inode: UInt64($0)) }
    for (index, inode) in inodes.enumerated() {
      let name = NumberedName(index, in: directories[index % 50])
      guard case .copy = table.claim(inode, links: 2, name: name) else {
        return #expect(Bool(false))
      }
      let waiting: [NumberedName] = table.published(inode, as: name)
      #expect(waiting.isEmpty)
    }
    directories = []
    #expect(weak.allSatisfy { $0.directory != nil })
    for (index, inode) in inodes.enumerated() {
      guard case .link(index) = table.claim(inode, links: 2, name: -1) else {
        return #expect(Bool(false))
      }
    }
    #expect(weak.allSatisfy { $0.directory == nil })
  }
}

private struct WeakDirectory {
  weak var directory: NameDirectory?
  init(_ directory: NameDirectory) { self.directory = directory }
}
