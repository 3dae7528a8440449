// SPDX-License-Identifier: Apache-2.0

import Storage
import Synchronization
import TestSupport
import Testing

@testable import CopyEngine

@Suite("What a run explains")
struct RunExplanationTests {
  /// Remembers the explanations.
  private final class Recorder: EventSink {
    let explanations = Mutex<[Explanation]>([])
    let wants: RunEvent.Kinds

    init(wants: RunEvent.Kinds = .explanations) { self.wants = wants }

    func receive(_ event: RunEvent) {
      guard case .explanation(let explanation) = event else {
        Issue.record("an event that is not wanted")
        return
      }
      explanations.withLock { $0.append(explanation) }
    }
  }

  private func explanations(
    _ locations: [StorageLocation],
    to recorder: Recorder = Recorder(),
    times: Int = 1
  ) -> [Explanation] {
    let disks = DiskTraits(locations)
    let run = RunContext(
      options: CopyOptions(),
      creationMask: 0,
      mounts: RecordedMachine.mounts,
      disks: disks,
      limits: RunLimits(TransferOptions(), disks: disks, processors: 4, descriptors: 1024),
      sink: (recorder, recorder.wants)
    )
    for _ in 0..<times { RunExplanation(run: run, locations: locations).tellTrees() }
    return recorder.explanations.withLock { $0 }
  }

  private func locations(
    _ source: RecordedMachine.Filesystem,
    _ target: RecordedMachine.Filesystem
  ) throws -> [StorageLocation] {
    try [RecordedMachine.location(.source, source), RecordedMachine.location(.target, target)]
  }

  @Test("whether source and target are one disk is said in any case, seeking or not")
  func samePhysicalDisk() throws {
    func answer(
      _ source: RecordedMachine.Filesystem,
      _ target: RecordedMachine.Filesystem
    ) throws -> Explanation.SameDisk? {
      let answers = try explanations(locations(source, target)).compactMap { explanation in
        if case .sameDisk(let answer) = explanation { answer } else { nil }
      }
      #expect(answers.count == 1)
      return answers.first
    }
    typealias Machine = RecordedMachine
    #expect(try answer(Machine.onNVMe, Machine.onNVMe) == .yes)
    #expect(try answer(Machine.onLVM, Machine.onArray) == .yes)
    #expect(try answer(Machine.onNVMe, Machine.onLVM) == .no)
    #expect(try answer(Machine.onLVM, Machine.onManaged) == .no)
    #expect(try answer(Machine.inMemory, Machine.onNVMe) == .unknown)
    #expect(try answer(Machine.inMemory, Machine.inMemory) == .unknown)
  }

  @Test("each thing is said once")
  func once() throws {
    let places = try locations(RecordedMachine.onLVM, RecordedMachine.onArray)
    let once = explanations(places)
    #expect(explanations(places, times: 3) == once)
    #expect(once.prefix(2) == places.map { .location($0, deviceBytes: nil) }[...])
    #expect(once.contains(.takesTurns(isOneWorker: true)) && once.contains(.order(.oneStream)))
    #expect(once.contains(.workers(1, .seeks)))
  }

  @Test("nothing is said to who does not want to know")
  func unwanted() throws {
    let places = try locations(RecordedMachine.onLVM, RecordedMachine.onArray)
    #expect(explanations(places, to: Recorder(wants: [])).isEmpty)
  }
}
