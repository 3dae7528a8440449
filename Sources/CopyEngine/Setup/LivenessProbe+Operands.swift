// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import Storage
internal import SystemPackage

extension LivenessProbe {
  /// Who is asked when a filesystem seems to be gone: the operands of a run.
  ///
  /// - Parameters:
  ///   - sources: The sources that were found.
  ///   - target: The target.
  ///   - locations: What they lie on.
  ///   - isWritten: Whether the target is written to.
  convenience init(
    _ sources: [ResolvedSource],
    _ target: ResolvedTarget,
    _ locations: [StorageLocation],
    isWritten: Bool
  ) {
    func disks(of path: FilePath, _ role: StorageLocation.Role) -> [Disk] {
      locations.first { $0.path == path && $0.role == role }?.topology.disks ?? []
    }
    // However many sources there are, each filesystem is asked once.
    var known: Set<[UInt64]> = []
    let sides = sources.compactMap { source -> Side? in
      let devices = [source.directory.device, source.metadata.identity.device]
      guard known.insert(devices).inserted else { return nil }
      let directory = source.isContents ? source.path : source.path.directory
      return Side(
        path: source.path,
        directory: .found(directory, source.directory),
        disks: disks(of: source.path, .source),
        isTarget: false
      )
    }
    let path = locations.first { $0.role == .target }?.path ?? target.path
    let targetSide = Side(
      path: path,
      directory: .open(target.nearest),
      disks: disks(of: path, .target),
      isTarget: isWritten
    )
    self.init(sides + [targetSide])
  }
}
