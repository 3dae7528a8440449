// SPDX-License-Identifier: Apache-2.0

internal import Kernel
internal import Synchronization
internal import SystemPackage

/// One side of a large file whose contents are compared, and how it is read: what somebody has in
/// the page cache is read from there and stays, and nothing else is left there.
final class ComparedSide: Sendable {
  private let file: Int32
  /// What of it was in the cache before.
  private let residency: Residency
  private let alignment: Int
  private let dontCache: Atomic<Bool>
  private let measured: MeasuredDevice?

  /// Chooses how a file is read.
  ///
  /// - Parameters:
  ///   - file: The open file.
  ///   - metadata: What it is.
  ///   - policies: How each filesystem is read.
  ///   - measured: What measures how long reads take, if anybody wants to know.
  init(
    _ file: Int32,
    _ metadata: EntryMetadata,
    _ policies: AccessPolicies,
    _ measured: MeasuredDevice?
  ) {
    self.file = file
    self.measured = measured
    let access = policies.access(.reading, device: metadata.readDevice, descriptor: file)
    dontCache = Atomic(access.mode == .dontcache)
    guard access.mode != .keep else {
      (residency, alignment) = (.unknown, 1)
      return
    }
    residency = Residency(
      of: file,
      size: metadata.size,
      pageBytes: UInt64(ProcessFacts.pageBytes)
    )
    let isDirect =
      access.mode == .direct && residency == .nothing && access.alignment <= RunLimits.pageBytes
      && (try? FileCalls.setDirect(file, true)) != nil
    alignment = isDirect ? RunLimits.pageBytes : 1
  }

  /// Reads a part of the file, as far as it is there.
  ///
  /// - Parameters:
  ///   - buffer: Where to, page aligned and a multiple of pages long.
  ///   - offset: From where, in bytes.
  ///   - length: How much, in bytes.
  /// - Returns: Whether all of it was there.
  /// - Throws: The error of the call.
  func read(
    into buffer: UnsafeMutableRawPointer,
    at offset: UInt64,
    _ length: Int
  ) throws(Errno) -> Bool {
    var done = 0
    while done < length {
      let asked = unsafe UnsafeMutableRawBufferPointer(
        start: buffer + done,
        count: (length - done).roundedUp(to: alignment)
      )
      let count = unsafe try readOnce(into: asked, at: offset + UInt64(done))
      guard count > 0 else { return false }
      done += count
      // What is behind an odd end is asked for again from an aligned place.
      if done < length { done = done.roundedDown(to: alignment) }
    }
    drop(offset..<offset + UInt64(length))
    return true
  }

  private func readOnce(
    into buffer: UnsafeMutableRawBufferPointer,
    at offset: UInt64
  ) throws(Errno) -> Int {
    let skipsCache = dontCache.load(ordering: .relaxed)
    do {
      return try measured.time(.read) { () throws(Errno) in
        unsafe try FileCalls.read(file, into: buffer, at: offset, dontCache: skipsCache)
      }
    } catch {
      if error == .interrupted { return unsafe try readOnce(into: buffer, at: offset) }
      guard error == .notSupported, skipsCache else { throw error }
      dontCache.store(false, ordering: .relaxed)
      return unsafe try readOnce(into: buffer, at: offset)
    }
  }

  /// Drops from the cache what a part of the file brought in.
  func drop(_ range: Range<UInt64>) {
    guard alignment == 1, !dontCache.load(ordering: .relaxed) else { return }
    var next = range.lowerBound
    while let found = residency.droppable(from: next, to: range.upperBound) {
      let length = found.upperBound - found.lowerBound
      FileCalls.advise(file, .dontNeed, offset: found.lowerBound, length: length)
      next = found.upperBound
    }
  }
}
