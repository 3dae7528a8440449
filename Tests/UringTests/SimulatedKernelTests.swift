// SPDX-License-Identifier: Apache-2.0

import SimulatedKernel
import SystemPackage
import Testing
import Uring

/// Faults that are asked for happen, and a program that copes with them loses nothing.
@Suite struct SimulatedKernelTests {
  static let source: Int32 = 3
  static let target: Int32 = 4

  private let scratch = Scratch()

  /// A kernel with a file of `byteCount` to be copied into an empty one.
  static func kernel(
    seed: UInt64 = 1,
    byteCount: Int = 100_000,
    faults: Faults = Faults()
  ) -> SimulatedKernel {
    var kernel = SimulatedKernel(seed: seed, depth: 16, faults: faults)
    kernel.open(source, SimulatedFile(contents: sampleBytes(byteCount), isWritable: false))
    kernel.open(target, SimulatedFile(isWritable: true))
    return kernel
  }

  /// Copies in blocks of 8 KiB, and returns the error that ended it.
  static func copy(_ kernel: inout SimulatedKernel, byteCount: Int = 100_000) throws -> Errno? {
    let pool = try BufferPool(count: 4, bytesEach: 8192)
    var copier = PairCopier(source: source, target: target, byteCount: byteCount)
    do {
      try copier.run(&kernel, pool)
    } catch let error as Errno {
      #expect(pool.freeCount == pool.count)
      return error
    }
    #expect(pool.freeCount == pool.count)
    return nil
  }

  @Test(arguments: 0..<200 as Range<UInt64>)
  func aCopySurvivesWhatIsSurvivable(seed: UInt64) throws {
    var kernel = Self.kernel(seed: seed, faults: .survivable)
    #expect(try Self.copy(&kernel) == nil, "seed \(seed)")
    while kernel.nextCompletion() != nil {}
    #expect(kernel.violations == [])
    #expect(kernel.isIdle == true, "seed \(seed)")
    #expect(kernel.inFlight == 0, "seed \(seed)")
    #expect(kernel.inFlightMax > 1, "seed \(seed)")
    let contents = kernel.files[Self.target]?.contents ?? []
    #expect(firstDifference(contents, sampleBytes(100_000)) == nil, "seed \(seed)")
  }

  @Test func theSameSeedGivesTheSameRun() throws {
    var runs: [[OperationRecord]] = []
    for seed: UInt64 in [5, 5, 6] {
      var kernel = Self.kernel(seed: seed, faults: .survivable)
      _ = try Self.copy(&kernel)
      runs.append(kernel.records)
    }
    #expect(runs[0] == runs[1])
    #expect(runs[0] != runs[2])
  }

  @Test(arguments: [Submission.Operation.read, .write])
  func everyErrorArrives(_ operation: Submission.Operation) throws {
    for error in Faults.errors(of: operation) {
      for ordinal in [1, 3, 13] {
        var faults = Faults()
        faults.scheduled = [ScheduledFault(operation, ordinal, .error(error))]
        var kernel = Self.kernel(faults: faults)
        #expect(try Self.copy(&kernel) == error)
        #expect(kernel.violations == [])
      }
    }
  }

  @Test(arguments: 1...13, [1, 100, 1695])
  func aShortTransferAnywhereIsMadeUpFor(ordinal: Int, count: Int) throws {
    for operation in [Submission.Operation.read, .write] {
      var faults = Faults()
      faults.scheduled = [ScheduledFault(operation, ordinal, .short(count))]
      var kernel = Self.kernel(faults: faults)
      #expect(try Self.copy(&kernel) == nil)
      #expect(kernel.violations == [])
      let contents = kernel.files[Self.target]?.contents ?? []
      #expect(firstDifference(contents, sampleBytes(100_000)) == nil)
      // A 14th operation redid what was left, unless the last block was no longer than that.
      #expect(kernel.count(of: operation) >= (count == 1695 ? 13 : 14))
    }
  }

  @Test func aFullDiskGivesAShortWriteAndThenAnError() throws {
    var kernel = SimulatedKernel(seed: 1)
    kernel.open(Self.source, SimulatedFile(contents: sampleBytes(9000), isWritable: false))
    var full = SimulatedFile(isWritable: true)
    full.limitBytes = 5000
    kernel.open(Self.target, full)
    #expect(try Self.copy(&kernel, byteCount: 9000) == .noSpace)
    let results = kernel.records.filter { $0.operation == .write }.map(\.result)
    #expect(results.contains(-Errno.noSpace.rawValue))
    #expect(kernel.files[Self.target]?.bytesWritten == 5000)
  }

  @Test func aSourceChangesItsSize() throws {
    var faults = Faults()
    faults.scheduled = [
      ScheduledFault(.read, 2, .resize(descriptor: Self.source, byteCount: 10_000))
    ]
    var kernel = Self.kernel(byteCount: 16384, faults: faults)
    scratch.prepareRead(&kernel, at: 0, count: 4096)
    try kernel.submit(waitFor: 1)
    #expect(kernel.nextCompletion()?.result == 4096)
    scratch.prepareRead(&kernel, at: 8192, count: 4096)
    try kernel.submit(waitFor: 1)
    #expect(kernel.nextCompletion()?.result == 1808)
    #expect(kernel.files[Self.source]?.contents.count == 10_000)
  }

  @Test func aQueueFails() throws {
    var faults = Faults()
    faults.submitErrors = [2: .ioError]
    var kernel = Self.kernel(faults: faults)
    #expect(try Self.copyGivingUp(&kernel) == .ioError)
    #expect(kernel.submitCount == 2)
    #expect(kernel.violations == [])
  }

  /// Submits until an error.
  static func copyGivingUp(_ kernel: inout SimulatedKernel) throws -> Errno? {
    for _ in 0..<5 {
      do throws(Errno) {
        try kernel.submit(waitFor: 0)
      } catch {
        return error
      }
    }
    return nil
  }

  @Test func delayedChainsCompleteInLaterSubmits() throws {
    var faults = Faults()
    faults.delayProbability = 1
    var kernel = Self.kernel(faults: faults)
    scratch.prepareRead(&kernel, at: 0, count: 10)
    try kernel.submit(waitFor: 0)
    #expect(kernel.nextCompletion() == nil)
    #expect(kernel.inFlight == 1)
    kernel.faults.delayProbability = 0
    try kernel.submit(waitFor: 0)
    #expect(kernel.nextCompletion()?.result == 10)
    #expect(kernel.inFlight == 0)
  }

  @Test func theSilentRestOfAChainIsCancelledAloudWhenAsked() throws {
    for (probability, expected) in [(0.0, 1), (1.0, 2)] {
      var faults = Faults()
      faults.loudCancelProbability = probability
      faults.scheduled = [ScheduledFault(.advise, 1, .error(.ioError))]
      var kernel = Self.kernel(faults: faults)
      for number in 1...2 {
        kernel.prepare(
          .advise(
            Self.source,
            offset: 0,
            length: 0,
            advice: 0,
            flags: number == 1 ? [.link, .skipSuccess] : .skipSuccess,
            tag: tag(number)
          )
        )
      }
      try kernel.submit(waitFor: expected)
      var errors: [Errno?] = []
      while let completion = kernel.nextCompletion() { errors.append(completion.error) }
      #expect(errors == (expected == 1 ? [.ioError] : [.ioError, .canceled]))
      #expect(kernel.isIdle == true)
    }
  }
}
