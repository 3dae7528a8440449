// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Kernel
import SystemPackage
import Testing

@testable import Storage
@testable import fastsync

/// What people are told of what a run chose, and of what happens.
@Suite("The words for explanations and events")
struct ExplanationTextTests {
  private func text(_ message: Message) -> String {
    String(decoding: message.bytes, as: UTF8.self)
  }

  @Test(
    "whether source and target are one disk",
    arguments: [
      (.yes, "yes"), (.no, "no"), (.unknown, "unknown, since no disk tells"),
      (.unknownVirtual, "unknown, since virtual disks may be parts of one"),
    ] as [(Explanation.SameDisk, String)]
  )
  func sameDisk(answer: Explanation.SameDisk, text: String) {
    #expect(Explanation.sameDisk(answer).lines == ["same physical disk: \(text)"])
  }

  @Test("a stall is told in the time of day when it began")
  func stalls() {
    let disk = WatchedDisk(role: .target, name: "sdx")
    let stalled = text(.warning(.stall(.stalled(disk, since: 3_600, waiting: 9))))
    #expect(stalled.hasPrefix("fastsync: target disk sdx stalls: nothing completed since "))
    // Whatever the time zone is, whole quarters of an hour.
    #expect(stalled.hasSuffix(":00, 9 requests wait"), "\(stalled)")
    let recovered = text(.warning(.stall(.recovered(disk, after: 12))))
    #expect(recovered == "fastsync: target disk sdx goes on after 12 s")
  }

  @Test("attributes that could not be carried over")
  func attributes() {
    func shown(_ operation: CopyError.Operation) -> String {
      text(.failure(CopyError(operation, "DEST/a", .notSupported, .entry)))
    }
    let key = EntryName(Array("user.a".utf8))
    let reason = "Operation not supported"
    #expect(shown(.setAttribute(key)) == "fastsync: DEST/a: cannot set attribute user.a: \(reason)")
    #expect(
      shown(.readAttribute(key)) == "fastsync: DEST/a: cannot read attribute user.a: \(reason)"
    )
    #expect(
      shown(.removeAttribute(key)) == "fastsync: DEST/a: cannot remove attribute user.a: \(reason)"
    )
    #expect(shown(.listAttributes) == "fastsync: DEST/a: cannot list attributes: \(reason)")
  }
}
