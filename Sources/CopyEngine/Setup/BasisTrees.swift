// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// Opens the trees that the target is compared with.
struct BasisTrees {
  let options: BasisOptions
  /// Whether links of others on the way to a tree are followed.
  let followsAll: Bool

  /// Opens those that are there (`openat2`).
  ///
  /// - Parameters:
  ///   - target: What relative paths begin at; where it is still missing, what it will be in.
  ///   - onMissing: Told of each that is not there, or no directory.
  /// - Returns: The open trees, in their order.
  func open(
    beside target: ResolvedTarget,
    onMissing: (RunEvent.Warning) -> Void
  ) -> [BasisDirectory] {
    var found: [BasisDirectory] = []
    for (number, path) in options.directories.enumerated() {
      let base = target.nearest.descriptor.rawValue
      let from = target.directory == nil ? pathFromAbove(path, target) : path
      do throws(Errno) {
        let opened = try TrustedPath(from, from: base, followsAll: followsAll)
          .openDirectory()
        found.append(BasisDirectory(number: number, directory: OpenDirectory(opened)))
      } catch {
        let isThere = error == .notDirectory
        onMissing(.basisMissing(options.use, path, isNoDirectory: isThere))
      }
    }
    return found
  }

  /// The path of a tree beside a target that a dry run does not make, from the directory above.
  private func pathFromAbove(_ path: FilePath, _ target: ResolvedTarget) -> FilePath {
    guard path.isRelative else { return path }
    var components = Array(path.components)
    guard let first = components.first, first.kind == .parentDirectory else {
      return target.path.lastComponent.map { FilePath(root: nil, [$0] + components) } ?? path
    }
    components.removeFirst()
    return components.isEmpty ? "." : FilePath(root: nil, components)
  }

  /// What changes of a target directory that is made, by what the trees have; attributes aside.
  static func rootChange(_ wanted: EntryMetadata, _ run: RunContext) -> EntryChange {
    guard !run.basis.isEmpty else { return [.contents, .isNew] }
    let decider = EntryDecider(
      rules: run.options.rules,
      policy: MetadataPolicy(run),
      itemizes: true,
      basis: run.options.basis?.use
    )
    var best = BasisFacts(level: nil)
    for basis in run.basis {
      let place = EntryLocation(open: basis.directory.descriptor.rawValue)
      guard let present = try? place.metadata() else { continue }
      let found = (try? run.options.metadata.taken(present, at: place)) ?? present
      var facts = EntryFacts(source: wanted, target: found)
      facts.differingAttributes = AttributeDelta.Summary()
      guard case .level(let level) = decider.match(facts), best.level.map({ $0 < level }) ?? true
      else { continue }
      best = BasisFacts(level: level, change: decider.basisChange(facts) ?? [])
    }
    return decider.directoryChange(best)
  }
}
