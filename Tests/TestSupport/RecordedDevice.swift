// SPDX-License-Identifier: Apache-2.0

/// A block device as sysfs shows it: its number, where it hangs, and files that tell of it.
package struct RecordedDevice {
  package let number: String
  package let place: String
  package var files: [String: String]
  package var slaves: [String] = []

  package var name: String {
    String(place[(place.lastIndex(of: "/") ?? place.startIndex)...].dropFirst())
  }

  /// A disk; `files` add to what all disks have, or say something else.
  package static func disk(
    _ number: String,
    _ place: String,
    rotational: Bool,
    _ files: [String: String] = [:]
  ) -> RecordedDevice {
    var device = RecordedDevice(number: number, place: place, files: [:])
    let parts = number.split(separator: ":")
    let common = [
      "queue/rotational": rotational ? "1" : "0", "queue/zoned": "none",
      "queue/discard_max_bytes": "0", "queue/logical_block_size": "512",
      "queue/physical_block_size": "4096", "queue/nr_requests": "64",
      "queue/minimum_io_size": "4096", "queue/optimal_io_size": "0", "size": "2048",
      "uevent": "MAJOR=\(parts[0])\nMINOR=\(parts[1])\nDEVNAME=\(device.name)\nDEVTYPE=disk",
    ]
    device.files = common.merging(files) { $1 }
    return device
  }

  /// A partition, with its place on the disk in sectors of 512 bytes.
  package static func partition(_ number: String, _ place: String, _ start: Int = 0)
    -> RecordedDevice
  {
    let files = ["partition": "1", "start": "\(start)", "size": "512"]
    return RecordedDevice(number: number, place: place, files: files)
  }

  /// A device over others, by their kernel names.
  package static func stacked(
    _ number: String,
    _ name: String,
    over slaves: [String],
    _ files: [String: String] = [:]
  ) -> RecordedDevice {
    var device = disk(number, "virtual/block/\(name)", rotational: false, files)
    device.slaves = slaves
    return device
  }
}

extension ScratchDirectory {
  /// Lays out devices as `/sys` does: each in its place, and links to it by number and by name.
  package func record(_ devices: [RecordedDevice]) throws {
    for device in devices {
      let place = "devices/\(device.place)"
      try makeDirectory(place)
      for (name, contents) in device.files.sorted(by: { $0.key < $1.key }) {
        try makeFile("\(place)/\(name)", "\(contents)\n")
      }
      for slave in device.slaves { try makeDirectory("\(place)/slaves/\(slave)") }
      try makeLink("dev/block/\(device.number)", to: "../../\(place)")
      try makeLink("class/block/\(device.name)", to: "../../\(place)")
    }
  }
}
