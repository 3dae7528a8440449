// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import SystemPackage

/// Names of users and groups, as the machine knows them.
///
/// The databases are read as text, and where that has nothing `getent` is asked: calls such as
/// `getpwuid_r` load modules of the C library, which end a statically linked process.
public enum AccountNames {
  /// Users or groups.
  public enum Kind: Sendable {
    case users, groups

    fileprivate var database: String {
      switch self {
      case .users: "passwd"
      case .groups: "group"
      }
    }
  }

  private struct Account {
    let name: ArraySlice<UInt8>
    let number: UInt32

    /// Takes a line of `passwd(5)` or `group(5)` apart.
    init?(_ line: ArraySlice<UInt8>) {
      let fields = line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
      guard fields.count > 2, !fields[0].isEmpty,
        let number = UInt32(String(decoding: fields[2], as: UTF8.self))
      else { return nil }
      name = fields[0]
      self.number = number
    }
  }

  /// The name of a number; empty where it has none (`/etc/passwd`, `/etc/group`, `getent`).
  public static func name(of number: UInt32, _ kind: Kind) -> [UInt8] {
    find(kind, key: Array(String(number).utf8)) { $0.number == number }.map { Array($0.name) } ?? []
  }

  /// The number of a name; `nil` where nobody has it (`/etc/passwd`, `/etc/group`, `getent`).
  public static func number(of name: [UInt8], _ kind: Kind) -> UInt32? {
    find(kind, key: name) { $0.name.elementsEqual(name) }?.number
  }

  /// Whether a name is matched by a pattern of the shell (`fnmatch`).
  public static func matches(_ name: [UInt8], _ pattern: [UInt8]) -> Bool {
    let texts = [pattern, name].map { $0.map { CChar(bitPattern: $0) } + [0] }
    return unsafe fnmatch(texts[0], texts[1], 0) == 0
  }

  private static func find(_ kind: Kind, key: [UInt8], _ isWanted: (Account) -> Bool) -> Account? {
    let file = (try? FileCalls.readAll(path: FilePath("/etc/\(kind.database)"))) ?? []
    return first(in: file, isWanted) ?? first(in: ask(kind, key), isWanted)
  }

  private static func first(in text: [UInt8], _ isWanted: (Account) -> Bool) -> Account? {
    text.split(separator: UInt8(ascii: "\n")).lazy.compactMap { Account($0) }.first(where: isWanted)
  }

  /// What the name services of the machine say, in the form of the database (`popen` of `getent`).
  private static func ask(_ kind: Kind, _ key: [UInt8]) -> [UInt8] {
    let quote = UInt8(ascii: "'")
    let quoted = key.flatMap { $0 == quote ? Array("'\\''".utf8) : [$0] }
    let command = "getent \(kind.database) -- '".utf8 + quoted + Array("' 2>/dev/null".utf8)
    guard !key.isEmpty, !key.contains(0) else { return [] }
    let text = command.map { CChar(bitPattern: $0) } + [0]
    guard let stream = unsafe popen(text, "re") else { return [] }
    defer { unsafe pclose(stream) }
    return unsafe (try? FileCalls.readAll(of: fileno(stream))) ?? []
  }
}
