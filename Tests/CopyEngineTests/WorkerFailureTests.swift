// SPDX-License-Identifier: Apache-2.0

import FileTree
import Glibc
import Kernel
import SimulatedKernel
import Storage
import Synchronization
import SystemPackage
import Testing
import Uring

@testable import CopyEngine

/// A worker whose queue fails: it ends with an error, and never traps.
@Suite("Workers whose queue fails")
struct WorkerFailureTests {
  /// Copies a tree with one worker on a failing queue.
  ///
  /// - Returns: What the run counted.
  private func copy(
    _ scratch: OracleDirectory,
    to target: String,
    _ script: FailingQueue.Script,
    targetSeeks: Bool,
    reading: TransferOptions.CacheMode = .auto,
    _ recorder: EventRecorder,
    begin: (RunContext) -> Void = { _ in }
  ) throws -> CopyReport {
    var options = CopyOptions()
    options.transfer.reading = reading
    options.transfer.memoryBytes = 64 << 10
    options.transfer.jobs = 1
    options.transfer.reflink = .never
    let plan = CopyPlan(
      sources: [CopyPlan.Source(path: FilePath("\(scratch.path)/source"), isContents: true)],
      target: FilePath("\(scratch.path)/\(target)"),
      options: options
    )
    let setup = RunSetup(plan: plan, sink: recorder, creationMask: 0o022, descriptors: 1024)
    var resolver = OperandResolver(plan: plan, creationMask: 0o022)
    let sources = [try resolver.resolve(plan.sources[0])].compactMap { $0 }
    let resolved = try resolver.create(try resolver.resolveTarget(for: sources), for: sources)
    var disks = DiskTraits.none
    disks.targetSeeks = targetSeeks
    let run = setup.context(disks)
    begin(run)
    let parts = try RunParts(run, InitialWork(sources, resolved, of: run).items)
    let queue = FailingQueue(script, depth: run.limits.queueDepth)
    var worker = Worker(parts, parts.executor(queue))
    var report = worker.work()
    _ = parts.published.writeback.finish()
    parts.published.writeback.dropRest()
    report.add(run.failureCounts)
    return report
  }

  /// Makes small files that share buffers, and some that need several.
  private func makeSource(_ scratch: OracleDirectory, files: Int) throws -> [String: [UInt8]] {
    var random = SplitMix64(seed: UInt64(files))
    var contents: [String: [UInt8]] = [:]
    for directory in ["", "/d0", "/d1", "/d2"] {
      try #require(unsafe mkdir("\(scratch.path)/source\(directory)", 0o755) == 0)
    }
    for number in 0..<files {
      let isLarge = number % 8 == 7
      let bytes = random.bytes(isLarge ? 30_000 + number : 1 + number * 97 % 3_000)
      let name = "d\(number % 3)/f\(number)"
      try write(bytes, to: "\(scratch.path)/source/\(name)")
      contents[name] = bytes
    }
    return contents
  }

  private func write(_ bytes: [UInt8], to path: String) throws {
    let file = unsafe open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    try #require(file >= 0)
    defer { close(file) }
    try #require(unsafe Glibc.write(file, bytes, bytes.count) == bytes.count)
  }

  /// What a file has, or `nil` where there is none.
  private func read(_ scratch: OracleDirectory, _ name: String) -> [UInt8]? {
    let file = unsafe open("\(scratch.path)/\(name)", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 64 << 10)
    let count = unsafe Glibc.read(file, &bytes, bytes.count)
    return Array(bytes.prefix(max(0, count)))
  }

  @Test("a queue that fails at any completion ends the run, and nothing is mixed up")
  func failsAtEveryCompletion() throws {
    for targetSeeks in [false, true] {
      do {
        let scratch = try OracleDirectory()
        let expected = try makeSource(scratch, files: 24)
        var failAfter = 0
        while true {
          let isQuiet = failAfter % 2 == 0
          let script = FailingQueue.Script(failAfter: failAfter, isQuiet: isQuiet)
          let recorder = EventRecorder(.failures)
          let report = try copy(
            scratch,
            to: "target\(targetSeeks)\(failAfter)",
            script,
            targetSeeks: targetSeeks,
            recorder
          )
          let complete = expected.filter {
            read(scratch, "target\(targetSeeks)\(failAfter)/\($0.key)") == $0.value
          }
          let present = expected.filter {
            read(scratch, "target\(targetSeeks)\(failAfter)/\($0.key)") != nil
          }
          #expect(present.count == complete.count, "after \(failAfter) completions")
          guard script.seen.withLock({ $0.hasFailed }) else {
            #expect(report.stop == nil && complete.count == expected.count)
            break
          }
          #expect(report.stop == .failure && report.failures == 1, "after \(failAfter)")
          #expect(recorder.failures.map(\.operation) == [.useRing])
          failAfter += 1
        }
        #expect(failAfter > expected.count, "every file has a completion at least")
      }
    }
  }

  @Test("files that are begun again arrive whole, whatever ends their requests")
  func errorsAtRandom() throws {
    for seed in UInt64(0)..<40 {
      do {
        let scratch = try OracleDirectory()
        let expected = try makeSource(scratch, files: 40)
        let script = FailingQueue.Script(
          errorProbability: 0.05,
          errors: [.canceled, .invalidArgument, .interrupted, .notPermitted],
          seed: seed
        )
        let recorder = EventRecorder(.failures)
        let report = try copy(
          scratch,
          to: "target",
          script,
          targetSeeks: seed % 2 == 0,
          recorder
        )
        var missing = 0
        for (name, bytes) in expected {
          guard let found = read(scratch, "target/\(name)") else {
            missing += 1
            continue
          }
          #expect(found == bytes, "\(name), seed \(seed)")
        }
        #expect(report.filesCopied == expected.count - missing, "seed \(seed)")
        #expect(report.failures == missing, "seed \(seed)")
      }
    }
  }

  @Test("the stack does not grow with the files that are begun again")
  func stackDepth() throws {
    var depths: [UInt] = []
    for files in [8, 240] {
      do {
        let scratch = try OracleDirectory()
        _ = try makeSource(scratch, files: files)
        // Every request is given up once, so that every file is begun again.
        let script = FailingQueue.Script(errorProbability: 0.5, errors: [.canceled], seed: 1)
        _ = try copy(scratch, to: "target", script, targetSeeks: false, EventRecorder(.failures))
        let stack = try #require(script.seen.withLock { $0.stack })
        depths.append(stack.upperBound - stack.lowerBound)
      }
    }
    #expect(depths[1] <= depths[0] + 2048, "\(depths)")
  }

  @Test("what may go another way is no failure of a run that is stopped")
  func refusalsAfterAStop() throws {
    for stopAt in [1, 2, 5, 20] {
      let scratch = try OracleDirectory()
      _ = try makeSource(scratch, files: 60)
      let stop = Mutex<RunContext?>(nil)
      let script = FailingQueue.Script(refusesDontCache: true) { number in
        if number == stopAt { stop.withLock { $0 }?.stop(.interrupted) }
      }
      let recorder = EventRecorder(.failures)
      let report = try copy(
        scratch,
        to: "target",
        script,
        targetSeeks: false,
        reading: .dontcache,
        recorder
      ) { run in stop.withLock { $0 = run } }
      #expect(report.stop == .interrupted)
      #expect(report.failures == 0, "stopped at \(stopAt): \(recorder.failures)")
      stop.withLock { $0 = nil }
    }
  }
}
