// SPDX-License-Identifier: Apache-2.0

import FileTree
import SimulatedKernel
import Storage
import Testing

@testable import CopyEngine

/// What is measured of requests, against what a simulated kernel has carried out.
struct TransferMeterTests {
  /// The two sources of a rig in their order, and the target.
  private func devices(
    _ meter: CopyMeter
  ) throws -> (sources: [TransferMeter.Device], target: TransferMeter.Device) {
    let devices = try #require(meter.transfers).read()
    let sources = devices.filter { $0.role == .source }
      .sorted { ($0.number ?? 0) < ($1.number ?? 0) }
    return (sources, try #require(devices.first { $0.role == .target }))
  }

  @Test(arguments: [true, false]) func eachRequestIsMeasuredOnce(linksPairs: Bool) throws {
    let meter = CopyMeter(measuresTransfers: true)
    let rig = EventLoopRig(linksPairs: linksPairs, meter: meter)
    let byteCounts = [1, 4096, 10_000, 50_000]
    let files = byteCounts.map { SimulatedCopy(byteCount: $0) }
    let results = try rig.copy(files, seed: 7, faults: Faults())
    #expect(results.allSatisfy { $0.target == $0.source })
    let (sources, target) = try devices(meter)
    #expect(sources.map { $0[.read].bytes } == [10_001, 54_096])
    #expect(sources.map { $0[.read].latency.count } == [1 + 3, 1 + 13])
    #expect(target[.write].bytes == 64_097)
    #expect(target[.write].latency.count == 18)
    #expect(target[.flush].latency.count == 0)
    #expect(target[.read] == TransferMeter.Figures())
  }

  /// Whatever fails, is interrupted or comes up short: nothing stays under way, and all that was
  /// written was measured.
  @Test func nothingStaysUnderWay() throws {
    for seed in UInt64(0)..<300 {
      let meter = CopyMeter(measuresTransfers: true)
      let rig = EventLoopRig(linksPairs: seed % 3 != 0, meter: meter)
      var files = [1, 4095, 16_385, 50_000].map { SimulatedCopy(byteCount: $0) }
      files.append(SimulatedCopy(byteCount: 3 * Int(EventLoopRig.windowBytes), isAdvised: true))
      files.append(SimulatedCopy(byteCount: 3000, isLoaded: true))
      let isStopped = seed % 4 == 0
      let results = try rig.copy(
        files,
        seed: seed,
        faults: .survivable,
        stopAfter: isStopped ? Int(seed % 40) : nil
      )
      let (sources, target) = try devices(meter)
      for device in sources + [target] {
        for operation in TransferMeter.Operation.allCases {
          #expect(device[operation].inFlight == 0, "seed \(seed)")
          #expect(
            device[operation].latency.count <= device[operation].depth.count,
            "seed \(seed)"
          )
        }
      }
      guard !isStopped else { continue }
      #expect(results.allSatisfy { $0.target == $0.source }, "seed \(seed)")
      let written = files.dropLast().reduce(0) { $0 + $1.byteCount }
      #expect(target[.write].bytes >= UInt64(written), "seed \(seed)")
      #expect(target[.flush].latency.count >= 3, "seed \(seed)")
    }
  }

  @Test func nobodyMeasuresUnasked() throws {
    let meter = CopyMeter()
    let rig = EventLoopRig(meter: meter)
    _ = try rig.copy([SimulatedCopy(byteCount: 10_000)], seed: 1, faults: Faults())
    #expect(meter.transfers == nil)
  }
}

/// Percentiles, against a sorted list of the same values.
struct LogLinearHistogramTests {
  private func exact(_ sorted: [UInt64], _ percent: Double) -> UInt64 {
    let rank = Int((Double(sorted.count) * percent / 100).rounded(.up))
    return sorted[max(rank, 1) - 1]
  }

  @Test(arguments: UInt64(0)..<40) func percentiles(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let bits = Int.random(in: 1...63, using: &random)
    let values = (0..<Int.random(in: 1...3000, using: &random)).map { _ -> UInt64 in
      let power = UInt64.random(in: 0...UInt64(bits), using: &random)
      return UInt64.random(in: 0...(1 << power), using: &random)
    }
    var histogram = LogLinearHistogram()
    for value in values { histogram.note(value) }
    let sorted = values.sorted()
    #expect(histogram.count == UInt64(values.count) && histogram.maximum == sorted.last)
    for percent in [0, 1, 25, 50, 90, 99, 99.9, 100] {
      let (found, expected) = (histogram.percentile(percent), exact(sorted, percent))
      #expect(found >= expected && found - expected <= expected / 32, "\(percent), seed \(seed)")
    }
  }

  @Test(arguments: UInt64(100)..<120) func differencesAndSums(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    func values() -> [UInt64] {
      (0..<Int.random(in: 0...500, using: &random)).map { _ in
        UInt64.random(in: 0...1_000_000, using: &random)
      }
    }
    let (first, second) = (values(), values())
    var (early, late, both) = (LogLinearHistogram(), LogLinearHistogram(), LogLinearHistogram())
    for value in first { early.note(value) }
    for value in second { late.note(value) }
    for value in first + second { both.note(value) }
    let since = both.since(early)
    #expect(since.count == late.count)
    for percent in [50, 99, 100.0] where late.count > 0 {
      let (found, expected) = (since.percentile(percent), late.percentile(percent))
      #expect(found >= expected && found - expected <= expected / 32, "\(percent), seed \(seed)")
    }
    early.add(late)
    #expect(early == both)
  }

  @Test func extremes() {
    var histogram = LogLinearHistogram()
    #expect(histogram.percentile(50) == 0)
    histogram.note(.max)
    histogram.note(0)
    #expect(histogram.percentile(50) == 0 && histogram.percentile(100) == .max)
  }
}
