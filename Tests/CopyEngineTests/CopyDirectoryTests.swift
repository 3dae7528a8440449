// SPDX-License-Identifier: Apache-2.0

import FileTree
import Glibc
import Kernel
import SystemPackage
import Testing
import Uring

@testable import CopyEngine

@Suite("Directories that are being copied")
struct CopyDirectoryTests {
  private func makeSides() throws -> DirectorySides {
    let descriptor = unsafe open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    try #require(descriptor >= 0)
    return DirectorySides(source: OpenDirectory(Descriptor(owning: descriptor)), target: nil)
  }

  private func makeRoot() throws -> CopyDirectory {
    try CopyDirectory.root(makeSides())
  }

  private func makeChild(_ name: String, of parent: CopyDirectory) throws -> CopyDirectory {
    let sides = try makeSides()
    defer { withExtendedLifetime(sides) {} }
    let metadata = try EntryLocation(open: sides.source).metadata()
    return CopyDirectory(
      EntryName(Array(name.utf8)),
      in: parent,
      identity: metadata.identity,
      metadata: metadata,
      isNew: true,
      isMissing: true
    )
  }

  @Test("a directory that is done keeps no descriptors, though hard links still name it")
  func keepsNothingWhenDone() throws {
    let child = try makeChild("c", of: makeRoot())
    let sides = try makeSides()
    #expect(child.keep(sides))
    #expect(!child.keep(sides), "it keeps some already")
    #expect(child.openSides === sides)
    #expect(child.letGo() === sides)
    #expect(child.openSides == nil)
    #expect(!child.keep(sides), "it is done")
    #expect(child.letGo() == nil)
  }

  @Test("it is done when its reading and each of its entries are")
  func counts() throws {
    let root = try makeRoot()
    let child = try makeChild("c", of: root)
    child.retainEntry()
    #expect(!child.releaseEntry())
    #expect(child.releaseEntry())
    #expect(!root.releaseEntry())
    #expect(root.releaseEntry())
  }

  @Test("paths are put together from their names, whatever bytes these have")
  func paths() throws {
    let child = try makeChild("c", of: makeRoot())
    let name = EntryName([0x61, 0xff, 0x0a])
    let expected: [CChar] = [0x2f, 0x73, 0x2f, 0x63, 0x2f, 0x61, -1, 0x0a, 0]
    let spelled = FilePath(platformString: expected)
    #expect(child.sourcePath(name) == spelled)
    #expect(child.targetPath() == "/t/c")
    #expect(child.relativePath() == "c")
    #expect(try makeRoot().relativePath() == ".")
  }

  @Test("a chain that is deeper than the stack of a thread is let go")
  func deepChain() throws {
    let sides = try makeSides()
    let metadata = try EntryLocation(open: sides.source).metadata()
    withExtendedLifetime(sides) {}
    var directory = try makeRoot()
    for _ in 0..<200_000 {
      directory = CopyDirectory(
        EntryName("d".utf8),
        in: directory,
        identity: metadata.identity,
        metadata: metadata,
        isNew: true,
        isMissing: true
      )
    }
    #expect(directory.depth == 200_000)
  }
}
