// SPDX-License-Identifier: Apache-2.0

import Glibc
import Kernel
import SimulatedKernel
import SystemPackage
import Testing

@testable import CopyEngine

@Suite("Temporary names of dead runs")
struct AbandonedTemporariesTests {
  private let scratch: OracleDirectory

  init() throws {
    scratch = try OracleDirectory()
    for name in ["source", "target"] {
      try #require(unsafe mkdir("\(scratch.path)/\(name)", 0o755) == 0)
    }
  }

  private func openDirectory(_ name: String) throws -> Descriptor {
    try Descriptor(opening: FilePath("\(scratch.path)/\(name)"), .directory)
  }

  private func makeFile(_ name: EntryName, in directory: borrowing Descriptor) throws {
    let location = EntryLocation(directory: directory.rawValue, name: name)
    withExtendedLifetime(try location.create()) {}
  }

  private func isThere(_ name: EntryName, in directory: Int32) -> Bool {
    (try? EntryLocation(directory: directory, name: name).metadata()) != nil
  }

  private func remove(_ target: borrowing Descriptor, _ source: borrowing Descriptor) {
    let number = source.rawValue
    AbandonedTemporaries.remove(from: target.rawValue) {
      AbandonedTemporaries.isCopied($0, from: number)
    }
  }

  @Test("are removed, and nothing else is")
  func removed() throws {
    let source = try openDirectory("source")
    let target = try openDirectory("target")
    var random = SplitMix64(seed: 1)
    let temporaries = (0..<600).map { number in
      EntryName("file\(number)".utf8).temporary(random: random.next())
    }
    for name in temporaries { try makeFile(name, in: target) }
    let link = EntryName("link".utf8).temporary(random: 1)
    try EntryLocation(directory: target.rawValue, name: link)
      .makeSymbolicLink(to: EntryName("nowhere".utf8))
    let others = [".file.aB3dE6", ".file.fastsync-", ".file.fastsync-00000000", "file", ".x~"]
      .map { EntryName($0.utf8) }
    for name in others { try makeFile(name, in: target) }
    let directories = [2, 3].map { EntryName("directory".utf8).temporary(random: $0) }
    for name in directories {
      try EntryLocation(directory: target.rawValue, name: name).makeDirectory(mode: 0o755)
    }
    let filled = String(decoding: directories[1].bytes, as: UTF8.self)
    try #require(unsafe mkdir("\(scratch.path)/target/\(filled)/file", 0o755) == 0)
    remove(target, source)
    #expect(temporaries.count { isThere($0, in: target.rawValue) } == 0)
    #expect(!isThere(link, in: target.rawValue))
    #expect(others.allSatisfy { isThere($0, in: target.rawValue) })
    #expect(!isThere(directories[0], in: target.rawValue))
    #expect(isThere(directories[1], in: target.rawValue), "no run fills such a directory")
  }

  @Test("stay while somebody uses the directory")
  func locked() throws {
    let source = try openDirectory("source")
    let target = try openDirectory("target")
    let name = EntryName("file".utf8).temporary(random: 1)
    try makeFile(name, in: target)
    do {
      let user = try openDirectory("target")
      try FileCalls.lock(user.rawValue, isShared: true)
      remove(target, source)
      #expect(isThere(name, in: target.rawValue))
      withExtendedLifetime(user) {}
    }
    remove(target, source)
    #expect(!isThere(name, in: target.rawValue))
  }

  @Test("are copied like others where the source has them")
  func source() throws {
    let source = try openDirectory("source")
    let target = try openDirectory("target")
    let name = EntryName("file".utf8).temporary(random: 1)
    try makeFile(name, in: source)
    try makeFile(name, in: target)
    remove(target, source)
    #expect(isThere(name, in: target.rawValue))
  }
}
