// SPDX-License-Identifier: Apache-2.0

import Testing

@Suite("Rooms of the engine name only types of rooms below them")
struct RoomTests {
  @Test func filesAreInRooms() throws {
    expectNone(RoomRules.unknownRooms(in: try Repository.here.get()))
  }

  @Test func arrowsGoDown() throws {
    expectNone(RoomRules.forbiddenArrows(in: try Repository.here.get()))
  }

  @Test func roomsHaveNoCycle() throws {
    expectNone(RoomRules.cycles(in: try Repository.here.get()))
  }

  @Test func tableNamesOnlyRooms() {
    let named = RoomRules.allowed.values.reduce(into: Set()) { $0.formUnion($1) }
    #expect(named.subtracting(RoomRules.allowed.keys).isEmpty)
  }

  /// The texts by rooms and file names.
  private func engine(_ texts: [String: String]) -> Repository {
    let pairs = texts.map { ("Sources/CopyEngine/\($0.key).swift", $0.value) }
    return Repository(Dictionary(uniqueKeysWithValues: pairs))
  }

  @Test func aFileInNoRoomIsFound() {
    let found = RoomRules.unknownRooms(in: engine(["A": "", "Cellar/B": "", "Walk/C": ""]))
    let places = ["Sources/CopyEngine/A.swift:1", "Sources/CopyEngine/Cellar/B.swift:1"]
    expectOnly(found, places, saying: "room")
  }

  @Test(arguments: [
    "let a: Walker", "extension Walker { }", "func f(_ a: [Walker.Step])",
    "let a = \"\\(Walker())\"",
  ])
  func anArrowUpwardsIsFound(_ text: String) {
    let walk = "struct Walker { struct Step { } }"
    let found = RoomRules.forbiddenArrows(in: engine(["Walk/A": walk, "Sync/B": "\n\(text)"]))
    let what = "Sync may not name Walker of Walk"
    expectOnly(found, ["Sources/CopyEngine/Sync/B.swift:2"], saying: what)
  }

  @Test(arguments: [
    "// Walker", "/* /* a */ Walker */", "let a = \"Walker\"", "let a = #\"\"Walker\\(Walker)\"#",
    "let a = b.Walker", "let WalkerCount = 1", "struct S<Walker> { let a: Walker }",
    "struct S { struct Walker { } }", "private struct Walker { }", "let a: Step",
    "protocol P { associatedtype Walker }",
  ])
  func whatIsNoArrowIsLeft(_ text: String) {
    let walk = "struct Walker { struct Step { } }"
    let found = RoomRules.forbiddenArrows(in: engine(["Walk/A": walk, "Sync/B": text]))
    expectOnly(found, [], saying: "")
  }

  @Test func onlyOneFileOfTheInterfaceStartsTheEngine() {
    let texts = [
      "Setup/A": "struct Run { let copier: TreeCopier }", "API/TreeCopier": "let a: Run",
      "API/B": "let a: Run",
    ]
    let found = RoomRules.forbiddenArrows(in: engine(texts))
    expectOnly(found, ["Sources/CopyEngine/API/B.swift:1"], saying: "API may not name Run of Setup")
    let whole = texts.filter { $0.key != "API/B" }
    #expect(RoomRules.cycles(in: engine(whole)).isEmpty)
  }

  @Test func aCycleIsFound() {
    let texts = [
      "Setup/A": "\nstruct Upper { let a: Lower }",
      "BlockDevices/B": "struct Lower { let a: Upper }",
    ]
    let places = [
      "Sources/CopyEngine/BlockDevices/B.swift:1", "Sources/CopyEngine/Setup/A.swift:2",
    ]
    expectOnly(
      RoomRules.cycles(in: engine(texts)),
      places,
      saying: "cycle: BlockDevices -> Setup -> BlockDevices"
    )
  }
}
