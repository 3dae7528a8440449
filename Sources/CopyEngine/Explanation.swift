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
  let reason =
    if options.jobs != nil {
      "as asked"
    } else if disks.seek {
      "a disk that seeks is slowed down by more than one"
    } else {
      "one for each processor, from \(WorkLayout.workersDefaultMin)"
        + " to \(WorkLayout.workersDefaultMax), since no disk seeks"
    }
  return places.flatMap { $0.lines() } + explanation(ofSharing: disks)
    + (disks.seek && !disks.sharesDisk
      ? ["order: by inodes and by the places of data, one file written at a time"] : [])
    + [
      "workers: \(layout.workers) (\(reason))",
      "buffers: \(layout.blocks) of \(layout.blockBytes >> 10) KiB, shared by all workers"
        + (disks.stripeBytes > 0 ? ", for rows of \(disks.stripeBytes >> 10) KiB" : ""),
    ]
}
