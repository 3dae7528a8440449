// SPDX-License-Identifier: Apache-2.0

import CopyEngine

/// Changes of permissions as `--chmod` takes them, one after the other: `Dg+s,ug+w,Fo-w,+X`.
enum ChmodText {
  /// Reads all changes; `nil` where one of them is none.
  static func parse(_ text: [UInt8]) -> [ModeChange]? {
    var changes: [ModeChange] = []
    for item in text.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      guard let change = change(item) else { return nil }
      changes.append(change)
    }
    return changes
  }

  /// Reads one change: what it is made to and who it is about, what it does, and with what.
  private static func change(_ item: ArraySlice<UInt8>) -> ModeChange? {
    var change = ModeChange()
    for (index, byte) in zip(item.indices, item) {
      let rest = item[(index + 1)...]
      switch byte {
      case UInt8(ascii: "D"):
        guard change.scope != .others else { return nil }
        change.scope = .directories
      case UInt8(ascii: "F"):
        guard change.scope != .directories else { return nil }
        change.scope = .others
      case UInt8(ascii: "u"): change.classes.insert(.user)
      case UInt8(ascii: "g"): change.classes.insert(.group)
      case UInt8(ascii: "o"): change.classes.insert(.others)
      case UInt8(ascii: "a"): change.classes.formUnion(.all)
      case UInt8(ascii: "+"): return with(rest, change, .add)
      case UInt8(ascii: "-"): return with(rest, change, .remove)
      case UInt8(ascii: "="): return with(rest, change, .set)
      default:
        guard change.classes.isEmpty, let mode = octal(item[index...]) else { return nil }
        change.operation = .exact(mode)
        return change
      }
    }
    return nil
  }

  /// A number of up to four octal digits; more only if they are zeros in front.
  private static func octal(_ digits: ArraySlice<UInt8>) -> UInt32? {
    var mode: UInt32 = 0
    for digit in digits {
      guard (0x30...0x37).contains(digit) else { return nil }
      mode = mode * 8 + UInt32(digit - 0x30)
      guard mode <= 0o7777 else { return nil }
    }
    return digits.isEmpty ? nil : mode
  }

  /// Reads what is behind the sign: permissions, or one whose permissions are taken over.
  private static func with(
    _ letters: ArraySlice<UInt8>,
    _ begun: ModeChange,
    _ operation: ModeChange.Operation
  ) -> ModeChange? {
    var change = begun
    change.operation = operation
    for letter in letters {
      let isPlain = change.permissions == 0 && change.special == 0
      switch letter {
      case UInt8(ascii: "u"), UInt8(ascii: "g"), UInt8(ascii: "o"):
        guard isPlain, change.copied.isEmpty else { return nil }
        change.copied =
          letter == UInt8(ascii: "u") ? .user : letter == UInt8(ascii: "g") ? .group : .others
        continue
      case UInt8(ascii: "r"): change.permissions |= 4
      case UInt8(ascii: "w"): change.permissions |= 2
      case UInt8(ascii: "X"):
        change.permissions |= 1
        change.keepsFromExecution = true
      case UInt8(ascii: "x"): change.permissions |= 1
      case UInt8(ascii: "s"): change.special |= setBits(change.classes)
      case UInt8(ascii: "t"): change.special |= 0o1000
      default: return nil
      }
      guard change.copied.isEmpty else { return nil }
    }
    return change
  }

  /// What `s` stands for: setuid, setgid or both; setuid where neither owner nor group is named.
  private static func setBits(_ classes: ModeChange.Classes) -> UInt32 {
    let bits: UInt32 =
      (classes.contains(.user) ? 0o4000 : 0) | (classes.contains(.group) ? 0o2000 : 0)
    return bits == 0 ? 0o4000 : bits
  }
}
