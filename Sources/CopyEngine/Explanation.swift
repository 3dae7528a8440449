// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import SystemPackage

/// A source or the target, and the disk that it lies on.
struct PlaceOnDisk {
  let role: String
  let path: FilePath
  let mount: MountTable.Mount?
  let device: Device

  init(_ role: String, _ path: FilePath, _ metadata: EntryMetadata, _ mounts: MountTable) {
    self.role = role
    self.path = path
    mount = mounts.mount(metadata.mount)
    device = Device(of: metadata, mounts: mounts)
  }

  /// One line for people.
  var line: String {
    let filesystem = mount.map { "\($0.type) on \($0.source)" } ?? "an unknown filesystem"
    let disk =
      switch device.isRotational {
      case true?: "a disk that seeks"
      case false?: "a disk that does not seek"
      case nil: "no disk that tells whether it seeks"
      }
    return "\(role) \(path): \(filesystem), \(disk)"
  }
}

/// What `--explain` says of a run before it starts.
func explanation(
  of layout: WorkLayout,
  _ places: [PlaceOnDisk],
  _ options: CopyOptions
) -> [String] {
  let reason =
    if options.jobs != nil {
      "as asked"
    } else if places.contains(where: { $0.device.isRotational == true }) {
      "a disk that seeks is slowed down by more than one"
    } else {
      "one for each processor, from \(WorkLayout.workersDefaultMin)"
        + " to \(WorkLayout.workersDefaultMax), since no disk seeks"
    }
  return places.map(\.line) + [
    "workers: \(layout.workers) (\(reason))",
    "buffers: \(layout.blocks) of \(layout.blockBytes >> 10) KiB, shared by all workers",
  ]
}
