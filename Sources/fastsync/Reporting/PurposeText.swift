// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Storage
import SystemPackage

/// What a run does to which disks, in one sentence: the first line of `--explain`.
struct PurposeText {
  /// So many sources are named.
  private static let sourcesMax = 3

  private let sources: [CopyPlan.Source]
  private let target: FilePath
  private let options: CopyOptions

  /// Takes what is needed of a plan.
  init(_ plan: CopyPlan) {
    sources = plan.sources
    target = plan.target
    options = plan.options
  }

  /// The sentence.
  ///
  /// - Parameter locations: What the sources and the target lie on.
  /// - Returns: The line.
  func line(_ locations: [StorageLocation]) -> String {
    let places = locations.filter { $0.role == .source }
    var named = places.prefix(Self.sourcesMax).map { "\(typed($0.path)) (\($0.summary))" }
    if places.count > named.count { named.append("\(places.count - named.count) more sources") }
    let place = locations.last { $0.role == .target }.map { " (\($0.summary))" } ?? ""
    return [
      (options.isDryRun ? "Would copy " : "Copies ") + named.joined(separator: ", ")
        + " to \(target)\(place)",
      overwrites(locations) ? "all that is on it is overwritten" : replacement, deletion, removal,
    ].compactMap { $0 }.joined(separator: "; ")
      + (options.isDryRun ? "; this is a dry run, which changes nothing." : ".")
  }

  /// A source as it was typed, as far as its path tells.
  private func typed(_ path: FilePath) -> String {
    let isContents = sources.contains { $0.path == path && $0.isContents }
    return "\(path)\(isContents && path != "/" ? "/" : "")"
  }

  /// Whether the target is a block device that is written to as a whole.
  private func overwrites(_ locations: [StorageLocation]) -> Bool {
    options.devices.copiesContents && locations.last?.isDevice == true
  }

  /// What becomes of what has a source's name at the target, if that is not as usual.
  private var replacement: String? {
    if options.rules.state?.leavesExisting == true {
      return "what is there already is left as it is"
    }
    if options.publish.inPlace != nil { return "files that differ are overwritten where they are" }
    return options.backup == nil
      ? "files that differ are replaced" : "files that differ are replaced, and kept as backups"
  }

  /// What is deleted.
  private var deletion: String {
    guard options.deletion.moment != nil else { return "nothing is deleted" }
    let most = options.deletion.entriesMax.map { " (\($0) names at the most)" } ?? ""
    return "what the source lacks is deleted there\(most)"
  }

  /// Which sources are removed.
  private var removal: String? {
    switch options.deletion.sources {
    case nil: nil
    case .synchronized: "sources are removed as soon as they are at the target"
    case .sent: "sources that were copied are removed"
    }
  }
}

extension StorageLocation {
  /// Whether it is a node in `/dev`.
  fileprivate var isDevice: Bool { role == .target && mount?.type == "devtmpfs" }

  /// What it lies on, in a few words, such as `xfs on sdb, ST4000NM0035, a disk that seeks`.
  var summary: String {
    // A device itself, whose node is there.
    let type = mount.flatMap { $0.type == "devtmpfs" ? nil : $0.type }
    guard let disk = topology.disks.first else {
      guard let mount else { return "of no filesystem that is known" }
      return mount.type == "tmpfs" ? "tmpfs, in memory" : "\(mount.type) on \(mount.source)"
    }
    let count = topology.disks.count
    let names = count > 1 ? "\(count) disks" : disk.name
    let model = count > 1 ? nil : disk.model
    return [
      (type.map { "\($0) on " } ?? "") + names, model,
      (count > 1 ? "the slowest " : "") + profile.summary,
    ]
    .compactMap { $0 }.joined(separator: ", ")
  }
}

extension DiskProfile {
  /// What such a disk is, for people.
  var summary: String {
    switch self {
    case .nvme: "NVMe flash"
    case .hdd: "a disk that seeks"
    case .smr: "a shingled disk, which seeks"
    case .auto, .ssd: "a disk that does not seek"
    }
  }
}
