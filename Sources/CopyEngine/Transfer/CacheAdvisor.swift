// SPDX-License-Identifier: Apache-2.0

/// Decides which advice is due for one file, given how far reading and writing have come.
///
/// Behind the write head a window trails: the newest 8 MiB are sent to the disk at once, so that it
/// works from the beginning and dirty data stays bounded; the 8 MiB before are waited for and then
/// dropped, since clean pages go and dirty ones would stay. Behind the read head goes what this
/// copy brought in. A pure value: no I/O.
struct CacheAdvisor {
  /// Waking other processors to drain their page lists costs per call, not per byte (Linux
  /// `lru_add_drain_all`), so windows are large; a multiple of 2 MiB, which covers every folio.
  static let windowBytes: UInt64 = 8 << 20
  /// Smaller windows would miss large folios: a range that does not cover one leaves it.
  static let windowBytesMin: UInt64 = 2 << 20
  /// Dirty data of a file: the window being written, the one on its way to the disk, and the one
  /// that is waited for.
  static let windowsDirtyMax: UInt64 = 3
  /// One piece of advice.
  enum Advice: Equatable {
    /// Start the writeback of a range of the target (`sync_file_range` with WRITE).
    case startWriteback(Range<UInt64>)
    /// Wait for the writeback of a range of the target, then drop it (`sync_file_range` with
    /// WAIT_BEFORE, WRITE and WAIT_AFTER, then POSIX_FADV_DONTNEED).
    case settle(Range<UInt64>)
    /// Drop a range of the source (POSIX_FADV_DONTNEED).
    case dropSource(Range<UInt64>)
  }

  private let size: UInt64
  private let windowBytes: UInt64
  /// Whether the target is written back and dropped.
  let pacesTarget: Bool
  private let residency: Residency
  private var startedUpTo: UInt64 = 0
  private var settledUpTo: UInt64 = 0
  private var isSettling = false
  private var droppedUpTo: UInt64 = 0
  private var isDropping = false
  /// Holes that not everything has passed yet, in whole windows: nothing is advised in them.
  private var holes: [Range<UInt64>] = []

  /// Starts a file.
  ///
  /// - Parameters:
  ///   - size: Its size, in bytes.
  ///   - residency: What of the source has to stay in the cache.
  ///   - pacesTarget: Whether the target is written back and dropped; direct writes need neither.
  ///   - windowBytes: How much is advised at once, in bytes; a multiple of 2 MiB.
  init(
    size: UInt64,
    residency: Residency,
    pacesTarget: Bool = true,
    windowBytes: UInt64 = Self.windowBytes
  ) {
    self.size = size
    self.windowBytes = windowBytes
    self.pacesTarget = pacesTarget
    self.residency = residency
    if !pacesTarget {
      startedUpTo = size
      settledUpTo = size
    }
  }

  /// Waits for the writeback of a range alone, whose size is known to the file already.
  init(settling range: Range<UInt64>) {
    self.init(size: range.upperBound, residency: .unknown)
    startedUpTo = range.upperBound
    settledUpTo = range.lowerBound
    droppedUpTo = range.upperBound
  }

  /// Windows of which as many as a file may have dirty fit into so many bytes.
  static func windowBytes(dirtyBytesMax: UInt64) -> UInt64 {
    let fitting = dirtyBytesMax / windowsDirtyMax / windowBytesMin * windowBytesMin
    return min(max(fitting, windowBytesMin), windowBytes)
  }

  /// How much of the target may be dirty or on its way, when so much was begun, in bytes.
  func unsettledBytes(begun: UInt64) -> UInt64 { begun - min(begun, settledUpTo) }

  /// Nothing at or beyond this offset may be written yet.
  var writeLimit: UInt64 {
    pacesTarget ? settledUpTo + Self.windowsDirtyMax * windowBytes : .max
  }

  /// Whether everything that will ever be due was given out and carried out.
  var isSettled: Bool { settledUpTo >= size && !isDropping && droppedUpTo >= size }

  /// Notes that there is no data in a range, which lies beyond all that was noted before.
  mutating func noteHole(_ range: Range<UInt64>) {
    let start = (range.lowerBound + (windowBytes - 1)) / windowBytes * windowBytes
    let end = range.upperBound / windowBytes * windowBytes
    if start < end { holes.append(start..<end) }
  }

  /// Goes over holes: with a step for each window, a file of some EiB would never end.
  private mutating func passHoles() {
    guard !holes.isEmpty else { return }
    for hole in holes {
      if hole.contains(startedUpTo) { startedUpTo = hole.upperBound }
      if hole.contains(settledUpTo) && !isSettling { settledUpTo = hole.upperBound }
      if hole.contains(droppedUpTo) && !isDropping { droppedUpTo = hole.upperBound }
    }
    let passed = min(startedUpTo, settledUpTo, droppedUpTo)
    holes.removeAll { $0.upperBound <= passed }
  }

  /// The next advice that is due, if any.
  ///
  /// - Parameters:
  ///   - readUpTo: Everything below has been read.
  ///   - writtenUpTo: Everything below has been written.
  ///   - isComplete: Whether all of the file has been read and written.
  ///   - maySend: Whether another window may be sent off now.
  /// - Returns: What to do; `settled` or `dropped` must follow a `settle` or `dropSource`.
  mutating func next(
    readUpTo: UInt64,
    writtenUpTo: UInt64,
    isComplete: Bool,
    maySend: Bool = true
  ) -> Advice? {
    passHoles()
    let written = isComplete ? size : writtenUpTo
    if maySend, let window = window(after: startedUpTo, upTo: written, isComplete) {
      startedUpTo = window.upperBound
      return .startWriteback(window)
    }
    // The newest window is left to the disk while the one before is waited for.
    let settleable = isComplete ? startedUpTo : startedUpTo - min(startedUpTo, windowBytes)
    if !isSettling, let window = window(after: settledUpTo, upTo: settleable, isComplete) {
      isSettling = true
      return .settle(window)
    }
    return isDropping ? nil : nextDrop(upTo: isComplete ? size : readUpTo, isComplete)
  }

  /// Notes that a `settle` was carried out, whatever came of it.
  mutating func settled(_ window: Range<UInt64>) {
    settledUpTo = window.upperBound
    isSettling = false
  }

  /// Notes that a `dropSource` was carried out.
  mutating func dropped(_ range: Range<UInt64>) {
    droppedUpTo = max(droppedUpTo, range.upperBound)
    isDropping = false
  }

  /// A whole window, or at the end of the file what is left.
  private func window(after start: UInt64, upTo end: UInt64, _ isComplete: Bool) -> Range<UInt64>? {
    if end >= start + windowBytes { return start..<(start + windowBytes) }
    return isComplete && end > start ? start..<end : nil
  }

  private mutating func nextDrop(upTo end: UInt64, _ isComplete: Bool) -> Advice? {
    while let window = window(after: droppedUpTo, upTo: end, isComplete) {
      guard let range = residency.droppable(from: window.lowerBound, to: window.upperBound) else {
        droppedUpTo = window.upperBound
        passHoles()
        continue
      }
      isDropping = true
      return .dropSource(range)
    }
    return nil
  }
}
