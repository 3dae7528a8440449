// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// The files that got their names last, to be read back after an error of the target.
///
/// A disk that is about to fail may say of the requests before that they went well: a loop device
/// whose file finds no more room calls a write complete of which it took a part. So what was
/// published just before an error is compared with its source, from the disk, and what does not
/// hold that is removed: neither the user nor the next run, which goes by size and time, would find
/// it.
final class RecentFiles: Sendable {
  private struct Record {
    let name: LinkName
    let bytes: UInt64
  }
  private struct State {
    var records: [Record] = []
    var first = 0
    var bytes: UInt64 = 0
  }
  private let state = Lock(State())

  /// How much is read back, in bytes; of a file that is larger the end.
  static let bytesMax: UInt64 = 128 << 20
  /// How many files are read back.
  static let filesMax = 8192
  /// How much is compared at once, in bytes.
  private static let blockBytes = 256 << 10

  /// Remembers a name that a file got, and forgets what is no longer among the last.
  func note(_ entry: FoundEntry) {
    let record = Record(name: entry.linkName, bytes: entry.metadata.size)
    state.withLock { state in
      state.records.append(record)
      state.bytes += record.bytes
      while state.records.count - state.first > 1,
        state.bytes > Self.bytesMax || state.records.count - state.first > Self.filesMax
      {
        state.bytes -= state.records[state.first].bytes
        state.first += 1
      }
      // Forgotten now and then, so that no file moves all of them.
      guard state.first > Self.filesMax else { return }
      state.records.removeFirst(state.first)
      state.first = 0
    }
  }

  /// Reads back what is remembered, and removes what is not as it is at the source.
  ///
  /// - Parameters:
  ///   - opener: Finds the directories again.
  ///   - onFailure: Told of each file that was removed, or could not be.
  func readBack(_ opener: DirectoryOpener, onFailure: (CopyError, FailedPlace) -> Void) {
    let records = state.withLock { state in Array(state.records[state.first...]) }
    var block = (source: [UInt8](), target: [UInt8]())
    block.source = [UInt8](repeating: 0, count: Self.blockBytes)
    block.target = block.source
    for record in records {
      let name = record.name
      guard let sides = try? opener.open(name.directory) else { continue }
      defer { withExtendedLifetime(sides) {} }
      let source = EntryLocation(directory: sides.source, name: name.name)
      let target = EntryLocation(directory: sides.target, name: name.targetName)
      guard isOther(target, than: source, &block) else { continue }
      let path = name.directory.targetPath(name.targetName)
      let place = FailedPlace(name.directory, sides)
      do {
        try target.remove()
        onFailure(CopyError(.keepData, path, nil, .stop), place)
      } catch {
        onFailure(.target(.removeWrong, path, error), place)
      }
    }
  }

  /// Whether a file says to be its source by size and time, and is not.
  private func isOther(
    _ target: EntryLocation,
    than source: EntryLocation,
    _ block: inout (source: [UInt8], target: [UInt8])
  ) -> Bool {
    guard let wanted = try? source.metadata(), let found = try? target.metadata(),
      wanted.kind == .file, found.kind == .file, wanted.size == found.size,
      wanted.modificationTime == found.modificationTime,
      let original = try? source.openForReading(), let copy = try? target.openForReading()
    else { return false }
    // What the cache has of it is not what the disk has.
    FileCalls.advise(copy.rawValue, .dontNeed)
    // Of a file that is larger the end was written last.
    var offset = wanted.size - min(wanted.size, Self.bytesMax)
    while offset < wanted.size {
      let (read, position) = (min(Self.blockBytes, Int(wanted.size - offset)), offset)
      guard Self.fill(&block.source, read, from: original.rawValue, at: position) else {
        return false
      }
      guard Self.fill(&block.target, read, from: copy.rawValue, at: position),
        unsafe MemoryCalls.areEqual(block.source, block.target, count: read)
      else { return true }
      offset += UInt64(read)
    }
    withExtendedLifetime(original) {}
    withExtendedLifetime(copy) {}
    return false
  }

  /// Reads so many bytes (`pread`).
  ///
  /// - Returns: Whether all of them could be read.
  private static func fill(
    _ bytes: inout [UInt8],
    _ count: Int,
    from file: Int32,
    at offset: UInt64
  ) -> Bool {
    let isFull = unsafe bytes.withUnsafeMutableBytes { buffer in
      let wanted = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
      return unsafe try? FileCalls.fill(wanted, from: file, at: offset)
    }
    return isFull ?? false
  }
}
