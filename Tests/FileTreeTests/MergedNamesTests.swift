// SPDX-License-Identifier: Apache-2.0

import FileTree
import Kernel
import Testing

@Suite("Names that several sources have")
struct MergedNamesTests {
  private func name(_ text: String) -> EntryName { EntryName(text.utf8) }

  private func make(_ lists: [[String]], countMax: Int = MergedNames.countMax) -> MergedNames {
    var names = MergedNames(countMax: countMax)
    for (index, list) in lists.enumerated() {
      for text in list {
        let isDirectory = text.hasSuffix("/")
        guard
          names.add(
            name(isDirectory ? String(text.dropLast()) : text),
            of: index,
            mayBeDirectory: isDirectory
          )
        else { break }
      }
    }
    names.seal()
    return names
  }

  private func indexes(_ names: MergedNames, _ text: String) -> [Int] {
    names.holders(of: name(text)).map(\.index)
  }

  @Test("only what more than one has is told, in their order")
  func shared() {
    let names = make([["a", "b", "c"], ["c", "d"], ["b", "c/", "e"], []])
    #expect(indexes(names, "a") == [])
    #expect(indexes(names, "b") == [0, 2])
    #expect(indexes(names, "c") == [0, 1, 2])
    #expect(names.holders(of: name("c")).map(\.mayBeDirectory) == [false, false, true])
    #expect(indexes(names, "f") == [])
    #expect(make([["a", "b"], ["c"]]).isEmpty)
  }

  @Test("a name that one directory lists twice is not shared")
  func twice() {
    let names = make([["a", "a"], ["b", "b"], ["b"]])
    #expect(indexes(names, "a") == [])
    #expect(indexes(names, "b") == [1, 2])
  }

  @Test("a directory of which not all is known may have any name, and what others have stays known")
  func unknown() {
    let names = make([["a", "b"], ["c", "d"], ["a", "e"]], countMax: 3)
    #expect(!names.isEmpty)
    #expect(indexes(names, "a") == [0, 1, 2])
    #expect(indexes(names, "c") == [1, 2])
    #expect(indexes(names, "z") == [1, 2])
    #expect(names.holders(of: name("z")).map(\.mayBeDirectory) == [true, true])
  }

  @Test("among 100,000 names of 100 directories the shared ones are found")
  func many() {
    let lists = (0..<100).map { list in
      (0..<1_000).map { "\(list)-\($0)" } + ["shared-\(list % 50)"]
    }
    let names = make(lists)
    for list in 0..<50 { #expect(indexes(names, "shared-\(list)") == [list, list + 50]) }
    // Where fingerprints fall together, it is only looked.
    let others = lists.joined().filter { !$0.hasPrefix("shared") && !indexes(names, $0).isEmpty }
    #expect(others.count < 10)
  }
}
