// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Testing

@testable import fastsync

/// What `--chmod` takes, and what it takes it for.
@Suite struct ChmodTextTests {
  static let wrong = [
    "", ",", "u", "u+x,", "foo", "u755", "8", "77777", "DFu+x", "u+rg", "u+gr", "u+gx", "u+q",
    "+u+g", "u+go", "D", "u=g,,o=", "1u+x", "u+r-w",
  ]

  @Test(arguments: wrong) func isRefused(_ text: String) {
    #expect(ChmodText.parse(Array(text.utf8)) == nil)
  }

  @Test func isRead() throws {
    func parse(_ text: String) throws -> ModeChange {
      let changes = try #require(ChmodText.parse(Array(text.utf8)))
      return try #require(changes.count == 1 ? changes.first : nil)
    }
    #expect(try parse("D2775").scope == .directories)
    #expect(try parse("D2775").operation == .exact(0o2775))
    #expect(try parse("F00000644").operation == .exact(0o644))
    let conditional = try parse("Fug-rX")
    #expect(conditional.scope == .others && conditional.operation == .remove)
    #expect(conditional.classes == [.user, .group])
    #expect(conditional.permissions == 5 && conditional.keepsFromExecution)
    #expect(try parse("a+s").special == 0o6000 && parse("g+s").special == 0o2000)
    #expect(try parse("+s").special == 0o4000 && parse("o+st").special == 0o5000)
    #expect(try parse("o=g").copied == .group)
    #expect(ChmodText.parse(Array("Dg+s,ug+w,Fo-w,+X".utf8))?.count == 4)
  }
}
