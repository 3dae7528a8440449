// SPDX-License-Identifier: Apache-2.0

import FileTree
import Kernel
import Glibc
import Testing
import TestSupport

@Suite("Names of entries")
struct EntryNameTests {
  static let names: [Bytes] = [
    [], Bytes(text: "a"), Bytes(text: "two\nlines"), Bytes(text: "-rf"), Bytes(text: "grün"),
    [0xff, 0xfe, 0x80], [0xc3], Bytes(repeating: 0x78, count: 255), Array(1...255),
  ]

  @Test("a name keeps its bytes", arguments: names)
  func keepsBytes(bytes: Bytes) {
    let name = EntryName(bytes)
    #expect(Bytes(name.bytes) == bytes)
    #expect(name.count == bytes.count)
    #expect(name.isEmpty == bytes.isEmpty)
    // A slice of something larger is as good.
    #expect(EntryName(([0x2f] + bytes + [0x2f]).dropFirst().dropLast()) == name)
  }

  @Test("a name is lent with a NUL behind it", arguments: names)
  func isTerminated(bytes: Bytes) {
    let (length, lent) = unsafe EntryName(bytes).withCString { chars in
      let count = unsafe strlen(chars)
      return (count, (0..<Int(count)).map { unsafe UInt8(bitPattern: chars[$0]) })
    }
    #expect(length == bytes.count)
    #expect(lent == bytes)
  }

  @Test("an error passes through")
  func passesErrors() {
    #expect(throws: CallFailure.self) {
      try unsafe EntryName([1]).withCString { _ throws(CallFailure) in
        throw CallFailure(call: "test", code: EIO)
      }
    }
  }

  @Test("names are compared by bytes, not as text")
  func comparesBytes() {
    let composed = EntryName(Bytes(text: "\u{e9}"))
    let decomposed = EntryName(Bytes(text: "e\u{301}"))
    #expect(composed != decomposed)
    #expect(Set([composed, decomposed, composed]).count == 2)
    #expect(EntryName([0xff]) != EntryName([0xfe]))
    #expect(EntryName.itself == EntryName([]))
  }
}

@Suite("Names of temporary files")
struct TemporaryNameFormTests {
  @Test(
    "they are .NAME.fastsync-XXXXXXXX and fit the limit of a name",
    arguments: [0, 1, 2, 100, 235, 236, 237, 238, 254, 255]
  )
  func form(length: Int) throws {
    let bytes = (0..<length).map { UInt8(0x80 + $0 % 0x7f) }
    for random in [0, 1, 61, 62, UInt64.max, 0x0123_4567_89ab_cdef] {
      let temporary = Bytes(EntryName(bytes).temporary(random: random).bytes)
      #expect(temporary.count <= 255)
      #expect(temporary.count == min(length, 236) + 19)
      try #require(temporary.count >= 19)
      #expect(temporary.first == UInt8(ascii: "."))
      #expect(Array(temporary.dropFirst().dropLast(18)) == Array(bytes.prefix(236)))
      #expect(Array(temporary.suffix(18).prefix(10)) == Bytes(text: ".fastsync-"))
      let allAlphanumeric = temporary.suffix(8).allSatisfy { isalnum(Int32($0)) != 0 }
      #expect(allAlphanumeric, "\(temporary.suffix(8))")
      #expect(EntryName(temporary).isTemporary)
    }
  }

  @Test("nothing else is taken for one")
  func others() {
    var random = SeededRandom(seed: 2)
    var (others, taken) = (0, 0)
    for _ in 0..<1_000 {
      let temporary = Bytes(EntryName(Bytes(text: "file")).temporary(random: random.next()).bytes)
      #expect(!EntryName(temporary.dropFirst()).isTemporary)
      #expect(!EntryName(temporary + Bytes(text: "x")).isTemporary)
      // Another letter in any place is another mark, or does not go with the last two.
      for position in 5..<temporary.count {
        var other = temporary
        other[position] = UInt8(ascii: other[position] == UInt8(ascii: "a") ? "b" : "a")
        others += 1
        if EntryName(other).isTemporary { taken += 1 }
      }
    }
    #expect(taken * 1_000 < others)
    for name in ["", ".", "file", ".file.aB3dE6", ".fastsync-aB3dE6gH", ".x.fastsync-00000000"] {
      #expect(!EntryName(Bytes(text: name)).isTemporary, "\(name)")
    }
  }

  @Test("all of the letters depend on chance")
  func differ() {
    let name = EntryName(Bytes(text: "file"))
    var random = SeededRandom(seed: 1)
    let temporaries = (0..<10_000).map { _ in name.temporary(random: random.next()) }
    // Of 10,000 names out of 62^6 hardly two are the same.
    #expect(Set(temporaries).count >= 9_998)
    for position in 0..<6 {
      let letters = Set(temporaries.map { Bytes($0.bytes.suffix(8))[position] })
      #expect(letters.count == 62, "position \(position)")
    }
  }
}
