// SPDX-License-Identifier: Apache-2.0

import CopyEngine

/// What is copied, and what is kept of it.
enum SelectionOption: String, ToggleOption {
  case archive, recursive, links, perms, times, group, owner
  case devicesAndSpecials, devices, specials
  case hardLinks = "hard-links"
  case acls, xattrs, sparse
  case oneFileSystem = "one-file-system"

  var letter: Character? {
    switch self {
    case .archive: "a"
    case .recursive: "r"
    case .links: "l"
    case .perms: "p"
    case .times: "t"
    case .group: "g"
    case .owner: "o"
    case .devicesAndSpecials: "D"
    case .devices, .specials: nil
    case .hardLinks: "H"
    case .acls: "A"
    case .xattrs: "X"
    case .sparse: "S"
    case .oneFileSystem: "x"
    }
  }

  var longNames: [String] { self == .devicesAndSpecials ? [] : [rawValue] }

  var summary: String {
    switch self {
    case .archive: "Same as -rlptgoD."
    case .recursive: "Descend into directories."
    case .links: "Copy symbolic links as such."
    case .perms: "Keep permissions."
    case .times: "Keep modification times."
    case .group: "Keep the group."
    case .owner: "Keep the owner (as root)."
    case .devicesAndSpecials: "Same as --devices --specials."
    case .devices: "Copy device nodes (as root)."
    case .specials: "Copy FIFOs and sockets."
    case .hardLinks: "Keep hard links."
    case .acls: "Keep ACLs; implies -p."
    case .xattrs: "Keep extended attributes."
    case .sparse: "Keep holes."
    case .oneFileSystem: "Stay on each source's filesystem."
    }
  }

  var isNegatable: Bool { self != .archive }

  /// What it keeps of an entry.
  fileprivate var preservation: Preservation {
    switch self {
    case .archive: .archive
    case .recursive, .oneFileSystem: []
    case .links: .symbolicLinks
    case .perms: .permissions
    case .times: .times
    case .group: .group
    case .owner: .owner
    case .devicesAndSpecials: [.devices, .specials]
    case .devices: .devices
    case .specials: .specials
    case .hardLinks: .hardLinks
    case .acls: .accessControlLists
    case .xattrs: .extendedAttributes
    case .sparse: .holes
    }
  }
}

extension CopyOptions {
  /// Carries out the selection options in the order in which they were typed.
  ///
  /// Without any of them everything is copied, as the engine's defaults have it. One that is given
  /// starts from nothing, as rsync does; one that is only taken back is taken from everything.
  mutating func select(_ toggles: [Toggle<SelectionOption>]) throws(Refusal) {
    if toggles.contains(where: { $0.isOn && $0.option != .oneFileSystem }) {
      rules.isRecursive = false
      preservation = []
      skipsPrivileged = true
    }
    var oneFileSystemCount = 0
    for toggle in toggles {
      switch toggle.option {
      case .archive, .recursive: rules.isRecursive = toggle.isOn
      case .oneFileSystem: oneFileSystemCount = toggle.isOn ? oneFileSystemCount + 1 : 0
      default: break
      }
      guard toggle.isOn else {
        preservation.subtract(toggle.option.preservation)
        continue
      }
      preservation.formUnion(toggle.option.preservation)
      if toggle.option == .acls { preservation.insert(.permissions) }
    }
    rules.staysOnFilesystem = oneFileSystemCount > 0
    if oneFileSystemCount > 1 {
      throw Refusal("a second -x is an option of rsync that fastsync does not support yet")
    }
  }
}
