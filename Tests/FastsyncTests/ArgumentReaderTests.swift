// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import fastsync

/// The grammar of the line, which is popt's.
@Suite struct ArgumentReaderTests {
  private static let spellings = ["-a", "--all", "--no-all", "-T=", "--temp=", "-n"]

  /// What is read of a line: spellings with their values, a bar, and the operands.
  private func read(_ words: [[UInt8]]) throws -> String {
    var reader = try OptionReader(spellings: ArgumentReaderTests.spellings, words: words)
    var read: [String] = []
    while let next = try reader.next() {
      let value = String(decoding: next.value, as: UTF8.self)
      read.append(ArgumentReaderTests.spellings[next.spelling] + value)
    }
    let operands = reader.operands().map { String(decoding: $0.bytes, as: UTF8.self) }
    return (read + ["|"] + operands).joined(separator: " ")
  }

  @Test(arguments: [
    ("", "|"), ("x y", "| x y"), ("-a x", "-a | x"), ("x -a y", "-a | x y"), ("-an", "-a -n |"),
    ("--all --no-all -a", "--all --no-all -a |"), ("-T v x", "-T=v | x"), ("-Tv x", "-T=v | x"),
    ("-T=v x", "-T=v | x"), ("-anTv x", "-a -n -T=v | x"), ("-aT v x", "-a -T=v | x"),
    ("--temp v x", "--temp=v | x"), ("--temp=v x", "--temp=v | x"), ("--temp=", "--temp= |"),
    ("--temp -a", "--temp=-a |"), ("--temp --", "--temp=-- |"), ("--temp=a=b", "--temp=a=b |"),
    ("-a -- -n --foo", "-a | -n --foo"), ("- -a", "-a | -"), ("-a -- -- x", "-a | -- x"),
    ("-Tn -n", "-T=n -n |"),
  ])
  func grammar(line: String, expected: String) throws {
    #expect(try read(line.utf8Words) == expected)
  }

  @Test(arguments: ["-x", "--al", "--alls", "-ax", "-temp v", "--no-temp", "--a", "---all"])
  func unknown(line: String) {
    #expect(throws: Refusal.self) { try read(line.utf8Words) }
  }

  @Test func emptyWordsAreOperands() throws {
    #expect(try read([[], Array("-a".utf8), []]) == "-a |  ")
    #expect(try read([Array("--temp".utf8), [], Array("x".utf8)]) == "--temp= | x")
  }

  @Test func bytesSurvive() throws {
    let odd: [[UInt8]] = [
      [0xff], [0x61, 0x80, 0x0a], Array(0x30...0xff), [0xc3], [0xed, 0xa0, 0x80],
    ]
    for bytes in odd {
      var reader = try OptionReader(
        spellings: ArgumentReaderTests.spellings,
        words: [bytes, Array("--temp=".utf8) + bytes, Array("-T".utf8), bytes]
      )
      #expect(try reader.next()?.value == bytes)
      #expect(try reader.next()?.value == bytes)
      #expect(try reader.next() == nil)
      #expect(reader.operands().map(\.bytes) == [bytes])
    }
    #expect(throws: Refusal([0x2d, 0xff], ": unknown option")) { try read([[0x2d, 0xff]]) }
  }

  @Test func manyWords() throws {
    let words = (0..<50_000).map { Array("\($0 % 3 == 0 ? "-" : "")a".utf8) }
    let clock = ContinuousClock()
    let time = try clock.measure {
      var reader = try OptionReader(spellings: ArgumentReaderTests.spellings, words: words)
      var count = 0
      while try reader.next() != nil { count += 1 }
      #expect(count == 16_667)
      #expect(reader.operands().count == 33_333)
    }
    #expect(time < .seconds(5))
  }
}
