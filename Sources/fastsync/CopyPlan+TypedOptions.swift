// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import FileTree

extension CopyPlan {
  /// Plans a run with the operands and the options that were typed.
  init(_ operands: [Operand], _ typed: TypedOptions) throws(Refusal) {
    for operand in operands {
      if operand.bytes.isEmpty { throw Refusal("an empty source or target was given") }
      if operand.isRemote {
        throw Refusal(
          operand.bytes,
          " is on another machine, and fastsync only copies locally (a local name with a colon is "
            + "written ./NAME)",
          .unsupported
        )
      }
    }
    guard let target = operands.last else {
      throw Refusal("no source and no target were given; usage: \(HelpText.usage)")
    }
    if operands.count == 1 && typed.hasList {
      throw Refusal("--files-from takes one source and one target; usage: \(HelpText.usage)")
    }
    let isListing = operands.count == 1 || typed.names.listsOnly
    if isListing && (typed.output.json != nil || typed.output.metricsFile != nil) {
      throw Refusal("--json and --metrics tell of a copy, and names are only listed")
    }
    var options = try CopyOptions(typed, isListing: isListing)
    if isListing {
      options.isDryRun = true
      options.list(typed)
    }
    self.init(
      sources: try Source.all(operands.count == 1 ? operands[...] : operands.dropLast(), typed),
      target: target.target,
      targetIsDirectory: target.mustBeDirectory,
      options: options
    )
  }
}

extension CopyOptions {
  /// What was typed, in the engine's terms.
  fileprivate init(_ typed: TypedOptions, isListing: Bool) throws(Refusal) {
    self.init()
    select(typed.selections)
    apply(typed.metadata, typed.selections)
    rules.comparison = try Comparison(typed.comparison)
    try rules.take(typed)
    followsForeignLinks = typed.followsForeignLinks
    rules.staysOnFilesystem = typed.oneFileSystem > 0
    try delete(typed.deletion, isListing: isListing)
    devices.copiesContents = typed.copiesDevices
    devices.discards = typed.discards
    if devices.discards && !devices.copiesContents {
      throw Refusal("--discard is about a device that is written by --copy-devices")
    }
    isDryRun = typed.isDryRun
    transfer.reading = typed.cache.source
    transfer.writing = typed.cache.target
    transfer.sourceProfile = typed.profile.source
    transfer.targetProfile = typed.profile.target
    transfer.advisesNoReuse = typed.advisesNoReuse
    transfer.memoryBytes = typed.memoryBytes
    transfer.jobs = typed.jobs
    transfer.engine = typed.engine
    transfer.reflink = typed.reflink
    transfer.onChange = typed.onChange
    transfer.onReadError = typed.onReadError
    transfer.mapfile = typed.mapfile.map { Operand(bytes: $0).target }
    if transfer.mapfile != nil && transfer.onReadError == .fail {
      throw Refusal("--mapfile is about what --on-read-error=skip or zero-fill leaves out")
    }
    var (words, limits) = (typed.words, typed.limits)
    words.takeVariables()
    try words.check(followsForeignLinks: followsForeignLinks)
    try limits.takeVariables()
    try limit(limits, memoryBytes: typed.memoryBytes)
    publish.durability = typed.durability
    publish.minFreeBytes = typed.minFreeBytes
    publish.checksRoom = typed.checksRoom
    try setTarget(typed.target)
    rules.filters = FilterOptions(typed.filters, implied: staging.rules)
    rules.filters.settings.deletesExcluded = typed.deletion.deletesExcluded
    rules.filters.settings.followsForeignLinks = followsForeignLinks
    if metadata.superUser == .stored { try checkStored(typed) }
  }

  /// Refuses what does not go together with `--fake-super`.
  private func checkStored(_ typed: TypedOptions) throws(Refusal) {
    if typed.metadata.attributes > 1 { throw Refusal("--fake-super conflicts with -XX") }
    let option =
      typed.copiesDevices ? "--copy-devices" : typed.target.writesDevices ? "--write-devices" : nil
    if let option {
      throw Refusal("--fake-super does not go together with \(option)", .unsupported)
    }
  }

  /// Carries out the selection options in the order in which they were typed.
  ///
  /// Without any of them everything is copied, as the engine's defaults have it. One that is given
  /// starts from nothing, as rsync does; one that is only taken back is taken from everything.
  private mutating func select(_ selections: [TypedOptions.Selection]) {
    if selections.contains(where: { $0.isOn && !$0.isImplied }) {
      rules.isRecursive = false
      preservation = []
      skipsPrivileged = true
    }
    for selection in selections {
      for aspect in selection.aspects {
        guard let kept = aspect.preservation else {
          rules.isRecursive = selection.isOn
          continue
        }
        if selection.isOn { preservation.formUnion(kept) } else { preservation.subtract(kept) }
      }
    }
  }
}

extension TypedOptions.Aspect {
  /// What is kept of an entry; `nil` for recursion, which keeps nothing.
  fileprivate var preservation: Preservation? {
    switch self {
    case .recursion: nil
    case .symbolicLinks: .symbolicLinks
    case .permissions: .permissions
    case .times: .times
    case .group: .group
    case .owner: .owner
    case .devices: .devices
    case .specials: .specials
    case .hardLinks: .hardLinks
    case .accessControlLists: .accessControlLists
    case .extendedAttributes: .extendedAttributes
    case .holes: [.holes, .zerosAsHoles]
    case .accessTimes: .accessTimes
    }
  }
}
