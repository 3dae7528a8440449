// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Kernel

/// The options that say how metadata is carried over, as they were typed.
struct TypedMetadata {
  /// Which option maps owners, or groups.
  enum Source {
    case map, chown
  }

  /// How it is carried over, but for what other options have a part in.
  var options = MetadataOptions()
  /// What that of the source is taken for.
  var mapping = MetadataMapping()
  private var ownerSource: Source?
  private var groupSource: Source?
  var dropsNodes = false
  /// How often `-X` was given.
  var attributes = 0

  /// Notes changes of permissions.
  mutating func change(_ typed: TypedOption) throws(Refusal) {
    guard let changes = ChmodText.parse(typed.value) else {
      let value = Array("Invalid argument passed to --chmod (".utf8) + typed.value
      throw Refusal(value, ")")
    }
    mapping.modeChanges += changes
  }

  /// Notes what becomes of owners or groups (`--usermap`, `--groupmap`).
  mutating func map(_ typed: TypedOption, _ kind: AccountNames.Kind) throws(Refusal) {
    let name = kind == .users ? "--usermap" : "--groupmap"
    switch kind == .users ? ownerSource : groupSource {
    case .map: throw Refusal("You can only specify \(name) once.")
    case .chown: throw Refusal("\(name) conflicts with prior --chown.")
    case nil: break
    }
    set(try IdentityText.rules(typed.value, kind), kind, .map)
  }

  /// Notes who is to own everything (`--chown`).
  ///
  /// - Returns: Whether there is an owner, and whether there is a group.
  mutating func chown(_ typed: TypedOption) throws(Refusal) -> (owner: Bool, group: Bool) {
    let parts = typed.value.split(
      separator: UInt8(ascii: ":"),
      maxSplits: 1,
      omittingEmptySubsequences: false
    )
    let owner = parts.first.map(Array.init) ?? []
    let group = parts.count > 1 ? Array(parts[1]) : []
    if !owner.isEmpty { try chown(owner, .users) }
    if !group.isEmpty { try chown(group, .groups) }
    return (!owner.isEmpty, !group.isEmpty)
  }

  private mutating func chown(_ name: [UInt8], _ kind: AccountNames.Kind) throws(Refusal) {
    let word = kind == .users ? "user" : "group"
    switch kind == .users ? ownerSource : groupSource {
    case .map: throw Refusal("--chown conflicts with prior --\(word)map.")
    case .chown: throw Refusal("You can only specify a \(word)-affecting --chown once.")
    case nil: break
    }
    let number = try IdentityText.number(name, kind)
    set([IdentityRule(.numbers(0...UInt32.max), becomes: number)], kind, .chown)
  }

  private mutating func set(
    _ rules: [IdentityRule],
    _ kind: AccountNames.Kind,
    _ source: Source
  ) {
    switch kind {
    case .users: (mapping.owners, ownerSource) = (rules, source)
    case .groups: (mapping.groups, groupSource) = (rules, source)
    }
  }
}

extension CopyOptions {
  /// Takes over how metadata is carried over.
  mutating func apply(_ typed: TypedMetadata, _ selections: [TypedOptions.Selection]) {
    mapping = typed.mapping
    metadata = typed.options
    // Who says that he is not root wants to hear of nothing that only root can do.
    if metadata.superUser == .never { skipsPrivileged = true }
    let isSelective = selections.contains { $0.isOn && !$0.isImplied }
    metadata.comparesAccessTimes = isSelective && preservation.contains(.accessTimes)
    metadata.keepsStoredMetadata = !isSelective || typed.attributes > 1
    if typed.dropsNodes { preservation.subtract([.devices, .specials]) }
  }
}
