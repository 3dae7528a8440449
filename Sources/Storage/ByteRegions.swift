// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// The bytes of a device or file under all their names, and what these lie on: it tells whether to
/// write to one thing changes another.
package struct ByteRegions: Equatable, Sendable {
  /// What has bytes.
  package enum Carrier: Hashable, Sendable {
    /// A whole disk, or what looks like one, by its directory in sysfs.
    case device(String)
    /// A device that sysfs does not have.
    case unknownDevice(UInt64)
    case file(InodeIdentity)
  }

  /// Some bytes of a carrier.
  package struct Region: Hashable, Sendable {
    package let carrier: Carrier
    package let bytes: Range<UInt64>
  }

  /// The very bytes, first as what was asked for: those of a partition are also some of its disk,
  /// those of a loop device some of its file.
  package private(set) var same: [Region] = []
  /// What these lie on in a way that is not followed byte by byte.
  ///
  /// The devices of a file's filesystem, of an array or a logical volume; neighbours may lie on the
  /// same.
  package private(set) var below: [Region] = []

  private let walk: TopologyWalk

  /// Deeper stacks than this are taken for a loop.
  private static let depthMax = 16
  private static let everything = UInt64.min..<UInt64.max

  /// Goes down from the bytes of a device or file; of a directory, from what it lies on.
  package init(of metadata: EntryMetadata, mounts: MountTable, sysfs: Sysfs = Sysfs()) {
    walk = TopologyWalk(sysfs: sysfs, mounts: mounts)
    add(metadata, Self.everything, depth: 0)
  }

  /// Goes down from the devices of a mounted filesystem.
  package init(of mount: MountTable.Mount, mounts: MountTable, sysfs: Sysfs = Sysfs()) {
    walk = TopologyWalk(sysfs: sysfs, mounts: mounts)
    for directory in walk.directories(of: mount) {
      add(device: directory, Self.everything, isSame: true, depth: 0)
    }
  }

  package static func == (one: ByteRegions, other: ByteRegions) -> Bool {
    one.same == other.same && one.below == other.below
  }

  /// Whether one of the two lies on the other, or on the same bytes.
  ///
  /// Two files of one filesystem, or two logical volumes of one disk, do not.
  package func overlaps(_ other: ByteRegions) -> Bool { lies(on: other) || other.lies(on: self) }

  /// Whether these bytes, or some of what is below them, are bytes of the other.
  package func lies(on other: ByteRegions) -> Bool {
    Self.share(same, other.same) || Self.share(below, other.same)
  }

  /// Whether the two have bytes in common under some name.
  package func sharesBytes(with other: ByteRegions) -> Bool { Self.share(same, other.same) }

  private static func share(_ ones: [Region], _ others: [Region]) -> Bool {
    ones.contains { one in
      others.contains { $0.carrier == one.carrier && $0.bytes.overlaps(one.bytes) }
    }
  }
}

// Going down.
extension ByteRegions {
  private var sysfs: Sysfs { walk.sysfs }

  /// Adds bytes of an inode, and what is below.
  private mutating func add(_ metadata: EntryMetadata, _ bytes: Range<UInt64>, depth: Int) {
    guard metadata.isBlockDevice else {
      if metadata.kind == .file { note(.file(metadata.identity), bytes, isSame: true) }
      for directory in walk.directories(below: metadata) {
        add(device: directory, Self.everything, isSame: false, depth: depth + 1)
      }
      return
    }
    guard let directory = sysfs.directory(ofNode: metadata) else {
      note(.unknownDevice(metadata.deviceNumber), bytes, isSame: true)
      return
    }
    add(device: directory, bytes, isSame: true, depth: depth)
  }

  /// Adds bytes of a disk or partition, and what is below.
  private mutating func add(
    device directory: String,
    _ bytes: Range<UInt64>,
    isSame: Bool,
    depth: Int
  ) {
    guard depth < Self.depthMax else { return }
    var bytes = bytes.within(bytesCount(directory))
    let whole = walk.disk(of: directory)
    if whole != directory { bytes = bytes.moved(by: sysfs.bytes("\(directory)/start")) }
    note(.device(whole), bytes, isSame: isSame)
    if let backing = walk.backing(of: whole)?.metadata {
      let start = UInt64(max(0, sysfs.number("\(whole)/loop/offset")))
      guard !isSame else { return add(backing, bytes.moved(by: start), depth: depth + 1) }
      var beneath = self
      (beneath.same, beneath.below) = ([], [])
      beneath.add(backing, bytes.moved(by: start), depth: depth + 1)
      below += beneath.same + beneath.below
      return
    }
    for member in walk.members(of: whole) {
      add(device: member, Self.everything, isSame: false, depth: depth + 1)
    }
  }

  private mutating func note(_ carrier: Carrier, _ bytes: Range<UInt64>, isSame: Bool) {
    let region = Region(carrier: carrier, bytes: bytes)
    if isSame { same.append(region) } else { below.append(region) }
  }

  /// The size of a disk or partition, in bytes; where it does not tell, more than any has.
  private func bytesCount(_ directory: String) -> UInt64 {
    let bytes = sysfs.bytes("\(directory)/size")
    return bytes > 0 ? bytes : .max
  }
}

extension Sysfs {
  /// The directory of the device that a node stands for.
  package func directory(ofNode metadata: EntryMetadata) -> String? {
    directory(major: UInt64(metadata.deviceMajor), minor: UInt64(metadata.deviceMinor))
  }

  /// A size or place, which is told in units of 512 bytes whatever the sectors are, in bytes.
  package func bytes(_ path: String) -> UInt64 { UInt64(max(0, number(path))) * 512 }
}

extension Range<UInt64> {
  /// What of it lies below a size.
  fileprivate func within(_ size: UInt64) -> Self {
    clamped(to: 0..<size)
  }

  /// The same further up, or as far as there are numbers.
  fileprivate func moved(by distance: UInt64) -> Self {
    func moved(_ bound: UInt64) -> UInt64 {
      let (sum, isTooMuch) = bound.addingReportingOverflow(distance)
      return isTooMuch ? .max : sum
    }
    return moved(lowerBound)..<moved(upperBound)
  }
}
