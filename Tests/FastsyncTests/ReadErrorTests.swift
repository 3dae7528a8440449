// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Files and devices of which a part cannot be read.
@Suite(.enabled(if: FaultyFilesystem.obstacle == nil, "\(FaultyFilesystem.obstacle ?? "")"))
struct ReadErrorTests {
  private struct File {
    let name: String
    let size: Int
    /// What cannot be read, as pages have it.
    let bad: [Range<Int>]
  }

  /// Small, medium and large ones; bad at the beginning, in the middle, at the end, all over.
  private static let files = [
    File(name: "whole", size: 200_000, bad: []),
    File(name: "tiny", size: 3_000, bad: [0..<3_000]),
    File(name: "small", size: 10_000, bad: [4_096..<8_192]),
    File(name: "medium", size: 300_000, bad: [0..<4_096, 299_008..<300_000]),
    File(
      name: "large",
      size: 5_000_000,
      bad: [999_424..<1_024_000, 1_056_768..<1_060_864, 4_997_120..<5_000_000]
    ),
    File(name: "huge", size: 30_000_000, bad: [8_192_000..<8_601_600]),
  ]

  /// The faults of the files, which do not begin and end where pages do.
  private static var faults: [String] {
    files.flatMap { file in
      file.bad.map { "eio=\(file.name):\($0.lowerBound + 10):\(max($0.count - 4_000, 1))" }
    }
  }

  private func withSource(
    _ faults: [String] = faults,
    _ body: (Sandbox, FaultyFilesystem) throws -> Void
  ) throws {
    try withSandbox { sandbox in
      let source = try FaultyFilesystem(in: sandbox, as: "source", faults)
      let contents = SeededContents(seed: testSeed)
      let directory = try OpenDirectory(source.backing).makeDirectory(Bytes(text: "d"))
      for (number, file) in Self.files.enumerated() {
        try contents.makeFile(number, directory, Bytes(text: file.name), size: file.size)
        try succeed("touch", ["-d", "@1000000", "\(source.backing)/d/\(file.name)"])
      }
      try body(sandbox, source)
    }
  }

  /// Where two files differ, in pages, as `cmp` finds it.
  private func differingPages(_ one: String, _ other: String) throws -> Set<Int> {
    let script = #"cmp --verbose "$0" "$1" | awk '{ print int(($1 - 1) / 4096) }' | uniq"#
    let lines = try run("sh", ["-c", script, one, other]).outputText.split(separator: "\n")
    return Set(lines.compactMap { Int($0) })
  }

  private func pages(_ ranges: [Range<Int>]) -> Set<Int> {
    Set(ranges.flatMap { $0.lowerBound / 4096...($0.upperBound - 1) / 4096 })
  }

  /// The bad ranges of a mapfile, as ddrescue reads it.
  private func badRanges(_ mapfile: String) throws -> [Range<Int>] {
    let lines = try succeed("cat", [mapfile]).outputText.split(separator: "\n")
    let blocks = lines.filter { !$0.hasPrefix("#") }.dropFirst().map { $0.split(separator: " ") }
    var end = 0
    var bad: [Range<Int>] = []
    for block in blocks {
      let numbers = block.prefix(2).compactMap { Int($0.dropFirst(2), radix: 16) }
      try #require(numbers.count == 2 && block.count == 3 && numbers[0] == end, "\(block)")
      end = numbers[0] + numbers[1]
      if block[2] == "-" { bad.append(numbers[0]..<end) }
    }
    return bad
  }

  @Test(arguments: engines) func aFileFails(_ engine: String) throws {
    try withSource { sandbox, source in
      let target = try sandbox.makeDirectory("target")
      let arguments = ["--io-engine=\(engine)", "-rt", "\(source.path)/", "\(target)/"]
      let told = try expectFastsync(23, arguments, saying: ["(failures: 5)"]).errorText
      for file in Self.files where !file.bad.isEmpty {
        let line = told.split(separator: "\n").first { $0.contains("/d/\(file.name): ") } ?? ""
        let words = line.split { " (".contains($0) }.map(String.init)
        let numbers = words.compactMap { Int($0) }
        try #require(numbers.count == 2, "\(told)")
        let isBad = file.bad.contains { $0.contains(numbers[0]) && numbers[1] <= $0.count }
        #expect(isBad && line.hasSuffix(" bytes): Input/output error"), "\(line)")
      }
      #expect(try OpenDirectory("\(target)/d").names() == [Bytes(text: "whole")])
      expectNone(try temporaryNames(target), told)
    }
  }

  @Test(arguments: engines, ["skip", "zero-fill"])
  func theRestOfItIsCopied(_ engine: String, _ policy: String) throws {
    try withSource { sandbox, source in
      let (target, maps) = (sandbox.path("target"), sandbox.path("maps"))
      let options = ["--io-engine=\(engine)", "--on-read-error=\(policy)", "--mapfile=\(maps)"]
      let arguments = options + ["-rt", "\(source.path)/", "\(target)/"]
      for _ in 1...2 {
        let told = try expectFastsync(23, arguments, saying: ["(failures: 5)"]).errorText
        for file in Self.files {
          let copy = "\(target)/d/\(file.name)"
          let differing = try differingPages("\(source.backing)/d/\(file.name)", copy)
          #expect(differing == pages(file.bad), "\(file.name): \(told)")
          let status = try OpenDirectory("\(target)/d").status(Bytes(text: file.name))
          #expect(status.st_size == file.size)
          #expect((status.st_mtim.tv_sec == 1_000_000) == file.bad.isEmpty, "to be tried again")
          guard let first = file.bad.first else { continue }
          #expect(try badRanges("\(maps)/d/\(file.name)") == file.bad)
          let place = "the first at offset \(first.lowerBound) (\(first.count) bytes): Input/output"
          let line = told.split(separator: "\n").first { $0.contains("/d/\(file.name): ") } ?? ""
          #expect(line.contains(place), "\(told)")
          let zeros = try SeededContents.areZeros(copy, first)
          #expect(zeros, "\(file.name)")
        }
        #expect(try run("find", [maps, "-type", "f"]).outputText.split(separator: "\n").count == 5)
      }
    }
  }

  @Test(arguments: engines, ["skip", "zero-fill"])
  func theRestOfADeviceIsCopied(_ engine: String, _ policy: String) throws {
    try withSource { sandbox, source in
      let bad = Self.files[5].bad
      let (old, map) = (sandbox.path("old"), sandbox.path("map"))
      try succeed("sh", ["-c", "head -c 30000128 /dev/zero | tr '\\0' x >\(old)"])
      try succeed("truncate", ["-s", "30000128", "\(source.backing)/d/huge"])
      try withDevice("\(source.path)/d/huge", options: ["--read-only"]) { device in
        try withDevice(old) { target in
          let options = ["--copy-devices", "--io-engine=\(engine)", "--on-read-error=\(policy)"]
          for target in [target, sandbox.path("image")] {
            let arguments = options + ["--mapfile=\(map)", device, target]
            let result = try expectFastsync(23, arguments, saying: ["\(device): "])
            #expect(!result.errorText.contains("half written"), "\(result.errorText)")
            let differing = try differingPages("\(source.backing)/d/huge", target)
            #expect(differing == pages(bad), "\(target) \(result.errorText)")
            #expect(try badRanges(map) == bad)
            let isOld = policy == "skip" && target != sandbox.path("image")
            #expect(try SeededContents.areZeros(target, bad[0]) != isOld, "\(target)")
          }
        }
      }
    }
  }

  @Test func aMapfileNeedsAPolicy() throws {
    let arguments = ["--mapfile=x", "a", "b"]
    try expectFastsync(1, arguments, saying: ["--mapfile is about what --on-read-error="])
  }
}

extension SeededContents {
  /// Whether a range of a file or device is zeros, as `cmp` finds it.
  static func areZeros(_ path: String, _ range: Range<Int>) throws -> Bool {
    let count = "--bytes=\(range.count)"
    let skip = "--ignore-initial=\(range.lowerBound):0"
    return try run("cmp", [count, skip, path, "/dev/zero"]).status == 0
  }
}
