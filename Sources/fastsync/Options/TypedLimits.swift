// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Kernel

/// Options about how fast a run goes, and how long, as they were typed.
struct TypedLimits {
  /// Bytes that may be copied in a second.
  var bytesPerSecond: Int?
  /// When to stop, in seconds since 1970.
  var stopsAt: Int?
  /// After how many seconds in which nothing goes on to stop; 0 for never.
  var idleSeconds = 0

  /// How much memory may be taken at once, in bytes.
  var allocationBytesMax: Int?

  /// Takes what the environment says where the command line does not (`RSYNC_MAX_ALLOC`).
  mutating func takeVariables() throws(Refusal) {
    guard allocationBytesMax == nil,
      let value = Environment.nonEmptyVariable("RSYNC_MAX_ALLOC")
    else { return }
    try setAllocation(TypedOption(spelling: "--max-alloc", isOn: true, value: value))
  }

  /// Notes how much memory may be taken at once; 0 is no limit.
  mutating func setAllocation(_ typed: TypedOption) throws(Refusal) {
    let bytes = try typed.size(least: 1 << 20, mayBeZero: true)
    allocationBytesMax = bytes > 0 ? bytes : .max
  }

  /// Notes a rate, which rsync rounds to KiB; 0 is no limit.
  mutating func setRate(_ typed: TypedOption) throws(Refusal) {
    guard typed.isOn else { return bytesPerSecond = nil }
    let rate = try typed.size(unit: .kilo, least: 512, mayBeZero: true)
    let (rounded, overflow) = rate.addingReportingOverflow(512)
    let kibibytes = (overflow ? rate : rounded) / 1024
    bytesPerSecond = kibibytes == 0 ? nil : kibibytes * 1024
  }

  /// Notes after how many minutes to stop; what is behind the number does not count (`atol`).
  mutating func stop(after typed: TypedOption) throws(Refusal) {
    var rest = typed.value.drop { $0 == 0x20 || (0x09...0x0d).contains($0) }
    if rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
    let digits = rest.prefix { (0x30...0x39).contains($0) }
    // More minutes than that are no time of the system.
    guard let minutes = Int(String(decoding: digits, as: UTF8.self)), minutes > 0,
      minutes <= Int.max >> 8
    else { throw Refusal(Array("invalid --stop-after value: ".utf8) + typed.value, "") }
    stopsAt = Clock.wallSeconds + minutes * 60
  }

  /// Notes when to stop.
  mutating func stop(at typed: TypedOption) throws(Refusal) {
    let now = Clock.wallSeconds
    guard let moment = StopTime(typed.value)?.next(after: now) else {
      throw Refusal(Array("invalid --stop-at format: ".utf8) + typed.value, "")
    }
    guard moment > now else {
      throw Refusal(Array("--stop-at time is not in the future: ".utf8) + typed.value, "")
    }
    stopsAt = moment
  }
}

extension CopyOptions {
  /// Takes over how fast a run may go, how long, and how much memory it takes at once.
  ///
  /// - Parameters:
  ///   - typed: The options.
  ///   - memoryBytes: What the buffers are to take, where that was typed.
  /// - Throws: What does not go together.
  mutating func limit(_ typed: TypedLimits, memoryBytes: Int?) throws(Refusal) {
    transfer.allocationBytesMax = typed.allocationBytesMax
    if let most = typed.allocationBytesMax, let memoryBytes, memoryBytes > most {
      throw Refusal("--memory exceeds the --max-alloc=\(most) setting", .memory)
    }
    transfer.bytesPerSecond = typed.bytesPerSecond
    time.stopsAt = typed.stopsAt
    time.idleSecondsMax = typed.idleSeconds > 0 ? typed.idleSeconds : nil
  }
}
