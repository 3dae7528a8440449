// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Kernel
import Storage
import SystemPackage

// The events of `--json`; docs/json.md and docs/json.schema.json say what they have.
extension JSONLine {
  /// How many times a field was given another meaning, or taken away.
  static let schemaVersion = 1

  /// How a run begins.
  init(_ start: RunStart, of plan: CopyPlan) {
    self.init(event: "start")
    let options = plan.options
    add("schema", Self.schemaVersion)
    add("version", Invocation.version)
    add("time", Clock.wallSeconds)
    add("dry_run", options.isDryRun)
    add("durability", options.publish.durability.rawValue)
    add("engine", options.transfer.engine.rawValue)
    add("workers", start.workers)
    add("deletes", options.deletion.moment != nil)
    add("locations", start.locations.map(Self.location))
  }

  private static func location(_ location: StorageLocation) -> JSONLine {
    var line = JSONLine()
    line.add("role", location.role.rawValue)
    line.add("path", location.path)
    line.add("filesystem", location.mount?.type)
    line.add("profile", location.profile.rawValue)
    line.add(
      "disks",
      location.topology.disks.map { disk in
        var line = JSONLine()
        line.add("name", disk.name)
        line.add("model", disk.model)
        line.add("transport", disk.transport.rawValue)
        line.add("seeks", disk.isRotational)
        return line
      }
    )
    return line
  }

  /// How far a run has come.
  init(_ figures: ProgressFigures) {
    self.init(event: "progress")
    add("seconds", decimal: figures.seconds)
    add("files", figures.reading.files)
    add("bytes", figures.reading.bytes)
    add("files_planned", figures.reading.filesPlanned)
    add("bytes_planned", figures.reading.bytesPlanned)
    add("plan_complete", figures.reading.isPlanComplete)
    add("bytes_per_second", decimal: figures.rateNow)
    add("seconds_left", decimal: figures.secondsLeft)
    add("errors", figures.errors)
    if let current = figures.reading.current { add("current", current) }
  }

  /// What happened, if it is told.
  init?(_ event: RunEvent, of plan: CopyPlan) {
    switch event {
    case .started(let start): self.init(start, of: plan)
    case .entry(let entry): self.init(entry)
    case .skipped(let entry): self.init(entry)
    case .deletion(let deletion): self.init(deletion)
    case .backedUp(let path, let kept):
      self.init(event: "backup")
      add("path", path)
      add("kept_as", kept)
    case .createdTarget(let path, _):
      self.init(event: "target_made")
      add("path", path)
    case .failed(let error): self.init(error)
    case .warning(.stall(let stall)): self.init(stall)
    case .warning(let warning):
      self.init(event: "warning")
      add("message", sentence: Message.warning(warning))
    case .note(let note):
      self.init(event: "note")
      add("message", sentence: Message.note(note))
    case .explanation, .filtered: return nil
    }
  }

  private init(_ entry: EntryEvent) {
    self.init(event: "entry")
    add("path", entry.path)
    let kind =
      switch entry.kind {
      case .file: "file"
      case .directory: "directory"
      case .symbolicLink: "symlink"
      case .hardLink: "hard_link"
      case .device: "device"
      case .special: "special"
      }
    add("kind", kind)
    add("changes", Itemizer.flags(entry))
    if let source = entry.source, source.kind == .file { add("size", source.size) }
    switch entry.kind {
    case .symbolicLink(let contents): add("contents", contents)
    case .hardLink(let first): add("linked_to", first)
    case .file, .directory, .device, .special: break
    }
  }

  private init(_ entry: SkippedEntry) {
    self.init(event: "skipped")
    add("path", entry.path)
    add("directory", entry.isDirectory)
    let reason =
      switch entry.reason {
      case .kind: "kind"
      case .isNewer: "newer"
      case .exists: "exists"
      case .isMissing: "missing"
      case .isOverMaxSize: "over_max_size"
      case .isUnderMinSize: "under_min_size"
      case .unsafeLink: "unsafe_link"
      case .mountPoint: "mount_point"
      }
    add("reason", reason)
  }

  private init(_ deletion: DeletionEvent) {
    switch deletion {
    case .deleted(let path, let isDirectory):
      self.init(event: "deleted")
      add("path", path)
      add("directory", isDirectory)
    case .removedSource(let path):
      self.init(event: "source_removed")
      add("path", path)
    case .sourceIsGone(let path):
      self.init(event: "source_gone")
      add("path", path)
    case .keptDirectory(let path):
      self.init(event: "kept")
      add("path", path)
      add("reason", "not_empty")
    case .keptMountPoint(let path):
      self.init(event: "kept")
      add("path", path)
      add("reason", "mount_point")
    case .heldBack: self.init(event: "deletion_held_back")
    }
  }

  private init(_ error: CopyError) {
    self.init(event: "error")
    add("path", error.path)
    // The name of the case, without what it carries.
    add("operation", String("\(error.operation)".prefix { $0 != "(" }))
    add("message", error.text)
    add("errno", error.errno?.rawValue)
    if let offset = error.offset { add("offset", offset) }
    if let length = error.length { add("length", length) }
    let effect =
      switch error.severity {
      case .entry: "entry"
      case .vanished: "vanished"
      case .stop, .selection, .usage, .unsupported, .memory: "run"
      }
    add("costs", effect)
  }

  private init(_ stall: StallEvent) {
    switch stall {
    case .stalled(let disk, let since, let waiting):
      self.init(event: "stall")
      add("disk", disk.name)
      add("role", disk.role.rawValue)
      add("since", since)
      add("requests", waiting)
    case .recovered(let disk, let seconds):
      self.init(event: "stall_end")
      add("disk", disk.name)
      add("role", disk.role.rawValue)
      add("seconds", seconds)
    }
  }

  /// How a run ended.
  init(
    _ report: CopyReport,
    _ code: ExitCode,
    seconds: Double,
    disks: [DiskUse],
    _ latencies: [DeviceLatency]?
  ) {
    self.init(event: "end")
    add("exit_code", code.rawValue)
    add("seconds", decimal: seconds)
    let stop: String? =
      switch report.stop {
      case nil: nil
      case .failure, .usage: "failure"
      case .interrupted: "interrupted"
      case .timeLimit: "time_limit"
      case .timedOut: "timeout"
      }
    add("stop", stop)
    add("visited", report.entriesVisited)
    add("files_copied", report.filesCopied)
    add("bytes_copied", report.bytesCopied)
    add("bytes_written", report.bytesWritten)
    add("unchanged", report.entriesUnchanged)
    add("directories_made", report.directoriesCreated)
    add("others_made", report.othersCreated)
    add("hard_links_made", report.hardLinksMade)
    add("deleted", report.deletions.removed.total)
    add("failures", report.failures)
    add("vanished", report.vanished)
    add(
      "disks",
      disks.map { disk in
        var line = JSONLine()
        line.add("name", disk.name)
        line.add("source", disk.isSource)
        line.add("target", disk.isTarget)
        line.add("busy_percent", disk.busyPercent)
        line.add("bytes_read_per_second", decimal: disk.rateRead)
        line.add("bytes_written_per_second", decimal: disk.rateWritten)
        return line
      }
    )
    if let latencies { add("latencies", latencies.map { JSONLine($0) }) }
  }

  private init(_ latency: DeviceLatency) {
    self.init()
    add("operation", "\(latency.operation)")
    add("role", latency.role.rawValue)
    add("device", latency.device)
    add("requests", latency.figures.latency.count)
    add("bytes", latency.figures.bytes)
    let (times, depths) = (latency.figures.latency, latency.figures.depth)
    for (percent, name) in DeviceLatency.percentiles {
      add("\(name)_us", decimal: Double(times.percentile(percent)) / 1000)
    }
    add("max_us", decimal: Double(times.maximum) / 1000)
    add("depth_p50", depths.percentile(50))
    add("depth_p99", depths.percentile(99))
    add("depth_max", depths.maximum)
  }

  /// Adds what a line for people says, without the command's name before it.
  private mutating func add(_ key: String, sentence: Message) {
    add(key, name: Array(sentence.bytes.dropFirst(Message.named().bytes.count)))
  }
}
