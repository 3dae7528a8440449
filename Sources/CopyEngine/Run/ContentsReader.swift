// SPDX-License-Identifier: Apache-2.0

internal import Kernel
internal import SystemPackage

/// Reads a file of the source for those who are told of it.
struct ContentsReader: Sendable {
  let run: RunContext
  let entry: FoundEntry

  /// How much is read at once, in bytes.
  private static let blockBytes = 256 << 10
  /// After so many bytes what was read is dropped from the page cache, in bytes: whole large folios
  /// of it.
  private static let dropBytes: UInt64 = 8 << 20

  /// Reads all of it (`pread`); where the disk fails, that is told.
  ///
  /// - Parameter body: Takes the next bytes.
  /// - Returns: Whether all of it was read; not where it is gone, may not be read, or has changed.
  func read(_ body: (RawSpan) -> Void) -> Bool {
    do throws(Errno) {
      let file = try entry.contents.openForReading()
      defer { withExtendedLifetime(file) {} }
      guard try isStill(file.rawValue) else { return false }
      guard try read(file.rawValue, body) else { return false }
      return try isStill(file.rawValue)
    } catch {
      if error == .ioError {
        run.fail(.source(.read, entry.sourcePath, error), at: FailedPlace(entry))
      }
      return false
    }
  }

  /// Whether an open file is what was found under the name, and has not changed since; of a device
  /// nobody knows.
  private func isStill(_ file: Int32) throws(Errno) -> Bool {
    let found = entry.contentsMetadata
    let now = try EntryMetadata(ofOpen: file, foundAs: found)
    return now.isSameFile(as: found)
      || found.isContentsOfDevice && now.identity == found.identity
  }

  private func read(_ file: Int32, _ body: (RawSpan) -> Void) throws(Errno) -> Bool {
    let size = entry.contentsMetadata.size
    let keeps = run.options.transfer.reading == .keep
    // What nobody has in the cache does not stay there.
    let isDropped = !keeps && FileCalls.cachedPages(of: file, offset: 0, length: size) == 0
    let block = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(1, Int(min(UInt64(Self.blockBytes), size))),
      alignment: ProcessFacts.pageBytes
    )
    defer { unsafe block.deallocate() }
    defer { if isDropped { FileCalls.advise(file, .dontNeed) } }
    var offset: UInt64 = 0
    // What counts as empty is not read: some devices have no end.
    while offset < size {
      guard !run.shouldStop else { return false }
      run.heartbeat?.beat()
      let wanted = Int(min(UInt64(block.count), size - offset))
      let part = unsafe UnsafeMutableRawBufferPointer(rebasing: block[..<wanted])
      guard unsafe try FileCalls.fill(part, from: file, at: offset) else { return false }
      unsafe body(UnsafeRawBufferPointer(part).bytes)
      offset += UInt64(wanted)
      if isDropped, offset % Self.dropBytes == 0 {
        FileCalls.advise(file, .dontNeed, offset: 0, length: offset)
      }
    }
    return true
  }
}
