// SPDX-License-Identifier: Apache-2.0

internal import Kernel
internal import Uring

/// Measures the requests of one event loop for a `TransferMeter`.
///
/// The clock is read when a turn begins and when it has completions, not for each request.
final class TransferGauge {
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

  /// Notes that a block is going to be read.
  func beginRead(_ slot: Int, _ block: Int, of device: UInt64) {
    begin(.read, place(slot, block, isRead: true), source(device))
  }

  /// Notes that a block is going to be written.
  func beginWrite(_ slot: Int, _ block: Int) {
    begin(.write, place(slot, block, isRead: false), target)
  }

  /// Notes that a file's data is waited for.
  func beginFlush(_ slot: Int) { begin(.flush, flushPlace(slot), target) }

  /// Notes that a block was read.
  ///
  /// - Returns: Whether that had begun.
  func endRead(_ completion: Completion, _ slot: Int, of device: UInt64) -> Bool {
    let place = place(slot, completion.tag.block, isRead: true)
    return end(.read, place, completion, source(device))
  }

  /// Notes that a block was written; one that was linked to a read that failed had not begun.
  func endWrite(_ completion: Completion, _ slot: Int) {
    _ = end(.write, place(slot, completion.tag.block, isRead: false), completion, target)
  }

  /// Notes that a file's data was waited for.
  func endFlush(_ completion: Completion, _ slot: Int) {
    _ = end(.flush, flushPlace(slot), completion, target)
  }

  private func begin(_ operation: TransferMeter.Operation, _ place: Int, _ device: MeasuredDevice) {
    starts[place] = now
    device.begin(operation)
  }

  private func end(
    _ operation: TransferMeter.Operation,
    _ place: Int,
    _ completion: Completion,
    _ device: MeasuredDevice
  ) -> Bool {
    let start = starts[place]
    guard start > 0 else { return false }
    starts[place] = 0
    let taken = completion.nanoseconds > 0 ? completion.nanoseconds : now - start
    device.end(operation, Int(completion.result), after: taken)
    return true
  }

  private func place(_ slot: Int, _ block: Int, isRead: Bool) -> Int {
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
