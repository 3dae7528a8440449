// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CopyEngine

/// What changes of permissions make of them.
@Suite struct ModeChangeTests {
  private static func change(_ body: (inout ModeChange) -> Void) -> ModeChange {
    var change = ModeChange()
    body(&change)
    return change
  }

  private static let addX = change { ($0.permissions, $0.keepsFromExecution) = (1, true) }
  private static let setGroup = change {
    ($0.operation, $0.classes, $0.copied) = (.set, .group, .user)
  }
  private static let setSpecial = change {
    ($0.operation, $0.classes, $0.special, $0.permissions) = (.set, .user, 0o4000, 7)
  }
  private static let addWrite = change { $0.permissions = 2 }
  private static let exact = change { ($0.operation, $0.scope) = (.exact(0o2775), .directories) }
  private static let removeOthers = change {
    ($0.operation, $0.classes, $0.permissions, $0.scope) = (.remove, .others, 7, .others)
  }

  static let rows: [(String, [ModeChange], UInt32, Bool, UInt32)] = [
    ("nothing", [], 0o4755, false, 0o4755),
    ("+X of a file", [addX], 0o644, false, 0o644),
    ("+X of what can be executed", [addX], 0o744, false, 0o755),
    ("+X of a directory", [addX], 0o600, true, 0o711),
    ("g=u clears setgid", [setGroup], 0o6745, false, 0o4775),
    ("u=rwxs", [setSpecial], 0o2044, false, 0o6744),
    ("+w less the umask", [addWrite], 0o444, false, 0o644),
    ("D2775 of a file", [exact], 0o600, false, 0o600),
    ("D2775", [exact], 0o1700, true, 0o2775),
    ("Fo-rwx of a directory", [removeOthers], 0o777, true, 0o777),
    ("Fo-rwx", [removeOthers], 0o777, false, 0o770),
    (
      "X goes by what was", [change { ($0.classes, $0.permissions) = (.user, 1) }, addX], 0o644,
      false, 0o744
    ),
  ]

  @Test(arguments: rows)
  func makes(
    _ name: String,
    _ changes: [ModeChange],
    _ mode: UInt32,
    _ isDirectory: Bool,
    _ expected: UInt32
  ) {
    let made = changes.applied(to: mode, isDirectory: isDirectory, mask: 0o022)
    #expect(made == expected, "\(name): \(String(made, radix: 8))")
  }

  @Test func rulesOfOwnersCountInTheirOrder() {
    let rules = [
      IdentityRule(.numbers(0...99), becomes: 5), IdentityRule(.name(Array("w".utf8)), becomes: 6),
      IdentityRule(.name([]), becomes: 7), IdentityRule(.pattern(Array("*".utf8)), becomes: 8),
    ]
    func mapped(_ number: UInt32, _ name: String) -> UInt32 {
      rules.mapped(number, name: { Array(name.utf8) }, matches: { _, _ in true })
    }
    #expect(mapped(99, "w") == 5 && mapped(100, "w") == 6)
    #expect(mapped(100, "") == 7 && mapped(100, "x") == 8)
    #expect(rules.prefix(1).map { $0 }.mapped(100, name: { [] }, matches: { _, _ in true }) == 100)
  }
}
