// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Testing

@testable import fastsync

/// Command lines that nobody would type.
@Suite("Command lines at random")
struct ArgumentMutationTests {
  private static let spellings = OptionTable.rows.flatMap { $0.spellings.map(\.text) }
  private static let values = [
    "", "0", "-1", "8M", "99999999999999999999", "1e9", "auto", "a:b", "/",
  ]

  /// Some words: options with values or without, bundled or not, and bytes changed here and there.
  private func words(_ random: inout SeededRandom) -> [[UInt8]] {
    (0..<Int.random(in: 1...6, using: &random)).map { _ in
      var word: [UInt8] = []
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let parts = Bool.random(using: &random) ? Self.spellings : Self.values
        word += Array((parts.randomElement(using: &random) ?? "").utf8)
        if Int.random(in: 0..<3, using: &random) == 0 { word.append(UInt8(ascii: "=")) }
      }
      while Int.random(in: 0..<3, using: &random) == 0, !word.isEmpty {
        let place = Int.random(in: 0..<word.count, using: &random)
        word[place] = UInt8.random(in: 1...255, using: &random)
      }
      return word
    }
  }

  @Test("any words are a command line, or refused with a sentence")
  func anyWords() {
    for seed in UInt64(0)..<2_000 {
      var random = SeededRandom(seed: seed)
      let words = words(&random)
      do throws(Refusal) {
        if case .copy(let plan, _) = try Invocation(words) {
          #expect(!plan.sources.isEmpty, "seed \(seed): \(words)")
        }
      } catch {
        #expect(!error.sentence.isEmpty && error.code != .done, "seed \(seed): \(words)")
      }
    }
  }
}
