// SPDX-License-Identifier: Apache-2.0

extension PlaceOnDisk {
  /// What it is, for people: two lines for itself, and one or two for each of its disks.
  ///
  /// A device that is itself copied is told by its size, in bytes, and not by a filesystem.
  func lines(ofDevice deviceBytes: UInt64? = nil) -> [String] {
    let filesystem = mount.map { "\($0.type) on \($0.source)" } ?? "no filesystem that is known"
    let subject = deviceBytes.map { "block device, \(roundedSize($0))" } ?? filesystem
    var lines = [
      "\(role.rawValue) \(path): \(subject)",
      "  profile \(profile.rawValue): \(reason)",
    ]
    if !device.layers.isEmpty {
      lines.append("  through \(device.layers.map(\.text).joined(separator: ", "))")
    }
    for (number, disk) in device.disks.enumerated() {
      lines.append("  \(disk.line)")
      // One disk alone has given the reason above.
      if verdicts.count > 1 {
        let verdict = verdicts[number]
        lines.append("  \(disk.name) is of profile \(verdict.profile.rawValue): \(verdict.reason)")
      }
    }
    if device.optimalBytes > 0 {
      lines.append("  asks for requests of \(device.optimalBytes >> 10) KiB")
    }
    return lines
  }
}

/// A size in the largest unit that leaves it two digits.
private func roundedSize(_ bytes: UInt64) -> String {
  let units: [(name: String, shift: UInt64)] = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)]
  let unit = units.first { bytes >> $0.shift >= 10 }
  return unit.map { "\(bytes >> $0.shift) \($0.name)" } ?? "\(bytes) bytes"
}

extension Disk {
  /// What it says of itself, for people.
  fileprivate var line: String {
    let kind = model.map { "\(transport.rawValue), \($0)" } ?? transport.rawValue
    return "disk \(name) (\(kind)): says that it \(isRotational ? "seeks" : "does not seek")"
      + ", sectors of \(sectorBytes) bytes (\(physicalSectorBytes) inside)"
      + ", queue of \(queueDepth)"
      + (discards ? ", takes discards" : ", no discards")
      + (zones == .none ? ", no zones" : ", zones (\(zones.rawValue))")
  }
}

private func explanation(ofSharing disks: RunDisks) -> [String] {
  disks.sharesDisk
    ? ["one disk that seeks is read and written: all buffers are filled, then written"] : []
}

/// What `--explain` says of the copy of a device, beside its places.
func explanation(ofDevice layout: WorkLayout, _ disks: RunDisks) -> [String] {
  let order =
    disks.targetSeeks && !disks.sharesDisk
    ? ["order: strictly from the beginning to the end, since the target seeks"] : []
  return explanation(ofSharing: disks) + order + [
    "buffers: \(layout.blocks) of \(layout.blockBytes >> 10) KiB"
      + (disks.stripeBytes > 0 ? ", for rows of \(disks.stripeBytes >> 10) KiB" : "")
  ]
}

/// What `--explain` says of a run before it starts.
func explanation(
  of layout: WorkLayout,
  _ places: [PlaceOnDisk],
  _ disks: RunDisks,
  _ options: CopyOptions
) -> [String] {
  places.flatMap { $0.lines() }
    + sharing(places)
    + order(layout, disks)
    + [
      "workers: \(layout.workers) (\(reason(layout, disks, options)))",
      "buffers: \(layout.blocks) of \(layout.blockBytes >> 10) KiB, shared by all workers"
        + (disks.stripeBytes > 0 ? ", for rows of \(disks.stripeBytes >> 10) KiB" : ""),
    ]
}

/// Whether source and target are on one disk, as far as the machine tells.
func sharing(_ places: [PlaceOnDisk]) -> [String] {
  guard let target = places.first(where: { $0.role == .target })?.device else { return [] }
  let sources = places.filter { $0.role == .source }.map(\.device)
  let known = ([target] + sources).allSatisfy { !$0.disks.isEmpty }
  let answer =
    if sources.contains(where: { !$0.disks.isEmpty && $0.sharesDisk(with: target) }) {
      "yes"
    } else if !known {
      "unknown, since no disk tells"
    } else if sources.contains(where: { $0.isVirtual }) && target.isVirtual {
      "unknown, since virtual disks may be parts of one"
    } else {
      "no"
    }
  return ["same physical disk: \(answer)"]
}

extension Device {
  /// Whether one of its disks is made up by a hypervisor.
  fileprivate var isVirtual: Bool { disks.contains { $0.transport == .virtio } }
}

/// In which order disks that seek are read and written.
private func order(_ layout: WorkLayout, _ disks: RunDisks) -> [String] {
  guard disks.seek else { return [] }
  let isOne = layout.workers == 1
  var lines: [String] = []
  if disks.sharesDisk {
    lines.append(
      "one disk that seeks is read and written: all buffers are filled, then written"
        + (isOne ? "" : ", but by each worker for itself")
    )
  }
  let streams =
    if isOne {
      "one file written at a time"
    } else {
      "but by each worker for itself: \(layout.workers) large files may be "
        + "\(disks.targetSeeks ? "written" : "read") at once, and the disk has to seek between them"
    }
  return lines + ["order: by inodes and by the places of data, \(streams)"]
}

/// Why there are as many workers as there are.
private func reason(_ layout: WorkLayout, _ disks: RunDisks, _ options: CopyOptions) -> String {
  switch layout.bound {
  case .memory:
    "of \(layout.workersWanted) wanted, since each needs a page of the memory for buffers"
  case .descriptors:
    "of \(layout.workersWanted) wanted, since the limit on open files allows no more"
  case nil where options.jobs != nil:
    "as asked"
  case nil where disks.seek:
    "a disk that seeks is slowed down by more than one"
  case nil:
    "one for each processor, from \(WorkLayout.workersMin(disks))"
      + " to \(WorkLayout.workersDefaultMax), since no disk seeks"
  }
}
