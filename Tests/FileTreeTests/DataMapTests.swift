// SPDX-License-Identifier: Apache-2.0

import FileTree
import Kernel
import Glibc
import SystemPackage
import Testing
import TestSupport

@Suite("Where files have data")
struct DataMapTests {
  /// A multiple of what any filesystem gives out at once.
  static let megabyte = 1 << 20
  static let seekData: Int32 = 3
  static let seekHole: Int32 = 4

  /// Makes a file of a size in MiB with data in some of its MiB, and lends it open for writing.
  private func withFile(
    size: Int,
    data: [Int],
    tail: Int = 0,
    _ body: (Int32) throws -> Void
  ) throws {
    try withDirectory { directory in
      let file = try directory.open("file", O_RDWR | O_CREAT | O_EXCL)
      defer { close(file) }
      try check(ftruncate(file, size * Self.megabyte + tail), "ftruncate")
      let bytes = Bytes(repeating: 0x5a, count: Self.megabyte)
      for megabyte in data {
        let count = min(bytes.count, (size - megabyte) * Self.megabyte + tail)
        try check(unsafe pwrite(file, bytes, count, megabyte * Self.megabyte), "pwrite")
      }
      try body(file)
    }
  }

  /// What a map of an open file is.
  private func map(_ file: Int32, keepsHoles: Bool = true) throws -> DataMap {
    DataMap(of: file, try EntryLocation(open: file).metadata(), keepsHoles: keepsHoles)
  }

  private func extents(_ map: DataMap, _ file: Int32, from start: UInt64 = 0) throws -> [DataExtent]
  {
    var all: [DataExtent] = []
    var offset = start
    while let extent = try map.extent(from: offset, in: file) {
      try #require(extent.offset >= offset && extent.length > 0 && all.count < 10_000)
      all.append(extent)
      offset = extent.offset + extent.length
    }
    return all
  }

  /// The same by `lseek` alone.
  private func extentsBySeeking(_ file: Int32) -> [DataExtent] {
    var all: [DataExtent] = []
    var end = 0
    while true {
      let start = lseek(file, end, Self.seekData)
      guard start >= 0 else { return all }
      end = lseek(file, start, Self.seekHole)
      all.append(DataExtent(offset: UInt64(start), length: UInt64(end - start)))
    }
  }

  @Test(
    "holes at any place",
    arguments: [
      (4, [0, 1, 2], 0), (4, [1, 2, 3], 0), (6, [0, 1, 4, 5], 0), (9, [1, 3, 5, 7], 0),
      (4, [3], 5), (4, [0, 4], 5), (1, [1], 1), (64, [63], 0),
    ]
  )
  func holes(size: Int, data: [Int], tail: Int) throws {
    try withFile(size: size, data: data, tail: tail) { file in
      let map = try map(file)
      let found = try extents(map, file)
      #expect(map == .sparse(UInt64(size * Self.megabyte + tail)))
      #expect(found == extentsBySeeking(file))
      // Neighbours are one extent; all that was written is found, and nothing far from it.
      let bytes = found.reduce(0) { $0 + Int($1.length) }
      let written = data.reduce(0) {
        $0 + min(Self.megabyte, (size - $1) * Self.megabyte + tail)
      }
      #expect(bytes == written)
    }
  }

  @Test("a dense file is one extent, from wherever it is asked for", arguments: [1, 4096, 1 << 20])
  func dense(size: Int) throws {
    try withFile(size: 0, data: [0], tail: size) { file in
      let map = try map(file)
      let size = UInt64(size)
      #expect(map == .whole(size))
      #expect(try extents(map, file) == [DataExtent(offset: 0, length: size)])
      #expect(try map.extent(from: size - 1, in: file) == DataExtent(offset: size - 1, length: 1))
      #expect(try map.extent(from: size, in: file) == nil)
      #expect(try map.extent(from: size + 1, in: file) == nil)
    }
  }

  @Test("extents begin where they are asked for")
  func fromWithin() throws {
    try withFile(size: 8, data: [2, 3, 6]) { file in
      let map = try map(file)
      let megabyte = UInt64(Self.megabyte)
      for (start, expected) in [
        (0, (2, 2)), (1, (2, 2)), (2, (2, 2)), (3, (3, 1)), (4, (6, 1)), (6, (6, 1)),
      ] as [(UInt64, (UInt64, UInt64))] {
        let extent = try map.extent(from: start * megabyte, in: file)
        #expect(
          extent == DataExtent(offset: expected.0 * megabyte, length: expected.1 * megabyte)
        )
      }
      #expect(try map.extent(from: 2 * megabyte + 1, in: file)?.length == 2 * megabyte - 1)
      #expect(try map.extent(from: 7 * megabyte, in: file) == nil)
      #expect(try map.extent(from: 8 * megabyte, in: file) == nil)
      #expect(try map.extent(from: .max >> 1, in: file) == nil)
    }
  }

  @Test(
    "runs with short holes between them are read together",
    arguments: [
      (0, 99, [1..<2, 3..<5, 6..<7, 9..<10, 12..<13]),
      (1, 99, [1..<7, 9..<10, 12..<13]),
      (1, 4, [1..<5, 6..<7, 9..<10, 12..<13]),
      (2, 99, [1..<13]),
      (2, 6, [1..<7, 9..<13]),
    ]
  )
  func spansHoles(hole: UInt64, most: UInt64, expected: [Range<UInt64>]) throws {
    try withFile(size: 20, data: [1, 3, 4, 6, 9, 12]) { file in
      let map = try map(file)
      let megabyte = UInt64(Self.megabyte)
      var found: [Range<UInt64>] = []
      var offset: UInt64 = 0
      while let extent = try map.extent(
        from: offset,
        in: file,
        spanning: hole * megabyte,
        upTo: most * megabyte
      ) {
        try #require(extent.offset >= offset && extent.length > 0)
        offset = extent.offset + extent.length
        found.append(extent.offset / megabyte..<offset / megabyte)
      }
      #expect(found == expected)
    }
  }

  @Test("a file that is all hole has no data")
  func allHole() throws {
    try withFile(size: 16, data: []) { file in
      let map = try map(file)
      #expect(map == .sparse(16 << 20))
      #expect(try extents(map, file) == [])
    }
  }

  @Test("a file that is said to be all hole, but occupies blocks, is read", arguments: [8, 16])
  func allocated(megabytes: Int) throws {
    try withFile(size: 16, data: []) { file in
      guard Hidden.allocate(file, 0, 0, megabytes * Self.megabyte) == 0 else {
        try Test.cancel("the filesystem has no fallocate")
      }
      let map = try map(file)
      #expect(map == .whole(16 << 20))
      #expect(try extents(map, file) == [DataExtent(offset: 0, length: 16 << 20)])
    }
  }

  @Test("an empty file has a size that says nothing")
  func empty() throws {
    try withFile(size: 0, data: []) { file in
      let map = try map(file)
      #expect(map == .unknownSize)
      #expect(try map.extent(from: 0, in: file) == nil)
    }
    let proc = try check(unsafe open("/proc/self/stat", O_RDONLY), "open")
    defer { close(proc) }
    #expect(try map(proc) == .unknownSize)
  }

  @Test("holes that are not to be kept are data")
  func fillsHoles() throws {
    try withFile(size: 8, data: [4]) { file in
      let map = try map(file, keepsHoles: false)
      #expect(map == .whole(8 << 20))
      #expect(try extents(map, file) == [DataExtent(offset: 0, length: 8 << 20)])
    }
  }

  @Test("1 TiB with a little data takes as many questions as it has extents")
  func huge() throws {
    let (near, far) = (512 << 10, (1 << 20) - 1)
    try withFile(size: 1 << 20, data: [near, far]) { file in
      let map = try map(file)
      #expect(map == .sparse(1 << 40))
      let megabyte = UInt64(Self.megabyte)
      #expect(
        try extents(map, file) == [
          DataExtent(offset: UInt64(near) * megabyte, length: megabyte),
          DataExtent(offset: UInt64(far) * megabyte, length: megabyte),
        ]
      )
    }
  }

  @Test("a file that changes its size is never read beyond what is mapped and what is there")
  func changesSize() throws {
    try withFile(size: 8, data: [1, 5]) { file in
      let map = try map(file)
      try check(ftruncate(file, 3 << 20), "ftruncate")
      let first = DataExtent(offset: 1 << 20, length: 1 << 20)
      #expect(try extents(map, file) == [first])
      try check(ftruncate(file, 20 << 20), "ftruncate")
      let bytes = Bytes(repeating: 1, count: 2 << 20)
      try check(unsafe pwrite(file, bytes, bytes.count, 7 << 20), "pwrite")
      #expect(try extents(map, file) == [first, DataExtent(offset: 7 << 20, length: 1 << 20)])
    }
  }

  @Test("a file that cannot be asked is an error, not a hole")
  func errors() {
    #expect(throws: Errno.badFileDescriptor) {
      try DataMap.sparse(100).extent(from: 0, in: -1)
    }
  }

  @Test(
    "runs of data can be widened to sectors, and an odd end is data",
    arguments: [
      (4096, [1, 2, 7], 0), (16_384, [1, 2, 7], 512), (1 << 21, [0, 3, 4], 1), (4096, [], 4095),
      (512, [], 512), (65_536, [7], 100),
    ] as [(UInt64, [Int], Int)]
  )
  func sectors(sectorBytes: UInt64, data: [Int], tail: Int) throws {
    try withFile(size: 8, data: data, tail: tail) { file in
      let size = UInt64(8 * Self.megabyte + tail)
      let map = DataMap.sparse(size)
      var covered: [DataExtent] = []
      var offset: UInt64 = 0
      while let extent = try map.extent(from: offset, in: file, sectorBytes: sectorBytes) {
        try #require(extent.offset >= offset && extent.length > 0 && covered.count < 10_000)
        covered.append(extent)
        offset = extent.offset + extent.length
        #expect(extent.offset % sectorBytes == 0)
        #expect(offset % sectorBytes == 0 || offset == size)
      }
      #expect(size % sectorBytes == 0 || offset == size, "the end is data")
      for extent in try extents(map, file) {
        #expect(
          covered.contains {
            $0.offset <= extent.offset && extent.offset + extent.length <= $0.offset + $0.length
          }
        )
      }
    }
  }
}
