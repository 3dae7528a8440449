// SPDX-License-Identifier: Apache-2.0

import FileTree
import Kernel
import Testing

@Suite("Names of attributes")
struct AttributeNameTests {
  @Test("names of attributes are bytes, which need not be UTF-8")
  func attributeNameBytes() throws {
    try withDirectory { directory in
      for name in ["source", "target"] { try directory.makeFile(name) }
      try directory.setAttribute("source", Bytes(text: "user.") + [0xff, 0xfe], [1])
      var copier = AttributeCopier()
      let result = copier.synchronize(
        from: directory.location("source"),
        to: directory.location("target"),
        classes: .user
      )
      #expect(result.failures.isEmpty)
      #expect(result.changed)
      #expect(try directory.attributes("target") == directory.attributes("source"))
    }
  }

  @Test("names of attributes are compared by bytes, not as text")
  func attributeNameForms() throws {
    try withDirectory { directory in
      for name in ["source", "target"] { try directory.makeFile(name) }
      try directory.setAttribute("source", "user.\u{e9}", [1])
      try directory.setAttribute("target", "user.e\u{301}", [1])
      var copier = AttributeCopier()
      let result = copier.synchronize(
        from: directory.location("source"),
        to: directory.location("target"),
        classes: .user
      )
      #expect(result.failures.isEmpty)
      #expect(try directory.attributes("target") == directory.attributes("source"))
    }
  }
}
