// SPDX-License-Identifier: Apache-2.0

/// A small random number generator: the same seed gives the same run, on every machine.
public struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Starts from a seed.
  public init(seed: UInt64) {
    state = seed
  }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var bits = state
    bits = (bits ^ bits >> 30) &* 0xbf58_476d_1ce4_e5b9
    bits = (bits ^ bits >> 27) &* 0x94d0_49bb_1331_11eb
    return bits ^ bits >> 31
  }

  /// Whether something of a probability from 0 to 1 happens; at 0 nothing is drawn for it.
  public mutating func happens(_ probability: Double) -> Bool {
    probability > 0 && Double(next() >> 11) / Double(1 << 53) < probability
  }

  /// Bytes that do not repeat, so that a block in the wrong place differs from the right one.
  public mutating func bytes(_ count: Int) -> [UInt8] {
    let wordCount = (count + 7) / 8
    var words = [UInt64](repeating: 0, count: wordCount)
    // No `map`: a program that is not optimized draws megabytes as well.
    var index = 0
    while index < wordCount {
      words[index] = next()
      index += 1
    }
    return unsafe words.withUnsafeBytes { buffer in
      unsafe Array(UnsafeRawBufferPointer(rebasing: buffer.prefix(count)))
    }
  }
}
