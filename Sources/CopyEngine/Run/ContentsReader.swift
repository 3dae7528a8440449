// SPDX-License-Identifier: Apache-2.0

internal import Kernel
internal import SystemPackage

/// Reads a file of the source for those who are told of it.
struct ContentsReader: Sendable {
  let run: RunContext
  let entry: FoundEntry

  /// How much is read at once, in bytes.
  private static let blockBytes = 256 << 10

  /// Reads all of it (`pread`); what fails is told.
  ///
  /// - Parameter body: Takes the next bytes.
  /// - Returns: Whether all of it was read.
  func read(_ body: (RawSpan) -> Void) -> Bool {
    do throws(Errno) {
      let file = try entry.contents.openForReading()
      defer { withExtendedLifetime(file) {} }
      let found = entry.contentsMetadata
      let now = try EntryMetadata(ofOpen: file.rawValue, foundAs: found)
      // Something else has the name by now.
      guard now.identity == found.identity, now.kind == .file else { throw .noSuchFileOrDirectory }
      return try read(file.rawValue, now.size, body)
    } catch {
      run.fail(.source(.read, entry.sourcePath, error), at: FailedPlace(entry))
      return false
    }
  }

  private func read(
    _ file: Int32,
    _ size: UInt64,
    _ body: (RawSpan) -> Void
  ) throws(Errno) -> Bool {
    let keeps = run.options.transfer.reading == .keep
    // What nobody has in the cache does not stay there.
    let isDropped = !keeps && FileCalls.cachedPages(of: file, offset: 0, length: size) == 0
    let block = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(1, Int(min(UInt64(Self.blockBytes), size))),
      alignment: ProcessFacts.pageBytes
    )
    defer { unsafe block.deallocate() }
    var offset: UInt64 = 0
    while !run.shouldStop {
      run.heartbeat?.beat()
      let count = unsafe try FileCalls.read(file, into: block, at: offset)
      guard count > 0 else { return true }
      unsafe body(UnsafeRawBufferPointer(rebasing: block[..<count]).bytes)
      if isDropped {
        FileCalls.advise(file, .dontNeed, offset: offset, length: UInt64(count))
      }
      offset += UInt64(count)
    }
    return false
  }
}
