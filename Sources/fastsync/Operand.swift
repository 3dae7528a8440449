// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import SystemPackage

/// A source or target as it was typed, in bytes.
struct Operand {
  private static let slash = UInt8(ascii: "/")
  private static let dot = UInt8(ascii: ".")

  /// What was typed.
  let bytes: [UInt8]

  /// Whether this is `host:path`, `host::module` or `rsync://...`: a colon before any slash.
  var isRemote: Bool {
    if String(decoding: bytes.prefix(8), as: UTF8.self).lowercased() == "rsync://" { return true }
    var hostStart = 0
    var index = 0
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: ":"): return true
      case Operand.slash: return false
      case UInt8(ascii: "@"): hostStart = index + 1
      case UInt8(ascii: "["):
        // The colons of an IPv6 address do not count.
        guard index == hostStart, let end = bytes[index...].firstIndex(of: UInt8(ascii: "]")),
          end > index + 1, !bytes[index..<end].contains(Operand.slash)
        else { return false }
        index = end
        if end + 1 < bytes.count, bytes[end + 1] != UInt8(ascii: ":") { return false }
      default: break
      }
      index += 1
    }
    return false
  }

  /// The source that this names: what ends in `/`, `/.` or `..` means the contents of a directory.
  var source: CopyPlan.Source {
    let path = trimmed
    let isDotted =
      path.last == Operand.dot && (path.count == 1 || path[path.count - 2] == Operand.slash)
    let isParent = path == [Operand.dot, Operand.dot] || path.suffix(3).elementsEqual("/..".utf8)
    var kept = path
    while kept.count >= 2, kept.suffix(2).elementsEqual("/.".utf8) {
      kept = Operand(bytes: Array(kept.dropLast())).trimmed
    }
    return CopyPlan.Source(
      path: Operand.path(kept),
      isContents: bytes.last == Operand.slash || isDotted || isParent
    )
  }

  /// The target that this names.
  var target: FilePath { Operand.path(trimmed) }

  /// Whether the target can only be a directory.
  var mustBeDirectory: Bool { source.isContents }

  /// The bytes without the slashes at their end; the root stays.
  private var trimmed: [UInt8] {
    let end = bytes.lastIndex { $0 != Operand.slash } ?? 0
    return Array(bytes.prefix(end + 1))
  }

  private static func path(_ bytes: [UInt8]) -> FilePath {
    unsafe FilePath(platformString: bytes.map { CInterop.PlatformChar(bitPattern: $0) } + [0])
  }
}
