// SPDX-License-Identifier: Apache-2.0

internal import Kernel
internal import Uring

/// Measures the requests of one event loop for a `TransferMeter`.
///
/// The clock is read when a turn begins and when it has completions, not for each request.
final class TransferGauge {
  private typealias Operation = TransferMeter.Operation
  /// Reads, writes, and one flush.
  private static let placesPerSlot = 2 * CopyWindow.depthMax + 1

  private let meter: TransferMeter
  private let target: MeasuredDevice
  /// What was read last.
  private var source: MeasuredDevice?
  /// When the request in each place was handed over, or 0.
  private var starts: [UInt64]
  private var now: UInt64 = 0

  /// Begins to measure for a loop of so many slots.
  init(_ meter: TransferMeter, slots: Int) {
    self.meter = meter
    target = meter.target
    starts = [UInt64](repeating: 0, count: slots * Self.placesPerSlot)
  }

  /// Reads the clock, for what begins and ends from now on.
  func look() { now = Clock.monotonicNanoseconds }

  /// Notes that a block's request is handed over.
  ///
  /// - Parameters:
  ///   - operation: Whether it reads or writes.
  ///   - slot: The place of its file in the loop.
  ///   - block: The block.
  ///   - device: What is read.
  func begin(_ operation: Submission.Operation, _ slot: Int, _ block: Int, of device: UInt64) {
    let isRead = operation == .read
    starts[place(slot, block, isRead)] = now
    if isRead { source(device).begin(.read) } else { target.begin(.write) }
  }

  /// Notes that a block's request was completed.
  ///
  /// - Returns: Whether it was one that had begun: a write that is linked to a read begins when
  ///   that is done.
  func end(_ completion: Completion, _ slot: Int, of device: UInt64) -> Bool {
    let isRead = completion.tag.operation == .read
    let place = place(slot, completion.tag.block, isRead)
    guard let taken = take(place, completion) else { return false }
    let bytes = UInt64(max(completion.result, 0))
    if isRead {
      source(device).end(.read, nanoseconds: taken.nanoseconds, bytes: bytes)
    } else {
      target.end(.write, nanoseconds: taken.nanoseconds, bytes: bytes)
    }
    return true
  }

  /// Notes that a file's data is waited for.
  func beginFlush(_ slot: Int) {
    starts[flushPlace(slot)] = now
    target.begin(.flush)
  }

  /// Notes that a file's data was waited for.
  func endFlush(_ completion: Completion, _ slot: Int) {
    guard let taken = take(flushPlace(slot), completion) else { return }
    target.end(.flush, nanoseconds: taken.nanoseconds, bytes: 0)
  }

  /// How long the request in a place took, if there was one.
  private func take(_ place: Int, _ completion: Completion) -> (nanoseconds: UInt64?, Void)? {
    let start = starts[place]
    guard start > 0 else { return nil }
    starts[place] = 0
    guard completion.result >= 0 else { return (nil, ()) }
    return (completion.nanoseconds > 0 ? completion.nanoseconds : now - start, ())
  }

  private func place(_ slot: Int, _ block: Int, _ isRead: Bool) -> Int {
    slot * Self.placesPerSlot + (isRead ? 0 : CopyWindow.depthMax) + block
  }

  private func flushPlace(_ slot: Int) -> Int { (slot + 1) * Self.placesPerSlot - 1 }

  private func source(_ number: UInt64) -> MeasuredDevice {
    if let source, source.number == number { return source }
    let found = meter.source(number)
    source = found
    return found
  }
}
