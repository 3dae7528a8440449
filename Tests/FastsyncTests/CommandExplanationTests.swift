// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Storage
import SystemPackage
import TestSupport
import Testing

@testable import fastsync

/// All that `--explain` can say, as people read it.
@Suite("What a run does to which disks, and why")
struct CommandExplanationTests {
  private typealias Machine = RecordedMachine

  private func locations(
    _ source: RecordedMachine.Filesystem,
    _ target: RecordedMachine.Filesystem
  ) throws -> [StorageLocation] {
    [try Machine.location(.source, source), try Machine.location(.target, target)]
  }

  private func line(
    _ command: String,
    _ source: RecordedMachine.Filesystem = Machine.onLVM,
    _ target: RecordedMachine.Filesystem = Machine.onNVMe
  ) throws -> String {
    PurposeText(try plan(command)).line(try locations(source, target))
  }

  @Test("the first line says what becomes of what is there")
  func firstLine() throws {
    let start =
      "Copies /place/ (sda, ST4000NM0035-1V4, a disk that seeks) to DEST (nvme0n1, "
      + "Fast 980 PRO, NVMe flash)"
    let replaces = "files that differ are replaced"
    for (options, rest) in [
      ("", "\(replaces); nothing is deleted"),
      ("-r --delete", "\(replaces); what the source lacks is deleted there"),
      (
        "-r --delete --max-delete=7",
        "\(replaces); what the source lacks is deleted there (7 names at the most)"
      ),
      ("-a --ignore-existing", "what is there already is left as it is; nothing is deleted"),
      ("-a --inplace", "files that differ are overwritten where they are; nothing is deleted"),
      ("-a -b", "\(replaces), and kept as backups; nothing is deleted"),
      (
        "-a --remove-source-files",
        "\(replaces); nothing is deleted; sources are removed as soon as they are at the target"
      ),
    ] {
      #expect(try line("\(options) /place/ DEST") == "\(start); \(rest).")
    }
  }

  @Test("it names several sources and disks, devices, and what is in memory")
  func operands() throws {
    let many = try line("-n /place DEST", Machine.overFour, Machine.inMemory)
    #expect(
      many == "Would copy /place (btrfs on 4 disks, the slowest a shingled disk, which seeks) to "
        + "DEST (tmpfs, in memory); files that differ are replaced; nothing is deleted; this is "
        + "a dry run, which changes nothing."
    )
    let sources = [StorageLocation](
      repeating: try Machine.location(.source, Machine.onVirtual),
      count: 5
    )
    let text = PurposeText(try plan("/place /place /place /place /place DEST")).line(sources)
    #expect(text.contains("/place (vda, a disk that seeks), 2 more sources to DEST; "))
  }

  /// Every case, with figures and names of the recorded machine.
  @Test("the texts are the golden ones")
  func golden() throws {
    let places = try locations(Machine.overFour, Machine.onArray)
    let mount = places.first?.mount
    var all: [Explanation] = places.map { .location($0, deviceBytes: nil) }
    all.append(.location(try Machine.location(.target, Machine.onNVMe), deviceBytes: 1 << 40))
    all += [.yes, .no, .unknown, .unknownVirtual].map { .sameDisk($0) }
    all += [true, false].map { .takesTurns(isOneWorker: $0) }
    all += [
      .order(.oneStream), .order(.streams(4, areWritten: true)),
      .order(.streams(4, areWritten: false)), .order(.sequential),
    ]
    all += [
      .workers(1, .seeks), .workers(3, .asked), .workers(4, .processors(min: 4, max: 8)),
      .workers(2, .memory(wanted: 8)), .workers(2, .descriptors(wanted: 8)),
      .workers(2, .controlGroup(wanted: 8)), .workers(2, .addressSpace(wanted: 8)),
      .workers(2, .threads(.resourceTemporarilyUnavailable)),
    ]
    all += [
      .memoryLimit(controlGroupBytes: 64 << 20, addressBytes: 32 << 20),
      .buffers(count: 8, bytesEach: 1 << 20, stripeBytes: 0, areShared: true),
      .buffers(count: 8, bytesEach: 1 << 20, stripeBytes: 512 << 10, areShared: false),
    ]
    let engines: [Explanation.Engine] = [
      .ring, .callsAsked, .callsWithoutRing(.notPermitted), .callsWithoutRingThreads,
    ]
    all += engines.map { .engine($0) }
    for mode in TransferOptions.CacheMode.allCases where mode != .auto {
      all.append(.access(.reading, mount, mode, .asked))
    }
    let obstacles: [DirectObstacle] = [
      .refused, .btrfsWrites, .btrfsReadsOutOfOrder, .oddBlocks, .notOffered,
      .wantsBlocks(of: 4096), .holes, .growth,
    ]
    all += obstacles.map { .access(.writing, mount, .dontcache, .obstacle($0)) }
    all += [
      .access(.writing, mount, .direct, .passesCache),
      .access(.writing, nil, .advise, .noDontCache),
      .access(.writing, mount, .advise, .obstacleWithoutDontCache(.notOffered)),
      .accessUnknown(mount), .deviceAccess(.reading, "/dev/sda", .direct, .passesCache),
      .sharesExtents(mount, isCertain: true), .sharesExtents(mount, isCertain: false),
    ]
    let orders: [Explanation.PublishOrder] = [.none, .journal, .anyOrder, .server]
    all += orders.map { .publishOrder(mount, $0) }
    let text = all.flatMap(\.lines).map { "\($0)\n" }.joined()
    try expectGolden(text, in: testFolder.appending("Golden/explain.txt"))
  }
}
