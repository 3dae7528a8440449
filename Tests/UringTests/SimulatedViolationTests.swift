// SPDX-License-Identifier: Apache-2.0

import SimulatedKernel
import SystemPackage
import Testing
import Uring

/// What a program must never do is noticed.
@Suite struct SimulatedViolationTests {
  private static let target = SimulatedKernelTests.target
  private static let source = SimulatedKernelTests.source
  private let scratch = Scratch()

  /// A kernel in which nothing completes before the test says so.
  private static func stalledKernel() -> SimulatedKernel {
    var faults = Faults()
    faults.delayProbability = 1
    return SimulatedKernelTests.kernel(seed: 77, faults: faults)
  }

  private func expectOne(_ violations: [String], _ text: String) {
    #expect(violations.count == 1)
    #expect(violations.first?.contains(text) == true, "\(violations)")
    #expect(violations.first?.contains("seed 77") == true)
  }

  @Test func aBufferInTwoRequests() throws {
    var kernel = Self.stalledKernel()
    scratch.prepareRead(&kernel, at: 0, count: 100)
    try kernel.submit(waitFor: 0)
    scratch.prepareRead(&kernel, at: 100, count: 100, bufferAt: 99)
    try kernel.submit(waitFor: 0)
    expectOne(kernel.violations, "buffer")
  }

  @Test func aBufferIsFreeOnlyWhenItsCompletionWasTaken() throws {
    var kernel = SimulatedKernelTests.kernel(seed: 77)
    scratch.prepareRead(&kernel, at: 0, count: 100)
    try kernel.submit(waitFor: 1)
    scratch.prepareRead(&kernel, at: 0, count: 100, bufferAt: 100)
    try kernel.submit(waitFor: 2)
    #expect(kernel.violations == [])
    _ = kernel.nextCompletion()
    _ = kernel.nextCompletion()
    scratch.prepareRead(&kernel, at: 0, count: 100)
    try kernel.submit(waitFor: 1)
    #expect(kernel.violations == [])
    scratch.prepareRead(&kernel, at: 0, count: 100)
    try kernel.submit(waitFor: 1)
    expectOne(kernel.violations, "buffer")
  }

  @Test func twoWritesToOnePlace() throws {
    var kernel = Self.stalledKernel()
    scratch.prepareWrite(&kernel, Self.target, at: 0, count: 100)
    scratch.prepareWrite(&kernel, Self.target, at: 99, count: 100, bufferAt: 100)
    try kernel.submit(waitFor: 0)
    expectOne(kernel.violations, "two writes")
  }

  @Test func anUnknownDescriptor() throws {
    var kernel = SimulatedKernelTests.kernel(seed: 77)
    scratch.prepareWrite(&kernel, 9, at: 0, count: 100)
    try kernel.submit(waitFor: 1)
    #expect(kernel.nextCompletion()?.error == .badFileDescriptor)
    expectOne(kernel.violations, "not open")
  }

  @Test func aWriteIntoTheSource() throws {
    var kernel = SimulatedKernelTests.kernel(seed: 77)
    scratch.prepareWrite(&kernel, Self.source, at: 0, count: 100)
    try kernel.submit(waitFor: 1)
    #expect(kernel.nextCompletion()?.error == .badFileDescriptor)
    expectOne(kernel.violations, "read only")
  }

  @Test func aFileClosedUnderARequest() throws {
    var kernel = Self.stalledKernel()
    scratch.prepareWrite(&kernel, Self.target, at: 0, count: 100)
    try kernel.submit(waitFor: 0)
    #expect(kernel.close(Self.source) != nil)
    #expect(kernel.violations == [])
    #expect(kernel.close(Self.target) != nil)
    expectOne(kernel.violations, "closed with a write in flight")
  }

  @Test func aFileClosedTwice() {
    var kernel = Self.stalledKernel()
    #expect(kernel.close(Self.source) != nil)
    #expect(kernel.close(Self.source) == nil)
    expectOne(kernel.violations, "not open")
  }

  @Test func aWaitWithoutEnd() throws {
    var kernel = SimulatedKernelTests.kernel(seed: 77)
    scratch.prepareWrite(&kernel, Self.target, at: 0, count: 100, flags: .skipSuccess)
    try kernel.submit(waitFor: 1)
    expectOne(kernel.violations, "waits for 1")
    #expect(kernel.inFlight == 0)
  }

  @Test func aLinkToNothing() throws {
    var kernel = SimulatedKernelTests.kernel(seed: 77)
    scratch.prepareWrite(&kernel, Self.target, at: 0, count: 100, flags: .link)
    try kernel.submit(waitFor: 1)
    expectOne(kernel.violations, "linked to nothing")
  }

  @Test func moreThanThereIsSpaceFor() {
    var kernel = SimulatedKernel(seed: 77, depth: 1)
    scratch.prepareWrite(&kernel, Self.target, at: 0, count: 1)
    #expect(kernel.space == 0)
    scratch.prepareWrite(&kernel, Self.target, at: 0, count: 1)
    expectOne(kernel.violations, "space")
  }

  @Test func skipSuccessWhereItIsNotKnown() {
    var kernel = SimulatedKernel(seed: 77, linksPairs: false)
    scratch.prepareWrite(&kernel, Self.target, at: 0, count: 1, flags: .skipSuccess)
    expectOne(kernel.violations, "skipSuccess")
  }

  @Test func useAfterTheQueueFailed() throws {
    var kernel = SimulatedKernelTests.kernel(seed: 77)
    kernel.faults.submitErrors = [1: .ioError]
    #expect(throws: Errno.ioError) { try kernel.submit(waitFor: 0) }
    scratch.prepareRead(&kernel, at: 0, count: 1)
    expectOne(kernel.violations, "after its error")
  }
}
