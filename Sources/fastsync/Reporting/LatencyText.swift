// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Storage

/// How long the requests of one kind took on one device (`--stats=latency`).
struct DeviceLatency: Equatable {
  /// Which percentiles are told, and what they are called in names.
  static let percentiles: [(percent: Double, name: String)] = [
    (50, "p50"), (90, "p90"), (99, "p99"), (99.9, "p99_9"),
  ]

  let role: StorageLocation.Role
  /// What lies there: a disk, several, a filesystem without any, or a number.
  let device: String
  let operation: TransferMeter.Operation
  let figures: TransferMeter.Figures

  /// What was measured in a run, without what was never asked.
  ///
  /// - Parameters:
  ///   - meter: What has measured.
  ///   - start: What the run began with, if it did.
  /// - Returns: By operation, sources first.
  static func all(_ meter: TransferMeter, _ start: RunStart?) -> [DeviceLatency] {
    let devices = meter.read().sorted { $0.role == .source && $1.role == .target }
    return TransferMeter.Operation.allCases.flatMap { operation in
      devices.compactMap { device in
        guard device[operation].latency.count > 0 else { return nil }
        return DeviceLatency(
          role: device.role,
          device: name(device, start?.locations ?? []),
          operation: operation,
          figures: device[operation]
        )
      }
    }
  }

  private static func name(
    _ device: TransferMeter.Device,
    _ locations: [StorageLocation]
  ) -> String {
    let location = locations.first { location in
      location.role == device.role
        && (device.number == nil || location.topology.number == device.number)
    }
    if let location, !location.topology.disks.isEmpty {
      return location.topology.disks.map(\.name).joined(separator: "+")
    }
    if let mount = location?.mount { return mount.type }
    guard let number = device.number else { return "unknown" }
    return "\(number >> 32):\(number & 0xffff_ffff)"
  }
}

/// The table of `--stats=latency`.
enum LatencyText {
  private static let headings =
    ["Latency", "requests"]
    + DeviceLatency.percentiles.map { $0.name.split(separator: "_").joined(separator: ".") }
    + ["max", "depth p50", "p99", "max"]

  /// The lines, in columns.
  static func lines(_ latencies: [DeviceLatency], _ style: FigureStyle) -> [String] {
    guard !latencies.isEmpty else { return ["", "Latency: no request was made"] }
    let rows = [headings] + latencies.map { row($0, style) }
    let widths = headings.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return [""]
      + rows.map { row in
        row.enumerated().map { column, text in
          let gap = String(repeating: " ", count: widths[column] - text.count)
          return column == 0 ? text + gap : gap + text
        }.joined(separator: "  ")
      }
  }

  private static func row(_ latency: DeviceLatency, _ style: FigureStyle) -> [String] {
    let (latencies, depths) = (latency.figures.latency, latency.figures.depth)
    let verb =
      switch latency.operation {
      case .read: "reads of"
      case .write: "writes to"
      case .flush: "flushes of"
      }
    let times = DeviceLatency.percentiles.map { latencies.percentile($0.percent) }
    let counts = [depths.percentile(50), depths.percentile(99), depths.maximum]
    return ["\(verb) \(latency.role.rawValue) \(latency.device)"]
      + [style.count(Int(latencies.count))]
      + (times + [latencies.maximum]).map(duration)
      + counts.map { String($0) }
  }

  /// Writes a duration with three digits that count.
  static func duration(_ nanoseconds: UInt64) -> String {
    let (value, unit) =
      switch nanoseconds {
      case ..<1000: (Double(nanoseconds), "ns")
      case ..<1_000_000: (Double(nanoseconds) / 1e3, "us")
      case ..<1_000_000_000: (Double(nanoseconds) / 1e6, "ms")
      default: (Double(nanoseconds) / 1e9, "s")
      }
    if unit == "ns" || value >= 100 { return "\(Int(value.rounded())) \(unit)" }
    let (digits, base) = value < 10 ? (2, 100) : (1, 10)
    let scaled = Int((value * Double(base)).rounded())
    return "\(scaled / base).\(zeroPadded(scaled % base, digits)) \(unit)"
  }
}
