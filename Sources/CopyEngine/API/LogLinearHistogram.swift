// SPDX-License-Identifier: Apache-2.0

/// How often which values were met, in buckets that are the wider the larger the values are.
///
/// Values up to 63 are kept exactly; beyond, each power of two has 32 buckets, so that what is read
/// is less than 1/32 above what was noted.
public struct LogLinearHistogram: Equatable, Sendable {
  private static let bucketBits = 5
  private static let bucketsPerPower = 1 << bucketBits

  /// As long as the largest value wants them.
  private var buckets: [UInt64] = []
  /// How many values were noted.
  public private(set) var count: UInt64 = 0
  /// The largest of them; of a difference, the upper bound of its bucket.
  public private(set) var maximum: UInt64 = 0

  /// Makes a histogram of nothing.
  public init() {}

  /// Notes a value.
  public mutating func note(_ value: UInt64) {
    let index = Self.index(of: value)
    if index >= buckets.count {
      buckets += [UInt64](repeating: 0, count: index + 1 - buckets.count)
    }
    buckets[index] += 1
    count += 1
    maximum = max(maximum, value)
  }

  /// The value that so many percent of all do not exceed; 0 where there are none.
  public func percentile(_ percent: Double) -> UInt64 {
    let exact = Double(count) * min(max(percent, 0), 100) / 100
    var rank = UInt64(exact)
    if Double(rank) < exact { rank += 1 }
    var passed: UInt64 = 0
    for (index, found) in buckets.enumerated() where found > 0 {
      passed += found
      if passed >= max(rank, 1) { return min(Self.upperBound(of: index), maximum) }
    }
    return 0
  }

  /// Adds what another one has.
  public mutating func add(_ other: Self) {
    if other.buckets.count > buckets.count {
      buckets += [UInt64](repeating: 0, count: other.buckets.count - buckets.count)
    }
    for (index, found) in other.buckets.enumerated() { buckets[index] += found }
    count += other.count
    maximum = max(maximum, other.maximum)
  }

  /// What was noted since an earlier reading of the same histogram.
  public func since(_ earlier: Self) -> Self {
    var later = Self()
    later.count = count - earlier.count
    guard later.count > 0 else { return later }
    later.buckets = buckets
    for (index, found) in earlier.buckets.enumerated() { later.buckets[index] -= found }
    let last = later.buckets.lastIndex { $0 > 0 } ?? 0
    later.maximum = min(Self.upperBound(of: last), maximum)
    return later
  }

  private static func index(of value: UInt64) -> Int {
    guard value >= UInt64(bucketsPerPower) else { return Int(value) }
    let shift = UInt64.bitWidth - 1 - value.leadingZeroBitCount - bucketBits
    return shift << bucketBits + Int(value >> UInt64(shift))
  }

  /// The largest value that has a bucket.
  private static func upperBound(of index: Int) -> UInt64 {
    guard index >= 2 * bucketsPerPower else { return UInt64(index) }
    let shift = index >> bucketBits - 1
    let leading = UInt64(index - shift << bucketBits)
    return leading << UInt64(shift) | (1 << UInt64(shift) - 1)
  }
}
