// SPDX-License-Identifier: Apache-2.0

internal import Kernel
internal import Storage
internal import Synchronization

/// What tells that a run goes on: its threads say so whenever they have done something, and where
/// both sides have disks that are known, the disks do while they complete requests.
final class Heartbeat: Sendable {
  private let beats = Atomic<UInt64>(0)
  private let rests = Atomic<Int>(0)
  private let disks = Lock<[String]>([])
  private let sysfs: String

  /// Counts nothing yet; `sysfs` is a tree in place of `/sys`.
  init(sysfs: String = "/sys") {
    self.sysfs = sysfs
  }

  /// Notes that something was done.
  func beat() { beats.wrappingAdd(1, ordering: .relaxed) }

  /// Notes that a thread does nothing on purpose until `endRest`.
  func rest() { rests.wrappingAdd(1, ordering: .relaxed) }

  /// Notes the end of a rest.
  func endRest() {
    beat()
    rests.wrappingSubtract(1, ordering: .relaxed)
  }

  /// Notes what the run reads and writes.
  func watch(_ locations: [StorageLocation]) {
    let known = locations.map { $0.topology.disks.map(\.name) }
    // A filesystem without a disk may hang while the disk of the other side is busy with others.
    watch(disks: known.contains(where: \.isEmpty) ? [] : known.flatMap { $0 })
  }

  /// Notes the names of the disks in `/sys/class/block`.
  func watch(disks names: [String]) { disks.withLock { $0 = names } }

  /// Whether a thread rests on purpose.
  var isResting: Bool { rests.load(ordering: .relaxed) > 0 }

  /// A figure that changes while the run goes on.
  var pulse: [UInt64] {
    let completed = disks.withLock { $0 }.map { name in
      DiskActivity(of: name, sysfs: sysfs)?.completed ?? 0
    }
    return [beats.load(ordering: .relaxed)] + completed
  }
}
