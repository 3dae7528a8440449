// SPDX-License-Identifier: Apache-2.0

/// What one physical disk says of itself (`/sys/block/NAME`).
public struct Disk: Equatable, Sendable {
  /// How it takes writes to its zones (`queue/zoned`).
  public enum Zones: String, Sendable {
    /// It has none, or hides them.
    case none
    /// They may be written in any order, and better are in theirs.
    case hostAware = "host-aware"
    /// They have to be written in their order.
    case hostManaged = "host-managed"
  }

  /// What it hangs on, taken from its place in the tree of devices.
  public enum Transport: String, Sendable, CaseIterable {
    /// NVMe.
    case nvme = "NVMe"
    /// USB.
    case usb = "USB"
    /// A hypervisor.
    case virtio
    /// SATA.
    case ata = "SATA"
    /// SAS.
    case sas = "SAS"
    /// A memory card.
    case mmc = "MMC"
    /// A loop device.
    case loop
    /// Memory.
    case memory
    /// None that is known.
    case other = "unknown transport"

    /// Whether its claims are often not those of the disk behind it: bridges and hypervisors make
    /// them up.
    package var isDoubtful: Bool { [.virtio, .usb, .other].contains(self) }

    /// Whether discards tell of the disk itself: elsewhere they give back space of an image.
    package var passesDiscards: Bool { [.usb, .ata, .sas].contains(self) }
  }

  /// The kernel's name for it, such as `sda`.
  public let name: String
  /// Its node in `/dev`, or `nil` where the kernel makes none.
  public let node: String?
  /// The number of the node: major in the upper 32 bits, minor in the lower.
  public let number: UInt64
  /// Its size, in bytes.
  public let bytes: UInt64
  /// Whether it claims to seek (`queue/rotational`).
  public let isRotational: Bool
  /// How it takes writes to its zones.
  public let zones: Zones
  /// Whether it takes discards (TRIM, UNMAP).
  public let discards: Bool
  /// The least it reads or writes, in bytes.
  public let sectorBytes: Int
  /// The least it writes without reading first, in bytes.
  public let physicalSectorBytes: Int
  /// How many requests it takes at once, or the kernel queues for it.
  public let queueDepth: Int
  /// The least request without a penalty, in bytes; 0 where it does not tell.
  public let minimumBytes: Int
  /// The best request, in bytes; 0 where it does not tell.
  public let optimalBytes: Int
  /// What its maker calls it.
  public let model: String?
  /// What it hangs on.
  public let transport: Transport

  /// Reads what a disk says; fails where there is no queue to ask.
  ///
  /// - Parameters:
  ///   - sysfs: The tree.
  ///   - directory: The disk's directory in it.
  package init?(_ sysfs: Sysfs, _ directory: String) {
    let queue = "\(directory)/queue"
    guard let rotational = sysfs.text("\(queue)/rotational"),
      let slash = directory.lastIndex(of: "/")
    else { return nil }
    name = String(directory[directory.index(after: slash)...])
    var event: [Substring: Substring] = [:]
    for line in (sysfs.text("\(directory)/uevent") ?? "").split(separator: "\n") {
      let parts = line.split(separator: "=", maxSplits: 1)
      if parts.count == 2 { event[parts[0]] = parts[1] }
    }
    node = event["DEVNAME"].map { "/dev/\($0)" }
    number =
      (event["MAJOR"].flatMap { UInt64($0) } ?? 0) << 32
      | (event["MINOR"].flatMap { UInt64($0) } ?? 0)
    // Always in units of 512 bytes, whatever the sectors are.
    bytes = UInt64(max(0, sysfs.number("\(directory)/size"))) * 512
    isRotational = rotational == "1"
    zones = sysfs.text("\(queue)/zoned").flatMap { Zones(rawValue: $0) } ?? .none
    discards = sysfs.number("\(queue)/discard_max_bytes") > 0
    sectorBytes = sysfs.number("\(queue)/logical_block_size")
    physicalSectorBytes = sysfs.number("\(queue)/physical_block_size")
    let depth = sysfs.number("\(directory)/device/queue_depth")
    queueDepth = depth > 0 ? depth : sysfs.number("\(queue)/nr_requests")
    minimumBytes = sysfs.number("\(queue)/minimum_io_size")
    optimalBytes = sysfs.number("\(queue)/optimal_io_size")
    model = sysfs.text("\(directory)/device/model")
    transport = Transport(directory)
  }
}

extension Disk.Transport {
  /// Tells from a directory such as `devices/pci0000:00/0000:00:17.0/ata1/host0/.../block/sda`.
  ///
  /// What is named first is nearest to the machine, and the one to answer: a disk behind a USB
  /// bridge is of USB whatever it is behind the bridge.
  package init(_ directory: String) {
    let known: [(prefix: String, transport: Self)] = [
      ("nvme", .nvme), ("usb", .usb), ("virtio", .virtio), ("ata", .ata), ("end_device-", .sas),
      ("mmc", .mmc), ("loop", .loop), ("zram", .memory), ("ram", .memory),
    ]
    for component in directory.split(separator: "/") {
      for (prefix, transport) in known
      where component.hasPrefix(prefix) && component.dropFirst(prefix.count).first?.isLetter != true
      {
        self = transport
        return
      }
    }
    self = .other
  }
}
