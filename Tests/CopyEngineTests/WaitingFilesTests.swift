// SPDX-License-Identifier: Apache-2.0

import FileTree
import Glibc
import Kernel
import SystemPackage
import Testing
import Uring

@testable import CopyEngine

@Suite("Files that wait for their names")
struct WaitingFilesTests {
  private let scratch: OracleDirectory
  private let directory: CopyDirectory
  private let sides: DirectorySides

  init() throws {
    scratch = try OracleDirectory()
    let path = scratch.path
    func openDirectory() throws -> OpenDirectory {
      OpenDirectory(try Descriptor(opening: FilePath(path), .directory))
    }
    sides = DirectorySides(source: try openDirectory(), target: try openDirectory())
    directory = CopyDirectory.root(sides)
  }

  /// A file in a directory that is kept open, or in one that only the file holds.
  private func entry(_ number: Int, isKept: Bool = true) throws -> FoundEntry {
    let metadata = try EntryLocation(open: sides.target).metadata()
    let own = DirectorySides(
      source: OpenDirectory(try Descriptor(opening: FilePath(scratch.path), .directory)),
      target: OpenDirectory(try Descriptor(opening: FilePath(scratch.path), .directory))
    )
    return FoundEntry(
      directory: directory,
      sides: isKept ? sides : own,
      name: EntryName("\(number)".utf8),
      targetName: EntryName("\(number)".utf8),
      facts: EntryFacts(source: metadata, target: nil)
    )
  }

  private func hasRoom(_ files: borrowing WaitingFiles, for entry: FoundEntry) -> Bool {
    files.hasRoom(for: entry)
  }

  private func file(_ number: Int, batch: UInt64, isKept: Bool = true) throws -> WaitingFile {
    let entry = try entry(number, isKept: isKept)
    var random = SystemRandomNumberGenerator()
    let target = try TargetFile(
      in: entry.sides,
      namedIn: entry.sides,
      for: entry.targetName,
      mode: 0o600,
      random: &random
    )
    return WaitingFile(
      entry: entry,
      target: target,
      change: nil,
      place: WritebackQueue.Place(batch: batch, index: number),
      isAtServer: false
    )
  }

  @Test("come back in the order in which they came, however many came before")
  func order() throws {
    var files = WaitingFiles(descriptorsMax: 8)
    var (added, removed) = (0, 0)
    for round in 0..<40 {
      while try files.hasRoom(for: entry(added)), added < removed + 1 + round % 8 {
        files.append(try file(added, batch: UInt64(added / 3)))
        added += 1
      }
      let (firstBatch, lastBatch) = (files.firstBatch, files.lastBatch)
      #expect(firstBatch == UInt64(removed / 3) && lastBatch == UInt64((added - 1) / 3))
      for _ in 0..<max(1, (added - removed) / 2) {
        let first = files.removeFirst()
        #expect(first.place.index == removed)
        removed += 1
      }
    }
    while files.firstBatch != nil {
      let first = files.removeFirst()
      #expect(first.place.index == removed)
      removed += 1
    }
    #expect(removed == added && added > 40)
    let lastBatch = files.lastBatch
    #expect(lastBatch == nil)
  }

  @Test("hold as many descriptors as they may, with those of directories that nobody else keeps")
  func descriptors() throws {
    var files = WaitingFiles(descriptorsMax: 7)
    for number in 0..<2 { files.append(try file(number, batch: 1, isKept: false)) }
    let isHalfFull = files.isHalfFull
    #expect(isHalfFull)
    #expect(try !hasRoom(files, for: entry(2, isKept: false)))
    #expect(try hasRoom(files, for: entry(2)))
    files.append(try file(2, batch: 1))
    #expect(try !hasRoom(files, for: entry(3)))
    _ = files.removeFirst()
    #expect(try hasRoom(files, for: entry(3, isKept: false)))
  }

  @Test("are one at least", arguments: [0, 1, 2])
  func few(_ descriptorsMax: Int) throws {
    var files = WaitingFiles(descriptorsMax: descriptorsMax)
    #expect(try hasRoom(files, for: entry(0, isKept: false)))
    files.append(try file(0, batch: 1, isKept: false))
    #expect(try !hasRoom(files, for: entry(1)))
  }
}
