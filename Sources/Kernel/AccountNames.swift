// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Names of users and groups, as the machine knows them.
public enum AccountNames {
  /// Users or groups.
  public enum Kind: Sendable {
    case users, groups
  }

  /// More than any entry of the databases takes, in bytes.
  private static let bytesMax = 1 << 16

  /// The name of a number; empty where it has none (`getpwuid_r`, `getgrgid_r`).
  public static func name(of number: UInt32, _ kind: Kind) -> [UInt8] {
    unsafe withBuffer { buffer in
      switch kind {
      case .users:
        var entry = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        guard let start = buffer.baseAddress,
          unsafe getpwuid_r(number, &entry, start, buffer.count, &found) == 0,
          unsafe found != nil, let name = unsafe entry.pw_name
        else { return [] }
        return unsafe bytes(name)
      case .groups:
        var entry = unsafe group()
        var found: UnsafeMutablePointer<group>?
        guard let start = buffer.baseAddress,
          unsafe getgrgid_r(number, &entry, start, buffer.count, &found) == 0,
          unsafe found != nil, let name = unsafe entry.gr_name
        else { return [] }
        return unsafe bytes(name)
      }
    }
  }

  /// The number of a name; `nil` where nobody has it (`getpwnam_r`, `getgrnam_r`).
  public static func number(of name: [UInt8], _ kind: Kind) -> UInt32? {
    guard !name.isEmpty, !name.contains(0) else { return nil }
    let text = name.map { CChar(bitPattern: $0) } + [0]
    return unsafe withBuffer { buffer in
      switch kind {
      case .users:
        var entry = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        guard let start = buffer.baseAddress,
          unsafe getpwnam_r(text, &entry, start, buffer.count, &found) == 0,
          unsafe found != nil
        else { return nil }
        return unsafe entry.pw_uid
      case .groups:
        var entry = unsafe group()
        var found: UnsafeMutablePointer<group>?
        guard let start = buffer.baseAddress,
          unsafe getgrnam_r(text, &entry, start, buffer.count, &found) == 0,
          unsafe found != nil
        else { return nil }
        return unsafe entry.gr_gid
      }
    }
  }

  /// Whether a name is matched by a pattern of the shell (`fnmatch`).
  public static func matches(_ name: [UInt8], _ pattern: [UInt8]) -> Bool {
    let texts = [pattern, name].map { $0.map { CChar(bitPattern: $0) } + [0] }
    return unsafe fnmatch(texts[0], texts[1], 0) == 0
  }

  private static func withBuffer<Result>(
    _ body: (UnsafeMutableBufferPointer<CChar>) -> Result
  ) -> Result {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: bytesMax) { unsafe body($0) }
  }

  private static func bytes(_ text: UnsafeMutablePointer<CChar>) -> [UInt8] {
    unsafe (0..<strlen(text)).map { unsafe UInt8(bitPattern: text[$0]) }
  }
}
