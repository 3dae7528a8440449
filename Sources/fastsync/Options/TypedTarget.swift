// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import SystemPackage

/// Options about what is at the target, and beside it, as they were typed.
struct TypedTarget {
  /// Trees that the target is compared with.
  private(set) var basis: BasisOptions?

  var backsUp = false
  var backupDirectory: [UInt8]?
  var backupSuffix: [UInt8]?

  var isInPlace = false
  var append: InPlaceMode?
  var writesDevices = false
  /// Whether `-W` was given.
  var isWholeFile = false

  var temporaryDirectory: [UInt8]?
  var keepsPartial = false
  var partialDirectory: [UInt8]?
  var delaysUpdates = false

  /// As rsync has it.
  private static let basisMax = 20

  /// Notes a tree that the target is compared with.
  mutating func add(_ use: BasisOptions.Use, _ typed: TypedOption) throws(Refusal) {
    if let other = basis?.use, other != use {
      throw Refusal("the \(use.option) option conflicts with the \(other.option) option")
    }
    var directories = basis?.directories ?? []
    guard directories.count < Self.basisMax else {
      throw Refusal("at most \(Self.basisMax) \(use.option) args may be specified")
    }
    directories.append(Operand(bytes: typed.value).target)
    basis = BasisOptions(use, directories)
  }
}

extension TypedTarget {
  /// Where files are before they have their names, as rsync has it.
  ///
  /// - Parameter variable: What `RSYNC_PARTIAL_DIR` says.
  /// - Returns: The same, in the engine's terms.
  /// - Throws: Why the options do not go together.
  func staging(_ variable: [UInt8]?) throws(Refusal) -> StagingOptions {
    var staging = StagingOptions()
    if temporaryDirectory?.isEmpty == true { throw Refusal("the temp-dir has no name") }
    staging.temporaryDirectory = temporaryDirectory.map { Operand(bytes: $0).target }
    let inPlace = try inPlace()
    let typed = partialDirectory ?? (delaysUpdates ? Array(".~tmp~".utf8) : nil)
    guard inPlace == nil else {
      guard typed == nil else {
        throw Refusal(
          "--\(append == nil ? "inplace" : "append") cannot be used with "
            + "--\(delaysUpdates ? "delay-updates" : "partial-dir")"
        )
      }
      return staging
    }
    let wanted = typed ?? (keepsPartial ? variable : nil)
    staging.keepsPartial = keepsPartial || wanted != nil
    let path = wanted.map { Operand(bytes: $0).target.lexicallyNormalized() }
    staging.partialDirectory = path.flatMap { $0.components.isEmpty ? nil : $0 }
    staging.delaysNames = delaysUpdates && staging.partialDirectory != nil
    return staging
  }

  /// Whether files are written where they are, as rsync has it.
  func inPlace() throws(Refusal) -> InPlaceMode? {
    if append != nil && isWholeFile {
      throw Refusal("--append cannot be used with --whole-file")
    }
    return append ?? (isInPlace || writesDevices ? .whole : nil)
  }

  /// Where backups go, as rsync has it; `nil` where there are none.
  func backup() throws(Refusal) -> BackupOptions? {
    let slash = UInt8(ascii: "/")
    // `.` is the target, where only a suffix tells a backup from its file.
    let path = backupDirectory.map { Operand(bytes: $0).target }
    let isTarget = path?.components.allSatisfy { $0.kind == .currentDirectory } == true
    let directory = isTarget && path?.isAbsolute == false ? nil : path
    let suffix = backupSuffix ?? (directory == nil && path == nil ? [UInt8(ascii: "~")] : [])
    if suffix.contains(slash) {
      throw Refusal(Array("--suffix cannot contain slashes: ".utf8) + suffix, "")
    }
    if directory == nil && suffix.isEmpty {
      throw Refusal(
        "--suffix cannot be empty "
          + (path == nil
            ? "without a --backup-dir" : "when --backup-dir is the same as the dest dir")
      )
    }
    guard backsUp || path != nil else { return nil }
    return BackupOptions(directory: directory, suffix: suffix)
  }
}

extension BasisOptions.Use {
  /// The option that asks for it.
  var option: String { "--\(rawValue)-dest" }
}
