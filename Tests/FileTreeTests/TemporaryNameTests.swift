// SPDX-License-Identifier: Apache-2.0

import FileTree
import Kernel
import Glibc
import SystemPackage
import Testing
import TestSupport

@Suite("Claiming temporary names")
struct TemporaryNameTests {
  /// Gives the numbers it was told, and counts how many were asked for.
  private struct Told: RandomNumberGenerator {
    var numbers: [UInt64]
    var asked = 0

    mutating func next() -> UInt64 {
      defer { asked += 1 }
      return numbers[asked % numbers.count]
    }
  }

  @Test("the name belongs to whoever made something under it")
  func claims() throws {
    try withDirectory { directory in
      var random = SeededRandom(seed: 3)
      let place = directory.location("file")
      let names = try (0..<20).map { _ in
        try place.claimTemporary(random: &random) { (free) throws(Errno) in
          _ = try free.create()
        }
      }
      #expect(Set(names).count == 20)
      let found = try directory.names()
      #expect(Set(names.map { Bytes($0.bytes) }) == Set(found))
      for name in found { #expect(name.starts(with: Bytes(text: ".file."))) }
    }
  }

  @Test("a name that is taken is passed over, whatever has it")
  func passesOver() throws {
    try withDirectory { directory in
      let place = directory.location("file")
      let taken = (1...3).map { place.name.temporary(random: $0) }
      try directory.makeFile(Bytes(taken[0].bytes), [1])
      try check(unsafe mkdirat(directory.descriptor, Bytes(taken[1].bytes).c, 0o755), "mkdirat")
      let link = Bytes(taken[2].bytes).c
      try check(unsafe symlinkat("nowhere", directory.descriptor, link), "symlinkat")
      var random = Told(numbers: [1, 2, 3, 4])
      let name = try place.claimTemporary(random: &random) { (free) throws(Errno) in
        _ = try free.create()
      }
      #expect(name == place.name.temporary(random: 4))
      #expect(random.asked == 4)
      #expect(try directory.names().count == 4)
    }
  }

  @Test("after a hundred taken names it is an error")
  func givesUp() throws {
    try withDirectory { directory in
      var random = Told(numbers: [9])
      var tries = 0
      #expect(throws: Errno.fileExists) {
        try directory.location("file").claimTemporary(random: &random) { (_) throws(Errno) in
          tries += 1
          throw .fileExists
        }
      }
      #expect(tries == 100)
    }
  }

  @Test("any other error ends it at once")
  func failsAtOnce() throws {
    try withDirectory { directory in
      var random = Told(numbers: [9])
      #expect(throws: Errno.noSpace) {
        try directory.location("file").claimTemporary(random: &random) { (_) throws(Errno) in
          throw .noSpace
        }
      }
      #expect(random.asked == 1)
    }
  }

  @Test("a name of 255 bytes has a temporary one")
  func longName() throws {
    try withDirectory { directory in
      var random = SeededRandom(seed: 4)
      let place = directory.location(Bytes(repeating: 0xe4, count: 255))
      let name = try place.claimTemporary(random: &random) { (free) throws(Errno) in
        _ = try free.create()
      }
      try EntryLocation(directory: directory.descriptor, name: name).rename(to: place.name)
      #expect(try directory.names() == [Bytes(place.name.bytes)])
    }
  }

  @Test("something complete gets its name, and its temporary one is gone")
  func renames() throws {
    try withDirectory { directory in
      try directory.makeFile("file", [1])
      try directory.makeFile("temporary", [2])
      try directory.location("temporary").renameOrRemove(to: EntryName(Bytes(text: "file")))
      #expect(try directory.contents("file") == [2])
      #expect(try directory.names() == [Bytes(text: "file")])
    }
  }

  @Test("what cannot get its name is removed")
  func removes() throws {
    try withDirectory { directory in
      try directory.makeDirectory("file")
      try directory.makeFile("temporary", [2])
      #expect(throws: Errno.isDirectory) {
        try directory.location("temporary").renameOrRemove(to: EntryName(Bytes(text: "file")))
      }
      #expect(try directory.names() == [Bytes(text: "file")])
    }
  }

  @Test("a further name of the same inode is removed, since a rename would leave it")
  func sameInode() throws {
    try withDirectory { directory in
      try directory.makeFile("file", [1])
      try directory.location("temporary").makeHardLink(to: directory.location("file"))
      try directory.location("temporary").renameOrRemove(to: EntryName(Bytes(text: "file")))
      #expect(try directory.names() == [Bytes(text: "file")])
      #expect(try directory.contents("file") == [1])
    }
  }
}
