// SPDX-License-Identifier: Apache-2.0

internal import Kernel
internal import SystemPackage

/// What of one file could not be read, and how far the rest is.
final class SparedParts {
  var ranges = UnreadableRanges()
  /// Why it could not be read.
  var errno: Errno?
  /// Everything below this offset is written already, in bytes.
  var resumesAt: UInt64 = 0
}

/// What becomes of files of which a part cannot be read, where the rest is to be copied.
struct ReadErrorHandler {
  let run: RunContext

  /// Whether a failure to read costs a part of a file, and not the file.
  func spares(_ errno: Errno) -> Bool {
    run.options.transfer.onReadError != .fail && UnreadableRanges.isMeant(by: errno)
  }

  /// Finds out what cannot be read, so that the rest of the file can be moved.
  ///
  /// A file that was only read so far is to be opened anew, to go block by block.
  ///
  /// - Throws: Why nothing of it can be copied.
  func goAround(
    _ failed: FailedRange?,
    _ errno: Errno,
    of file: inout OpenFile
  ) throws(CopyError) {
    if let gone = run.goneFilesystem(after: errno, at: FailedPlace(file.entry)) { throw gone }
    guard !file.isLoading, let failed else { return }
    let spared = file.spared ?? SparedParts()
    if !spared.ranges.scan(failed, size: file.opened.size, of: file.source.rawValue) {
      // What a direct read could not read, one through the cache can.
      guard !file.avoidsDirect else {
        throw CopyError(.read, file.entry.sourcePath, errno, .entry, failed)
      }
      file.avoidsDirect = true
    }
    spared.resumesAt = failed.resumesAt
    spared.errno = errno
    file.spared = spared
  }

  /// Completes a file of which a part could not be read, and tells what that is.
  ///
  /// The target keeps the time of the copy, so that the next run tries again.
  ///
  /// - Throws: Why it cannot be published.
  func complete(_ file: inout OpenFile, _ spared: SparedParts) throws(CopyError) {
    let (entry, ranges) = (file.entry, spared.ranges)
    // Once more through the cache, all could be read.
    guard !ranges.isEmpty else { return }
    let isFilled = run.options.transfer.onReadError == .zeroFill
    if isFilled, let (offset, errno) = ranges.fill(file.targetNumber) {
      throw .target(.write, entry.targetPath, errno, offset: offset)
    }
    do throws(Errno) {
      try FileCalls.setSize(file.targetNumber, file.opened.size)
      let target = try EntryLocation(open: file.targetNumber).metadata()
      file.opened.modificationTime = target.modificationTime
    } catch {
      throw .target(.setSize, entry.targetPath, error)
    }
    run.fail(ranges.error(entry.sourcePath, spared.errno, areFilled: isFilled))
    guard let maps = run.options.transfer.mapfile else { return }
    let path = maps.pushing(entry.directory.relativePath(entry.targetName))
    do throws(Errno) {
      try path.directory.makeDirectories()
      try path.write(ranges.mapfile(size: file.opened.size))
    } catch {
      run.fail(CopyError(.writeMapfile, path, error, .entry))
    }
  }
}
