// SPDX-License-Identifier: Apache-2.0

import Kernel
import SimulatedKernel
import Testing

@testable import CopyEngine

/// The rate of a run, by a clock that only goes on while somebody sleeps.
@Suite("The rate is held")
struct PacerTests {
  /// A clock that goes on by itself only while somebody sleeps.
  private final class Timeline: Sendable {
    private struct State {
      var now: UInt64 = 5_000_000_000
      var sleeps = 0
    }
    private let state = Lock(State())
    static let start: UInt64 = 5_000_000_000

    var elapsedSeconds: Double { Double(state.withLock { $0.now } - Self.start) / 1e9 }
    var sleeps: Int { state.withLock { $0.sleeps } }

    func pass(_ nanoseconds: UInt64) { state.withLock { $0.now += nanoseconds } }

    var time: Pacer.Time {
      Pacer.Time(
        now: { self.state.withLock { $0.now } },
        sleep: { moment in
          self.state.withLock { state in
            state.now = max(state.now, moment)
            state.sleeps += 1
          }
        }
      )
    }
  }

  /// Loops that are driven one after the other share a rate.
  private struct Shape: CustomTestStringConvertible {
    let name: String
    var rig = EventLoopRig()
    var files: [SimulatedCopy]
    var testDescription: String { name }

    static let all = [
      Shape(name: "large files", files: [200_000, 150_000].map { SimulatedCopy(byteCount: $0) }),
      Shape(
        name: "small files",
        files: (0..<60).map { SimulatedCopy(byteCount: 100 + 50 * $0, isLoaded: true) }
      ),
      Shape(
        name: "small files, read directly",
        files: (0..<60).map {
          SimulatedCopy(byteCount: 100 + 50 * $0, readAlignment: 512, isLoaded: true)
        }
      ),
      Shape(
        name: "one disk that seeks",
        rig: EventLoopRig(alternates: true, writesInOrder: true),
        files: [100_000, 90_000].map { SimulatedCopy(byteCount: $0) }
      ),
      Shape(
        name: "advised",
        files: [SimulatedCopy(byteCount: 200_000, allocates: true, isAdvised: true)]
      ),
      Shape(
        name: "without links",
        rig: EventLoopRig(linksPairs: false),
        files: [SimulatedCopy(byteCount: 222_222)]
      ),
    ]
  }

  @Test(arguments: Shape.all.indices, [1024, 10_000, 100_000])
  func bytesTakeTheirTime(_ shape: Int, _ rate: Int) throws {
    let shape = Shape.all[shape]
    let timeline = Timeline()
    var rig = shape.rig
    let pacer = Pacer(bytesPerSecond: rate, time: timeline.time)
    rig.pacer = pacer
    for result in try rig.copy(shape.files, seed: UInt64(rate), faults: Faults()) {
      #expect(result.source == result.target)
    }
    // What is still owed at the end is waited for by nobody.
    pacer.pause()
    let bytes = shape.files.reduce(0) { $0 + $1.byteCount }
    let seconds = Double(bytes) / Double(rate)
    #expect(abs(timeline.elapsedSeconds - seconds) < 0.001 * seconds, "\(shape.name)")
    #expect(timeline.sleeps <= Int(seconds * 10) + 2, "\(shape.name)")
  }

  @Test func whatWasNotReadIsNotMadeUpFor() {
    let timeline = Timeline()
    let pacer = Pacer(bytesPerSecond: 1000, time: timeline.time)
    pacer.charge(1000)
    #expect(!pacer.mayStart())
    timeline.pass(60_000_000_000)
    #expect(pacer.mayStart())
    pacer.charge(1000)
    #expect(!pacer.mayStart(), "a minute of rest is no minute of credit")
    timeline.pass(900_000_000)
    #expect(pacer.mayStart(), "a tenth of a second may be owed")
  }

  @Test func workersShareTheRate() throws {
    let pacer = Pacer(bytesPerSecond: 1024)
    // Owed for days; a wait that did not end would be noticed.
    pacer.charge(1 << 30)
    let sleepers = try (0..<4).map { _ in try Thread { pacer.pause() } }
    #expect(!pacer.mayStart())
    pacer.end()
    for sleeper in sleepers { sleeper.join() }
    #expect(pacer.mayStart(), "a run that ends is held by nothing")
    pacer.pause()
  }
}
