// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Glibc

/// When a run will be done, by what was finished until now.
///
/// A file costs some time by itself, and some for each byte. Both are found by least squares from
/// what was finished in each second, drawn towards a proportion that is thought likely as long as
/// that says little. What is left is measured by these costs, and the time that it takes by the
/// speed of the last part of the run. A pure value, without a clock.
struct CompletionEstimate {
  /// How many bytes cost as much as one file, as long as nothing else is known: few, so that a run
  /// of small files does not promise that large ones will go many times as fast.
  private static let bytesOfFile = 4096.0
  /// How far that may be from what is found.
  private static let factorMax = 1024.0
  /// How much it counts beside what was seen.
  private static let priorWeight = 0.001
  /// Neither cost is less than this part of what it was thought to be.
  private static let costMin = 0.05
  /// The speed is that of this part of the time, and of no less than so many seconds.
  private static let shareOfTime = 0.6
  private static let secondsMin = 20.0
  /// What changes is believed after so many seconds.
  private static let seconds = 2.0
  /// Longer than this the time that is left does not grow without a word, in seconds.
  private static let growthMax = 4.0
  /// What is left is this much more than it was said to be where the run has become slower.
  private static let slowness = 1.1

  /// What was finished at a moment.
  private struct Mark {
    let seconds: Double
    let files: Double
    let bytes: Double
  }

  /// The sums of the least squares.
  private struct Sums {
    var filesSquared = 0.0
    var product = 0.0
    var bytesSquared = 0.0
    var files = 0.0
    var bytes = 0.0
  }

  private var marks: [Mark] = []
  private var sums = Sums()
  private var last = 0.0
  /// Since when what is left has not become less.
  private var growsSince = 0.0
  private var shrinksFor = 0.0

  /// How long the run will go on, in seconds; `nil` as long as nothing can be said.
  private(set) var secondsLeft: Double?
  /// Whether it goes on more slowly than was foreseen, so that more is left than before.
  private(set) var isSlower = false

  /// Takes a look, about once a second or more often.
  mutating func observe(_ reading: CopyMeter.Reading, at seconds: Double) {
    // What cannot be copied is done as well.
    let now = Mark(
      seconds: seconds,
      files: Double(reading.files + reading.filesFailed),
      bytes: Double(reading.bytes)
    )
    guard let first = marks.first, let before = marks.last else { return marks.append(now) }
    let time = now.seconds - before.seconds
    if time >= 1, now.files > before.files || now.bytes > before.bytes { add(now, after: before) }
    let all = Mark(
      seconds: now.seconds - first.seconds,
      files: now.files - first.files,
      bytes: now.bytes - first.bytes
    )
    guard reading.isPlanComplete, all.files > 0 || all.bytes > 0, all.seconds >= 1 else { return }
    let cost = bytesOfFile(all)
    let begin = now.seconds - max(Self.secondsMin, all.seconds * Self.shareOfTime)
    var base = marks.last { $0.seconds <= begin } ?? first
    func work(since mark: Mark) -> Double {
      now.bytes - mark.bytes + cost * (now.files - mark.files)
    }
    if work(since: base) <= 0 { base = first }
    let bytesLeft = Double(reading.bytesPlanned) - Double(reading.bytesFailed) - now.bytes
    let left = max(bytesLeft, 0) + cost * max(Double(reading.filesPlanned) - now.files, 0)
    follow(left * (now.seconds - base.seconds) / work(since: base), at: now.seconds)
  }

  private mutating func add(_ now: Mark, after before: Mark) {
    let time = now.seconds - before.seconds
    let (files, bytes) = (now.files - before.files, now.bytes - before.bytes)
    // Each counts by its speed: otherwise the slowest moments would count most.
    sums.filesSquared += files * files / time
    sums.product += files * bytes / time
    sums.bytesSquared += bytes * bytes / time
    sums.files += files
    sums.bytes += bytes
    marks.append(now)
  }

  /// How many bytes cost as much as one file.
  private func bytesOfFile(_ all: Mark) -> Double {
    // In units of the costs that were thought to be, so that both are near 1.
    let byteCost = all.seconds / (all.bytes + Self.bytesOfFile * all.files)
    let fileCost = Self.bytesOfFile * byteCost
    let product = sums.product * fileCost * byteCost
    var files = sums.filesSquared * fileCost * fileCost
    var bytes = sums.bytesSquared * byteCost * byteCost
    let weight = Self.priorWeight * (files + 2 * product + bytes) + 1e-12
    files += weight
    bytes += weight
    let ofFiles = sums.files * fileCost + weight
    let ofBytes = sums.bytes * byteCost + weight
    let determinant = files * bytes - product * product
    let perFile = max((ofFiles * bytes - ofBytes * product) / determinant, Self.costMin)
    let perByte = max((ofBytes * files - ofFiles * product) / determinant, Self.costMin)
    let factor = min(max(perFile / perByte, 1 / Self.factorMax), Self.factorMax)
    return Self.bytesOfFile * factor
  }

  /// Comes nearer to a new figure, without jumps.
  private mutating func follow(_ found: Double, at seconds: Double) {
    guard let shown = secondsLeft else {
      (secondsLeft, last, growsSince) = (found, seconds, seconds)
      return
    }
    let step = seconds - last
    last = seconds
    let foreseen = max(shown - step, 0)
    var left = foreseen + (found - foreseen) * (1 - exp(-step / Self.seconds))
    if left < shown {
      shrinksFor += step
      if shrinksFor >= 1 {
        growsSince = seconds
        isSlower = false
      }
    } else {
      shrinksFor = 0
      if seconds - growsSince > Self.growthMax {
        isSlower = isSlower || found > Self.slowness * shown
        if !isSlower { left = foreseen }
      }
    }
    secondsLeft = left
  }
}
