// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import SystemPackage
import Testing

@testable import fastsync

/// The time that is left, judged by recordings of real runs (`bench/progress`).
@Suite("Time that is left")
struct CompletionEstimateTests {
  private static let recordings = ["small", "large", "mixed", "hdd", "smr", "errors"]

  /// What was said at a moment of a recorded run.
  private struct Said {
    let seconds: Double
    let left: Double?
    let isSlower: Bool
  }

  /// Has a recorded run estimated; the last row is its end.
  private func estimates(_ name: String) throws -> [Said] {
    let path = packageFolder.appending("Tests/FastsyncTests/Fixtures/progress/\(name).csv")
    let lines = try text(of: path).split(separator: "\n").filter { !$0.hasPrefix("#") }
    #expect(
      lines[0] == "seconds,files,bytes,files_planned,bytes_planned,is_complete,errors",
      "\(name)"
    )
    var estimate = CompletionEstimate()
    return try lines.dropFirst().map { line in
      let fields = line.split(separator: ",").map(String.init)
      let seconds = try #require(Double(fields[0]))
      var reading = CopyMeter.Reading()
      reading.files = Int(fields[1]) ?? 0
      reading.bytes = UInt64(fields[2]) ?? 0
      reading.filesPlanned = Int(fields[3]) ?? 0
      reading.bytesPlanned = UInt64(fields[4]) ?? 0
      reading.isPlanComplete = fields[5] == "1"
      estimate.observe(reading, at: seconds)
      return Said(seconds: seconds, left: estimate.secondsLeft, isSlower: estimate.isSlower)
    }
  }

  @Test(
    "a fifth of the way it is within 25 %, and halfway within 10 %",
    arguments: recordings
  )
  func isNearTheTruth(_ name: String) throws {
    let said = try estimates(name)
    let end = try #require(said.last?.seconds)
    for (part, allowed) in [(0.2, 0.25), (0.5, 0.1)] {
      let then = try #require(said.first { $0.seconds >= part * end })
      let left = try #require(then.left, "\(name) at \(part)")
      let truth = end - then.seconds
      #expect(abs(left - truth) <= allowed * truth, "\(name) at \(part): \(left), not \(truth)")
    }
  }

  @Test("it does not grow for more than five seconds without a word", arguments: recordings)
  func isSteady(_ name: String) throws {
    var (before, grownSince, fallsFor): (Said?, Double?, Double) = (nil, nil, 0)
    for said in try estimates(name) {
      guard let left = said.left else { continue }
      defer { before = said }
      guard let last = before, let shown = last.left, !said.isSlower else {
        grownSince = nil
        continue
      }
      if left > shown {
        let since = grownSince ?? last.seconds
        (grownSince, fallsFor) = (since, 0)
        #expect(said.seconds - since <= 5, "\(name) at \(said.seconds)")
      } else {
        // What falls for less than a second has grown on.
        fallsFor += said.seconds - last.seconds
        if fallsFor >= 0.9 { grownSince = nil }
      }
    }
  }

  /// A run of so many files a second, and then of so many bytes.
  private func estimate(
    _ parts: [(files: Int, bytes: UInt64, seconds: Int)],
    until seconds: Int
  ) -> CompletionEstimate {
    var estimate = CompletionEstimate()
    var reading = CopyMeter.Reading()
    reading.isPlanComplete = true
    reading.filesPlanned = parts.reduce(0) { $0 + $1.files * $1.seconds }
    reading.bytesPlanned = parts.reduce(0) { $0 + $1.bytes * UInt64($1.seconds) }
    estimate.observe(reading, at: 0)
    var time = 0
    for part in parts {
      for _ in 0..<part.seconds where time < seconds {
        time += 1
        reading.files += part.files
        reading.bytes += part.bytes
        estimate.observe(reading, at: Double(time))
      }
    }
    return estimate
  }

  @Test("nothing is said before anything was finished, or the plan is known")
  func unknown() {
    var estimate = CompletionEstimate()
    var reading = CopyMeter.Reading()
    reading.filesPlanned = 10
    reading.bytesPlanned = 1_000
    for second in 0..<10 { estimate.observe(reading, at: Double(second)) }
    #expect(estimate.secondsLeft == nil)
    reading.files = 5
    reading.bytes = 500
    estimate.observe(reading, at: 10)
    #expect(estimate.secondsLeft == nil)
    reading.isPlanComplete = true
    estimate.observe(reading, at: 11)
    #expect(estimate.secondsLeft != nil)
  }

  @Test("a steady run is foretold exactly")
  func steady() throws {
    let files = estimate([(1_000, 1_000_000, 100)], until: 40)
    #expect(abs(try #require(files.secondsLeft) - 60) < 1)
    let bytes = estimate([(0, 100_000_000, 100)], until: 30)
    #expect(abs(try #require(bytes.secondsLeft) - 70) < 1)
  }

  @Test("once both were seen, files and bytes weigh what they cost")
  func mixed() throws {
    // As many small files are left as were done, and as many large ones.
    let parts = [
      (files: 2_000, bytes: UInt64(4_000_000), seconds: 40), (1, 100_000_000, 40),
      (2_000, 4_000_000, 40), (1, 100_000_000, 40),
    ]
    let halfway = estimate(parts, until: 80)
    #expect(abs(try #require(halfway.secondsLeft) - 80) < 16, "\(halfway.secondsLeft ?? 0)")
  }

  @Test("a run that stops is said to be slower before what is left grows on")
  func stalled() throws {
    var estimate = CompletionEstimate()
    var reading = CopyMeter.Reading()
    reading.isPlanComplete = true
    reading.bytesPlanned = 100_000_000
    var grownSince: Int?
    for second in 0..<200 {
      let before = estimate.secondsLeft
      if second < 50 { reading.bytes += 1_000_000 }
      estimate.observe(reading, at: Double(second))
      guard let left = estimate.secondsLeft, let before, left > before, !estimate.isSlower else {
        grownSince = nil
        continue
      }
      grownSince = grownSince ?? second
      #expect(second - (grownSince ?? second) <= 5)
    }
    #expect(estimate.isSlower)
    #expect(try #require(estimate.secondsLeft) > 100)
  }
}
