// SPDX-License-Identifier: Apache-2.0

internal import Kernel
public import Storage
internal import SystemPackage

/// How long the requests of a run take, by device, for whoever wants to know how the disks do.
///
/// A `CopyMeter` has one where that was asked for; it may be read at any time from any thread.
public final class TransferMeter: Sendable {
  /// What is asked of a disk.
  public enum Operation: Int, CaseIterable, Sendable {
    /// A block or a small file is read.
    case read
    /// A block or a small file is written, to the cache or the disk.
    case write
    /// What was written is waited for on the disk: of a large file, or of a batch of small ones.
    case flush
  }

  /// What was measured of one kind of requests.
  public struct Figures: Equatable, Sendable {
    /// What was moved, in bytes; nothing by flushes.
    public var bytes: UInt64 = 0
    /// How long each request took from when it was handed over until its end was seen, in
    /// nanoseconds.
    public var latency = LogLinearHistogram()
    /// How many requests were under way each time that one was handed over, with that.
    public var depth = LogLinearHistogram()
    /// How many are under way.
    public var inFlight = 0

    /// Makes figures of nothing.
    public init() {}

    /// Adds what another device did.
    public mutating func add(_ other: Self) {
      bytes += other.bytes
      latency.add(other.latency)
      depth.add(other.depth)
      inFlight += other.inFlight
    }

    /// What was done since an earlier reading.
    public func since(_ earlier: Self) -> Self {
      var later = self
      later.bytes -= earlier.bytes
      later.latency = latency.since(earlier.latency)
      later.depth = depth.since(earlier.depth)
      return later
    }
  }

  /// A filesystem or block device that is read, or the target.
  public struct Device: Equatable, Sendable {
    /// Which side it is on.
    public let role: StorageLocation.Role
    /// Its number, of a source: major in the upper 32 bits, minor in the lower.
    public let number: UInt64?
    /// What was measured, in the order of the operations.
    private let figures: [Figures]

    init(_ role: StorageLocation.Role, number: UInt64?, _ figures: [Figures]) {
      self.role = role
      self.number = number
      self.figures = figures
    }

    /// What was measured of one kind of requests.
    public subscript(operation: Operation) -> Figures { figures[operation.rawValue] }
  }

  private let devices = Lock<[MeasuredDevice]>([])

  /// Makes a meter that has measured nothing.
  init() {}

  /// Reads all figures.
  ///
  /// - Returns: The devices, in the order in which they were met.
  public func read() -> [Device] { devices.withLock { $0 }.map(\.reading) }

  /// The target, whatever of it lies where.
  var target: MeasuredDevice { device(.target, nil) }

  /// What is read, by the number of its filesystem or block device.
  func source(_ number: UInt64) -> MeasuredDevice { device(.source, number) }

  private func device(_ role: StorageLocation.Role, _ number: UInt64?) -> MeasuredDevice {
    devices.withLock { devices in
      if let known = devices.first(where: { $0.role == role && $0.number == number }) {
        return known
      }
      let device = MeasuredDevice(role, number: number)
      devices.append(device)
      return device
    }
  }
}

/// A device whose requests are measured, whoever makes them.
final class MeasuredDevice: Sendable {
  let role: StorageLocation.Role
  let number: UInt64?
  private let figures = Lock(
    [TransferMeter.Figures](
      repeating: TransferMeter.Figures(),
      count: TransferMeter.Operation.allCases.count
    )
  )

  init(_ role: StorageLocation.Role, number: UInt64?) {
    self.role = role
    self.number = number
  }

  var reading: TransferMeter.Device {
    TransferMeter.Device(role, number: number, figures.withLock { $0 })
  }

  /// Notes that requests are handed over.
  func begin(_ operation: TransferMeter.Operation, count: Int = 1) {
    figures.withLock { figures in
      for _ in 0..<count {
        figures[operation.rawValue].inFlight += 1
        figures[operation.rawValue].depth.note(UInt64(figures[operation.rawValue].inFlight))
      }
    }
  }

  /// Notes that a request came to its end.
  ///
  /// - Parameters:
  ///   - operation: What was asked.
  ///   - result: How many bytes it moved, or a negated errno: then it is not measured.
  ///   - nanoseconds: How long it took.
  func end(_ operation: TransferMeter.Operation, _ result: Int, after nanoseconds: UInt64) {
    figures.withLock { figures in
      figures[operation.rawValue].inFlight -= 1
      guard result >= 0 else { return }
      figures[operation.rawValue].latency.note(nanoseconds)
      figures[operation.rawValue].bytes += UInt64(result)
    }
  }
}

extension MeasuredDevice? {
  /// Makes a call that returns when it is done, and measures it if that is wanted.
  ///
  /// - Parameters:
  ///   - operation: What it does.
  ///   - body: The call; it returns how many bytes it moved.
  /// - Returns: The same.
  /// - Throws: The error of the call.
  func time(
    _ operation: TransferMeter.Operation,
    _ body: () throws(Errno) -> Int
  ) throws(Errno) -> Int {
    guard let self else { return try body() }
    self.begin(operation)
    let start = Clock.monotonicNanoseconds
    do {
      let bytes = try body()
      self.end(operation, bytes, after: Clock.monotonicNanoseconds - start)
      return bytes
    } catch {
      self.end(operation, Int(-error.rawValue), after: 0)
      throw error
    }
  }

  /// The same of writes that are carried out together, of which each takes the time of all.
  ///
  /// - Parameters:
  ///   - count: How many there are.
  ///   - body: The call; it returns what each moved, or a negated errno.
  /// - Returns: The same.
  func timeWrites(_ count: Int, _ body: () -> [Int32]) -> [Int32] {
    guard let self else { return body() }
    self.begin(.write, count: count)
    let start = Clock.monotonicNanoseconds
    let results = body()
    let taken = Clock.monotonicNanoseconds - start
    for result in results { self.end(.write, Int(result), after: taken) }
    return results
  }

  /// The same of a call that brings to the disk what was written.
  func timeFlush(_ body: () throws(Errno) -> Void) throws(Errno) {
    _ = try time(.flush) { () throws(Errno) in
      try body()
      return 0
    }
  }
}

extension CopyMeter? {
  /// What measures the target, if anybody wants to know.
  var measuredTarget: MeasuredDevice? { self?.transfers?.target }

  /// What measures a source, by the number of its filesystem or block device.
  func measuredSource(_ number: UInt64) -> MeasuredDevice? { self?.transfers?.source(number) }
}
