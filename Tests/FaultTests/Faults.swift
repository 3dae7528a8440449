// SPDX-License-Identifier: Apache-2.0

import FaultInjection
import SimulatedKernel
import SystemPackage

/// Where a system call of a run goes wrong.
struct Fault: CustomStringConvertible {
  let call: UInt32
  /// The first of the run's calls of this kind that goes wrong, from 0, and how many in a row do.
  let first: UInt32
  let count: UInt32
  /// The errno, or `fi_short`.
  let error: Int32

  /// Draws a fault among the calls that a run without faults makes.
  init(among calls: [UInt32], _ random: inout SplitMix64) {
    let made = calls.indices.filter { calls[$0] > 0 }
    call = UInt32(made[Int.random(in: made.indices, using: &random)])
    first = UInt32.random(in: 0..<calls[Int(call)], using: &random)
    error = Fault.errors(of: call).randomElement(using: &random) ?? Errno.ioError.rawValue
    // Signals come to an end: results of writes in flight have to be waited for until they do.
    let many: UInt32 = error == Errno.interrupted.rawValue ? 2_000 : .max
    count = random.happens(0.2) ? many : 1
  }

  /// Names a fault.
  init(call: UInt32, first: UInt32, count: UInt32 = 1, _ errno: Errno) {
    self.call = call
    self.first = first
    self.count = count
    error = errno.rawValue
  }

  /// The kind of calls that has a name.
  static func call(_ name: String) -> UInt32? {
    (0..<fi_call_count()).first { Fault.name($0) == name }
  }

  /// The errors that a kind of calls can give.
  static func errors(of call: UInt32) -> [Int32] {
    var count: UInt32 = 0
    let start = unsafe fi_call_errors(call, &count)
    return unsafe Array(UnsafeBufferPointer(start: start, count: Int(count)))
  }

  static func name(_ call: UInt32) -> String {
    unsafe String(cString: fi_call_name(call))
  }

  /// Whether it is an error, and not only less than was asked.
  var errno: Errno? { error == Int32(fi_short) ? nil : Errno(rawValue: error) }

  var description: String {
    let what = errno.map { "\($0)" } ?? "less than asked"
    return "\(Fault.name(call)) #\(first)\(count == 1 ? "" : " and all later"): \(what)"
  }
}

/// What came of the calls of a run.
struct FaultyCalls {
  /// How many there were of each kind.
  let calls: [UInt32]
  /// The faults that were met.
  let met: [Fault]
  /// How many descriptors were opened and not closed.
  let descriptors: Int32

  /// How many calls of a kind there were.
  func count(of kind: String) -> UInt32 { Fault.call(kind).map { calls[Int($0)] } ?? 0 }

  /// Runs a body whose calls go wrong.
  ///
  /// - Parameters:
  ///   - faults: Where.
  ///   - seed: What to tell in a crash.
  ///   - isUser: Whether the body is to take itself for an ordinary user's.
  ///   - interruption: What comes in between.
  ///   - body: What is run; threads that it starts belong to it.
  /// - Returns: What the body returned, and what came of its calls.
  static func during<Result>(
    _ faults: [Fault],
    seed: UInt64,
    isUser: Bool,
    interruption: Interruption? = nil,
    _ body: () -> Result
  ) -> (result: Result, calls: FaultyCalls) {
    let raw = faults.map {
      fi_fault(call: $0.call, first: $0.first, count: $0.count, error: $0.error)
    }
    let run = unsafe fi_begin(raw, UInt32(raw.count), seed, isUser)
    unsafe interruption?.begin(in: run)
    let result = body()
    fi_end()
    defer { unsafe fi_free(run) }
    return (
      result,
      unsafe FaultyCalls(
        calls: (0..<fi_call_count()).map { unsafe fi_calls(run, $0) },
        met: faults.indices.filter { unsafe fi_met(run, UInt32($0)) > 0 }.map { faults[$0] },
        descriptors: fi_descriptors(run)
      )
    )
  }
}

/// Something that is done once, just before one of the calls of a run.
final class Interruption {
  /// The kind of the call.
  let call: UInt32
  /// Which of the calls of the kind, from 0.
  let number: UInt32
  private let body: () -> Void

  /// Names the call, and what is done before it.
  init(before call: UInt32, number: UInt32, _ body: @escaping () -> Void) {
    self.call = call
    self.number = number
    self.body = body
  }

  /// Has it done in a run, which it must outlive.
  fileprivate func begin(in run: OpaquePointer?) {
    let context = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe fi_interrupt(
      run,
      call,
      number,
      { context in
        guard let context = unsafe context else { return }
        unsafe Unmanaged<Interruption>.fromOpaque(context).takeUnretainedValue().body()
      },
      context
    )
  }
}
