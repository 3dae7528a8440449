// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Storage
import SystemPackage

extension StorageLocation {
  /// What it is, for people: two lines for itself, and one or two for each of its disks.
  ///
  /// A device that is itself copied is told by its size, in bytes, and not by a filesystem.
  func lines(ofDevice deviceBytes: UInt64?) -> [String] {
    let filesystem = mount.map { "\($0.type) on \($0.source)" } ?? "no filesystem that is known"
    let subject = deviceBytes.map { "block device, \(roundedSize($0))" } ?? filesystem
    var lines = [
      "\(role.rawValue) \(path): \(subject)",
      "  profile \(profile.rawValue), \(profile.summary): \(reason.text)",
    ]
    if !topology.layers.isEmpty {
      lines.append("  through \(topology.layers.map(\.text).joined(separator: ", "))")
    }
    for (number, disk) in topology.disks.enumerated() {
      lines.append("  \(disk.line)")
      // One disk alone has given the reason above.
      if diskClasses.count > 1 {
        let found = diskClasses[number]
        lines.append("  \(disk.name) is of profile \(found.profile.rawValue): \(found.reason.text)")
      }
    }
    if topology.optimalBytes > 0 {
      lines.append("  works best with requests of \(topology.optimalBytes >> 10) KiB")
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
    return "disk \(name) (\(kind)): says that it \(claimText(seeks: isRotational))"
      + ", reads and writes at least \(sectorBytes) bytes (\(physicalSectorBytes) inside)"
      + ", takes \(queueDepth) requests at once"
      + (discards ? ", can be told what is free (discards)" : ", no discards")
      + (zones == .none ? ", no zones" : ", is written in zones (\(zones.rawValue))")
  }
}

private func claimText(seeks: Bool) -> String { seeks ? "seeks" : "does not seek" }

extension DiskClass.Reason {
  /// Why a disk is taken for what it is, for people.
  var text: String {
    switch self {
    case .asked: return "as asked"
    case .zones(let zones): return "it has zones (\(zones.rawValue))"
    case .claim(let seeks): return "it says that it \(claimText(seeks: seeks))"
    case .uncheckedClaim(let seeks, let obstacle):
      return "it says that it \(claimText(seeks: seeks)), which could not be checked "
        + "(\(obstacle.text))"
    case .measured(let claimsSeeks, let seeks, let reads, let median):
      let hundredths = (median + 5_000) / 10_000
      let time = "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
      let measured = "\(reads) random read\(reads == 1 ? "" : "s") took \(time) ms each (median)"
      let start = "it says that it \(claimText(seeks: claimsSeeks))"
      return seeks == claimsSeeks
        ? "\(start), and \(measured)" : "\(start), but does\(seeks ? "" : " not"): \(measured)"
    case .takesDiscards(let reason):
      return "\(reason.text), and takes discards as shingled disks do"
    case .noDisk: return "no disk tells whether it seeks"
    case .slowest(let name): return "\(name) is the slowest of its disks"
    }
  }
}

extension SeekProbe.Obstacle {
  fileprivate var text: String {
    switch self {
    case .noNode: "it has no node in /dev"
    case .cannotOpen(let node, let errno): "opening \(node): \(errno)"
    case .otherDevice(let node): "\(node) is another device"
    case .noSize: "it has no size"
    case .cannotRead(let errno): "reading it: \(errno.map { "\($0)" } ?? "cut short")"
    case .noTimeLeft: "other disks took the time for that"
    }
  }
}

extension StorageTopology.Layer {
  /// A few words for people.
  fileprivate var text: String {
    switch self {
    case .partition(let name): return "partition \(name)"
    case .mapper(let name, let uuid, let device):
      let kind =
        if uuid.hasPrefix("LVM-") {
          "LVM"
        } else if uuid.hasPrefix("CRYPT-LUKS") {
          "LUKS"
        } else if uuid.hasPrefix("CRYPT-") {
          "dm-crypt"
        } else {
          "device mapper"
        }
      return "\(kind) \(name) (\(device))"
    case .md(let level, let members, let device): return "\(level) \(device) of \(members)"
    case .loop(let device, let file): return "\(device) on \(file)"
    case .btrfs(let devices): return "btrfs over \(devices) devices"
    case .stacked(let name): return name
    }
  }
}
