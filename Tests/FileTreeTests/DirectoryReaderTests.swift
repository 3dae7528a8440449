// SPDX-License-Identifier: Apache-2.0

import FileTree
import Kernel
import Glibc
import SystemPackage
import Testing
import TestSupport

@Suite("Directories are read as readdir reads them")
struct DirectoryReaderTests {
  /// Names of every length, of any bytes that a name can have.
  private func anyNames(_ count: Int, seed: UInt64) -> [Bytes] {
    var random = SeededRandom(seed: seed)
    var names: Set<Bytes> = []
    var length = 0
    while names.count < count {
      length = length % 255 + 1
      let name = (0..<length).map { _ in UInt8.random(in: 1...255, using: &random) }
      if !name.contains(0x2f) && name != [0x2e] && name != [0x2e, 0x2e] { names.insert(name) }
    }
    return Array(names)
  }

  private func make(_ names: [Bytes], in directory: TestDirectory) throws {
    for name in names {
      try check(unsafe mknodat(directory.descriptor, name.c, S_IFREG | 0o600, 0), "mknodat")
    }
  }

  private func sorted(_ names: [Bytes]) -> [Bytes] {
    names.sorted { $0.lexicographicallyPrecedes($1) }
  }

  /// The names of the next batch, or `nil` at the end.
  private func nextBatch(
    _ reader: inout DirectoryReader,
    _ descriptor: Int32
  ) throws -> [Bytes]? {
    guard try reader.fill(from: descriptor) else {
      #expect(reader.next() == nil)
      return nil
    }
    var names: [Bytes] = []
    while let entry = reader.next() { names.append(Bytes(entry.name.bytes)) }
    #expect(reader.next() == nil)
    return names
  }

  @Test("any number of names of any bytes", arguments: [0, 1, 2, 5000])
  func readsAll(count: Int) throws {
    try withDirectory { directory in
      let names = anyNames(count, seed: UInt64(count))
      try make(names, in: directory)
      var reader = DirectoryReader()
      var batches: [[Bytes]] = []
      while let batch = try nextBatch(&reader, directory.descriptor) { batches.append(batch) }
      let found = sorted(batches.flatMap { $0 })
      #expect(found == (try directory.names()))
      #expect(found == sorted(names))
      // A record is at least 24 bytes, and never shorter than its name.
      for batch in batches {
        let bytes = batch.reduce(0) { $0 + max(24, 20 + $1.count) }
        #expect(bytes <= DirectoryReader.bufferBytes)
      }
      if count == 5000 { #expect(batches.count > 5000 * 128 / DirectoryReader.bufferBytes) }
    }
  }

  @Test("names that begin with dots are names")
  func dots() throws {
    try withDirectory { directory in
      let names = ["...", "..a", ".a", "....", " ", "\n", "..\n"].map { Bytes(text: $0) }
      try make(names, in: directory)
      var reader = DirectoryReader()
      var found: [Bytes] = []
      while let batch = try nextBatch(&reader, directory.descriptor) { found += batch }
      #expect(sorted(found) == sorted(names))
    }
  }

  @Test("a directory is put aside after each batch and read on from its position")
  func resumes() throws {
    try withDirectory { directory in
      let names = anyNames(2000, seed: 7)
      try make(names, in: directory)
      var found: [Bytes] = []
      var position = 0
      var isAtEnd = false
      while !isAtEnd {
        // Another reader and another open directory each time: only the position is left.
        var reader = DirectoryReader()
        let descriptor = try directory.open(".", O_DIRECTORY)
        defer { close(descriptor) }
        try check(lseek(descriptor, position, SEEK_SET), "lseek")
        if let batch = try nextBatch(&reader, descriptor) { found += batch } else { isAtEnd = true }
        position = lseek(descriptor, 0, SEEK_CUR)
      }
      #expect(sorted(found) == sorted(names))
    }
  }

  @Test("while names come and go, what stays is found once")
  func changes() throws {
    try withDirectory { directory in
      let names = anyNames(3000, seed: 8)
      try make(names, in: directory)
      let leaving = Set(names.prefix(500))
      let other = try directory.makeDirectory("other directory")
      var reader = DirectoryReader()
      var found: [Bytes] = []
      let descriptor = try directory.open(".", O_DIRECTORY)
      defer { close(descriptor) }
      while let batch = try nextBatch(&reader, descriptor) {
        found += batch
        for name in batch where leaving.contains(name) {
          try check(unsafe unlinkat(directory.descriptor, name.c, 0), "unlinkat")
        }
        // Another reader takes a look elsewhere, with the same buffer.
        let elsewhere = try directory.open("other directory", O_DIRECTORY)
        defer { close(elsewhere) }
        #expect(try nextBatch(&reader, elsewhere) == [])
      }
      let stayed = names.filter { !leaving.contains($0) } + [Bytes(other.name.bytes)]
      #expect(sorted(found.filter { !leaving.contains($0) }) == sorted(stayed))
      #expect(try directory.names() == sorted(stayed))
    }
  }

  @Test("an empty buffer has no names, also after an error")
  func errors() throws {
    try withDirectory { directory in
      try directory.makeFile("file")
      var reader = DirectoryReader()
      #expect(reader.next() == nil)
      #expect(try reader.fill(from: directory.descriptor))
      let file = try directory.open("file")
      defer { close(file) }
      #expect(throws: Errno.notDirectory) { try reader.fill(from: file) }
      #expect(reader.next() == nil)
      #expect(throws: Errno.badFileDescriptor) { try reader.fill(from: -1) }
    }
  }
}
