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
    var leftOut = 0
    var beginning: Beginning?
    var looks: [RunDisks.Sample] = []
  }

  /// What the run began with.
  private struct Beginning {
    let start: RunStart
    let disks: RunDisks
    let sample: RunDisks.Sample
  }

  /// What the run counts with.
  let meter: CopyMeter
  private let start = Clock.monotonicNanoseconds
  private let processorStart = Clock.processorNanoseconds
  private let highBits: HighBits
  private let state = Lock(State())

  /// Begins at nothing.
  ///
  /// - Parameters:
  ///   - highBits: What becomes of bytes of names beyond ASCII.
  ///   - measuresTransfers: Whether it is measured how long requests take.
  init(_ highBits: HighBits, measuresTransfers: Bool = false) {
    self.highBits = highBits
    meter = CopyMeter(measuresTransfers: measuresTransfers)
  }

  /// How long the run has taken.
  var seconds: Double { Double(Clock.monotonicNanoseconds - start) / 1e9 }

  /// What stands for what is left out of a name.
  var gap: String { highBits == .escaped ? "..." : "\u{2026}" }

  /// Takes notice of what is to be shown of an event.
  func note(_ event: RunEvent) {
    switch event {
    case .started(let start):
      let disks = RunDisks(start.locations)
      let sample = disks.sample(at: Clock.monotonicNanoseconds)
      state.withLock { $0.beginning = Beginning(start: start, disks: disks, sample: sample) }
    case .skipped: state.withLock { $0.leftOut += 1 }
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
    let seconds = self.seconds
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
    figures.disks = diskRates()
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

  /// How fast the disks are read and written, of late and since the beginning.
  private func diskRates() -> DiskRates? {
    guard let beginning = state.withLock({ $0.beginning }) else { return nil }
    let now = beginning.disks.sample(at: Clock.monotonicNanoseconds)
    let first = state.withLock { state in
      state.looks.append(now)
      while state.looks.count > 2, now.seconds(since: state.looks[1]) >= Self.rateSeconds {
        state.looks.removeFirst()
      }
      return state.looks.first ?? now
    }
    // Who looks for the first time is told of the time since the beginning.
    let before = now.seconds(since: first) >= 0.5 ? first : beginning.sample
    return DiskRates(
      now: beginning.disks.uses(from: before, to: now),
      average: beginning.disks.uses(from: beginning.sample, to: now)
    )
  }

  /// What the disks of the run had done since the machine started when the run began.
  var disksAtFirst: [(name: String, activity: DiskActivity)] {
    guard let beginning = state.withLock({ $0.beginning }) else { return [] }
    return beginning.disks.activities(at: beginning.sample)
  }

  /// The same until now; none before the run has begun.
  var disksNow: [(name: String, activity: DiskActivity)] {
    guard let beginning = state.withLock({ $0.beginning }) else { return [] }
    return beginning.disks.activities(at: beginning.disks.sample(at: Clock.monotonicNanoseconds))
  }

  /// How long requests took, by device; `nil` where that was not measured.
  var latencies: [DeviceLatency]? {
    meter.transfers.map { DeviceLatency.all($0, state.withLock { $0.beginning?.start }) }
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

// What is known when it is over.
extension RunProgress {
  /// Filesystems in memory, or over others, which do not tell what keeps a run from being faster.
  private static let silentTypes: Set<String> = [
    "tmpfs", "ramfs", "rootfs", "devtmpfs", "overlay", "proc", "sysfs",
  ]

  /// How many entries of the source the options left out, as far as it was told.
  var leftOut: Int { state.withLock { $0.leftOut } }

  /// What kept the run from being faster, as far as it is known.
  func facts(_ report: CopyReport, seconds: Double, _ transfer: TransferOptions) -> RunLimit.Facts {
    var facts = RunLimit.Facts()
    facts.bytesWritten = report.bytesWritten
    facts.seconds = seconds
    facts.bytesPerSecondMax = transfer.bytesPerSecond
    facts.processorSeconds = Double(Clock.processorNanoseconds &- processorStart) / 1e9
    guard let beginning = state.withLock({ $0.beginning }) else { return facts }
    let now = beginning.disks.sample(at: Clock.monotonicNanoseconds)
    facts.disks = beginning.disks.uses(from: beginning.sample, to: now)
    facts.processors = min(beginning.start.workers, ProcessFacts.processors)
    for location in beginning.start.locations where location.topology.disks.isEmpty {
      guard let mount = location.mount, !Self.silentTypes.contains(mount.type) else { continue }
      let name = "\(mount.type) on \(mount.source)"
      if location.role == .source {
        facts.unmeasuredSource = name
      } else {
        facts.unmeasuredTarget = name
      }
    }
    return facts
  }
}

/// Tells all who want to know of a run, and those who show how far it has come.
struct ProgressSink: EventSink {
  private let sinks: [(sink: any EventSink, wants: RunEvent.Kinds)]
  private let progress: RunProgress

  /// Puts itself before some sinks.
  init(_ sinks: [any EventSink], _ progress: RunProgress) {
    self.sinks = sinks.map { ($0, $0.wants) }
    self.progress = progress
  }

  var wants: RunEvent.Kinds {
    sinks.reduce([.failures, .warnings, .start]) { $0.union($1.wants) }
  }

  func receive(_ event: RunEvent) {
    progress.note(event)
    for (sink, wants) in sinks where wants.contains(event.kind) { sink.receive(event) }
  }
}
