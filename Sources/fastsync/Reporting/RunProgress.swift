// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Kernel
import Storage

/// How far the run has come, for all who show it: what its meter counts, what its events tell, and
/// what follows from how that changes.
final class RunProgress: Sendable {
  /// The rate of late is that of so many seconds.
  private static let rateSeconds = 5.0
  /// So long may nothing get to the disk until that is told, in seconds.
  private static let idleSecondsMin = 5.0

  private struct State {
    var samples: [(seconds: Double, bytes: UInt64)] = []
    var estimate = CompletionEstimate()
    /// The most that was read: between its last byte and its name a file counts for nothing.
    var bytesMost: UInt64 = 0
    var filesMost = 0
    var movedAt = 0.0
    var errors = 0
    var stalls: [String: (title: String, since: Int)] = [:]
  }

  /// What the run counts with.
  let meter = CopyMeter()
  private let start = Clock.monotonicNanoseconds
  private let highBits: HighBits
  private let state = Lock(State())

  /// Begins at nothing.
  ///
  /// - Parameter highBits: What becomes of bytes of names beyond ASCII.
  init(_ highBits: HighBits) { self.highBits = highBits }

  /// What stands for what is left out of a name.
  var gap: String { highBits == .escaped ? "..." : "\u{2026}" }

  /// Takes notice of what is to be shown of an event.
  func note(_ event: RunEvent) {
    switch event {
    case .failed: state.withLock { $0.errors += 1 }
    case .warning(.stall(.stalled(let disk, let since, _))):
      state.withLock { $0.stalls[disk.name] = (disk.title, since) }
    case .warning(.stall(.recovered(let disk, _))):
      state.withLock { $0.stalls[disk.name] = nil }
    default: break
    }
  }

  /// Takes a look.
  func figures() -> ProgressFigures {
    var reading = meter.read()
    let seconds = Double(Clock.monotonicNanoseconds - start) / 1e9
    var figures = ProgressFigures()
    figures.seconds = seconds
    figures.current = reading.current.map { TerminalText.shown($0, highBits) }
    state.withLock { state in
      if reading.bytes > state.bytesMost || reading.files > state.filesMost {
        state.movedAt = seconds
        state.bytesMost = max(reading.bytes, state.bytesMost)
        state.filesMost = max(reading.files, state.filesMost)
      }
      reading.bytes = state.bytesMost
      figures.rateNow = Self.rate(&state.samples, seconds, reading.bytes)
      state.estimate.observe(reading, at: seconds)
      figures.secondsLeft = state.estimate.secondsLeft
      figures.errors = state.errors
      figures.troubles = troubles(state, seconds)
    }
    // What was found by the copy alone, or failed, may be more than was foreseen.
    reading.filesPlanned = max(reading.filesPlanned - reading.filesFailed, reading.files)
    reading.bytesPlanned = max(
      reading.bytesPlanned - min(reading.bytesFailed, reading.bytesPlanned),
      reading.bytes
    )
    figures.rateAverage = Double(reading.bytes) / max(seconds, 0.001)
    figures.reading = reading
    return figures
  }

  /// The rate of the last seconds, if somebody has looked meanwhile.
  private static func rate(
    _ samples: inout [(seconds: Double, bytes: UInt64)],
    _ seconds: Double,
    _ bytes: UInt64
  ) -> Double? {
    samples.append((seconds, bytes))
    // One is kept from before, so that there is always one to compare with.
    while samples.count > 2, samples[1].seconds <= seconds - rateSeconds { samples.removeFirst() }
    guard let first = samples.first, seconds - first.seconds >= 0.5,
      seconds - first.seconds < 4 * rateSeconds
    else { return nil }
    return Double(bytes - first.bytes) / (seconds - first.seconds)
  }

  private func troubles(_ state: State, _ seconds: Double) -> [String] {
    var troubles = state.stalls.values.map { stall in
      "\(stall.title) stalls for \(max(Clock.wallSeconds - stall.since, 0)) s"
    }.sorted()
    let idle = seconds - state.movedAt
    if troubles.isEmpty && idle >= Self.idleSecondsMin {
      troubles.append("nothing was finished for \(Int(idle)) s")
    }
    if troubles.isEmpty && state.estimate.isSlower { troubles.append("slower than before") }
    return troubles
  }

  /// One line about the run; who asks for it only now and then gets the figures of this moment.
  func status(_ style: FigureStyle) -> Message {
    meter.watch()
    meter.refresh()
    // The workers answer when the request that they wait for is done.
    Clock.pause(microseconds: 50_000)
    var message = Message.named()
    message.append(ProgressLines(figures: figures()).status(style))
    return message
  }
}

/// Tells the console of a run, and those who show how far it has come.
struct ProgressSink: EventSink {
  let console: ConsoleSink
  let progress: RunProgress
  private let wanted: RunEvent.Kinds

  /// Puts itself before a console.
  init(_ console: ConsoleSink, _ progress: RunProgress) {
    self.console = console
    self.progress = progress
    wanted = console.wants
  }

  var wants: RunEvent.Kinds { wanted.union([.failures, .warnings]) }

  func receive(_ event: RunEvent) {
    progress.note(event)
    if wanted.contains(event.kind) { console.receive(event) }
  }
}
