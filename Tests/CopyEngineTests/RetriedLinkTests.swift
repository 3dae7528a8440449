// SPDX-License-Identifier: Apache-2.0

import FileTree
import Glibc
import Kernel
import Storage
import SystemPackage
import Testing

@testable import CopyEngine

/// Copies nothing: every name is done at once, but for a link, in whose place something else is put
/// before it is to be copied.
private struct SwappingExecutor: ~Copyable, IdleExecutor {
  /// Puts something else in place of a name at the source.
  let swap: (EntryLocation) throws -> Void
  private(set) var counts = CopyReport()
  var done: [EntryDone] = []
  let remover: TreeRemover
  var sweeps: Bool { false }

  init(_ parts: RunParts, swap: @escaping (EntryLocation) throws -> Void) {
    remover = TreeRemover(parts.run, parts.doomed, isDry: true)
    self.swap = swap
  }

  mutating func prepare(_ directory: CopyDirectory, _ sides: DirectorySides) {}
  mutating func makeDirectory(_ entry: FoundEntry) -> DirectoryOutcome {
    (try? entry.target.makeDirectory(mode: 0o700)) == nil ? .failed : .made
  }
  mutating func finish(_ directory: CopyDirectory, isReadable: Bool) {
    counts.directoriesCreated += 1
  }
  mutating func contentsAreEqual(_ entry: FoundEntry) -> Bool { false }
  mutating func compareAttributes(_ entry: FoundEntry) -> AttributeDelta { AttributeDelta() }
  mutating func keep(_ entry: FoundEntry, without foreign: Int) {}
  mutating func repair(_ entry: FoundEntry, _ delta: MetadataDelta) {}
  mutating func make(_ entry: FoundEntry) -> Bool { true }
  mutating func copy(_ entry: FoundEntry) {
    counts.filesCopied += 1
    done.append(EntryDone(entry: entry, isThere: true))
  }
  mutating func link(
    _ entry: FoundEntry,
    to first: LinkName,
    hasContents: Bool
  ) -> LinkOutcome {
    if (try? swap(entry.source)) == nil { Issue.record("nothing could be put in its place") }
    return .mustCopy(.improperLink)
  }
  mutating func linkToBasis(_ entry: FoundEntry) -> Bool? { false }
  mutating func leaveToBasis(_ entry: FoundEntry) {}
}

@Suite("Names that are something else when they are copied instead of linked")
struct RetriedLinkTests {
  private func work(_ swap: @escaping (EntryLocation) throws -> Void) throws -> CopyReport {
    let scratch = try OracleDirectory()
    for name in ["source", "target"] {
      try #require(unsafe mkdir("\(scratch.path)/\(name)", 0o755) == 0)
    }
    let file = unsafe open("\(scratch.path)/source/a", O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    try #require(file >= 0)
    close(file)
    try #require(unsafe link("\(scratch.path)/source/a", "\(scratch.path)/source/b") == 0)
    var options = CopyOptions()
    options.preservation.insert(.hardLinks)
    options.transfer.jobs = 1
    let plan = CopyPlan(
      sources: [CopyPlan.Source(path: FilePath("\(scratch.path)/source"), isContents: true)],
      target: FilePath("\(scratch.path)/target"),
      options: options
    )
    let setup = RunSetup(
      plan: plan,
      sink: EventRecorder(.failures),
      creationMask: 0o022,
      descriptors: 1024
    )
    var resolver = OperandResolver(plan: plan, creationMask: 0o022)
    let sources = [try resolver.resolve(plan.sources[0])].compactMap { $0 }
    let target = try resolver.create(try resolver.resolveTarget(for: sources), for: sources)
    let run = setup.context(.none)
    let parts = try RunParts(run, InitialWork(sources, target, of: run).items)
    var worker = Worker(parts, SwappingExecutor(parts, swap: swap))
    return worker.work()
  }

  @Test("a directory is copied as one, and the directory that it lies in is done")
  func directory() throws {
    let report = try work { source in
      try source.remove()
      try source.makeDirectory(mode: 0o755)
    }
    #expect(report.filesCopied == 1)
    #expect(report.directoriesCreated == 2, "the root and the directory")
  }

  @Test("another inode stands for itself")
  func otherInode() throws {
    let report = try work { source in
      try source.remove()
      try withExtendedLifetime(source.create()) {}
    }
    #expect(report.filesCopied == 2)
    #expect(report.directoriesCreated == 1)
  }

  @Test("a name that vanished is no longer waited for")
  func vanished() throws {
    let report = try work { try $0.remove() }
    #expect(report.filesCopied == 1)
    #expect(report.directoriesCreated == 1)
  }
}
