// SPDX-License-Identifier: Apache-2.0

import FileTree
import Glibc
import Kernel
import SystemPackage
import Testing
import TestSupport
import Uring

@testable import CopyEngine

@Suite("Names gathered over many directories")
struct NameBatchTests {
  private func makeDirectory() throws -> (CopyDirectory, DirectorySides) {
    let descriptor = unsafe open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    try #require(descriptor >= 0)
    let source = OpenDirectory(Descriptor(owning: descriptor))
    let sides = DirectorySides(source: source, target: nil)
    let directory = CopyDirectory.root(sides)
    return (directory, sides)
  }

  /// The entries of a real directory, as the kernel gives them.
  private func entries(of path: String) throws -> [DirectoryEntry] {
    let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    try #require(descriptor >= 0)
    let opened = Descriptor(owning: descriptor)
    var reader = DirectoryReader()
    var entries: [DirectoryEntry] = []
    while try reader.fill(from: opened.rawValue) {
      while let entry = reader.next() { entries.append(entry) }
    }
    return entries
  }

  @Test("they come out in the order of the inodes that stat tells")
  func order() throws {
    try withScratchDirectory { scratch in
      for number in 0..<300 { try scratch.makeFile("\((number * 7919) % 300)", "x") }
      let (directory, sides) = try makeDirectory()
      var batch = NameBatch(directoriesMax: 10)
      let found = try entries(of: scratch.path)
      for entry in found.shuffled() {
        batch.add(NameBatch.Name(directory: directory, sides: sides, entry: entry))
      }
      let taken = batch.takeInOrder().map(\.entry)
      #expect(batch.isEmpty && taken.count == 300)
      var inodes: [UInt64] = []
      for entry in taken {
        var metadata = stat()
        let path = "\(scratch.path)/\(String(decoding: entry.name.bytes, as: UTF8.self))"
        try #require(unsafe lstat(path, &metadata) == 0)
        inodes.append(UInt64(metadata.st_ino))
      }
      #expect(inodes == inodes.sorted() && Set(inodes).count == 300)
    }
  }

  @Test("it is full when it has enough names, bytes or directories")
  func bounds() throws {
    try withScratchDirectory { scratch in
      try scratch.makeFile("f", "x")
      try scratch.makeFile(String(repeating: "n", count: 255), "x")
      let found = try entries(of: scratch.path).sorted { $0.name.count < $1.name.count }
      func count(_ entry: DirectoryEntry, directories: Int, directoriesMax: Int) throws -> Int {
        let places = try (0..<directories).map { _ in try makeDirectory() }
        var batch = NameBatch(directoriesMax: directoriesMax)
        var count = 0
        while !batch.isFull {
          let (directory, sides) = places[count % places.count]
          batch.add(NameBatch.Name(directory: directory, sides: sides, entry: entry))
          count += 1
        }
        return count
      }
      #expect(try count(found[0], directories: 1, directoriesMax: 4) == NameBatch.namesMax)
      #expect(
        try count(found[1], directories: 1, directoriesMax: 4) == NameBatch.nameBytesMax / 255 + 1
      )
      #expect(try count(found[0], directories: 8, directoriesMax: 4) == 4)
    }
  }
}
