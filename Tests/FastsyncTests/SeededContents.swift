// SPDX-License-Identifier: Apache-2.0

import Glibc

/// SplitMix64: the same numbers for the same seed, everywhere.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }
}

/// The seed of this run: FASTSYNC_SEED, or a new one.
let testSeed: UInt64 = {
  if let text = unsafe getenv("FASTSYNC_SEED"), let seed = UInt64(unsafe String(cString: text)) {
    return seed
  }
  return UInt64.random(in: 0...999_999_999)
}()

/// What a failing test says about how to run it again.
func replay(_ suite: String) -> String {
  "again: FASTSYNC_SEED=\(testSeed) swift test --filter \(suite)"
}

/// Contents of files that follow from a seed, and are different for every number.
struct SeededContents {
  /// A prime near 1 MiB, so that no two positions of one file look alike within a block.
  private static let patternBytes = 1_048_583

  private let pattern: Bytes

  init(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var bytes = Bytes(repeating: 0, count: SeededContents.patternBytes)
    unsafe bytes.withUnsafeMutableBytes { space in
      for offset in stride(from: 0, to: space.count - 7, by: 8) {
        // Never a zero byte, so that a hole is never what was meant.
        let word = random.next() | 0x0101_0101_0101_0101
        unsafe space.storeBytes(of: word, toByteOffset: offset, as: UInt64.self)
      }
      for offset in space.count - 7..<space.count { unsafe space[offset] = 0x5a }
    }
    pattern = bytes
  }

  /// Writes `count` bytes of the contents with a number at an offset.
  func write(_ number: Int, to file: Int32, at offset: Int = 0, count: Int) throws {
    var done = 0
    try unsafe pattern.withUnsafeBytes { bytes in
      while done < count {
        let start = (number &* 65_537 &+ offset &+ done) % bytes.count
        let length = min(count - done, bytes.count - start)
        let source = unsafe bytes.baseAddress.map { unsafe $0 + start }
        let written = unsafe pwrite(file, source, length, offset + done)
        done += try check(written, "pwrite")
      }
    }
  }

  /// Makes a file of a size with the contents with a number.
  func makeFile(_ number: Int, _ directory: OpenDirectory, _ name: Bytes, size: Int) throws {
    let file = try directory.openFile(name, O_WRONLY | O_CREAT | O_EXCL, 0o644)
    defer { close(file) }
    try write(number, to: file, count: size)
  }

  /// Makes a file of a size that has data at some places, and lies on the disk.
  func makeSparse(_ path: String, _ bytes: Int, data: [(at: Int, count: Int)]) throws {
    let file = try check(
      unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600),
      "open",
      Bytes(text: path)
    )
    defer { close(file) }
    for (offset, count) in data { try write(offset, to: file, at: offset, count: count) }
    try check(ftruncate(file, bytes), "ftruncate", Bytes(text: path))
    try check(fsync(file), "fsync", Bytes(text: path))
  }
}
