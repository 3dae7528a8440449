// SPDX-License-Identifier: Apache-2.0

/// A doomed directory that is to be read on from a position (`lseek`), 0 being its start.
struct DoomedWork: Sendable {
  let directory: DoomedDirectory
  var position: Int64 = 0
  /// The number of its inode, as the directory above tells it.
  var inode: UInt64 = 0
}

/// The doomed directories that one worker removes, what was found last first, each time in the
/// order of the inodes.
///
/// Filesystems have a lock for each group of inodes (XFS takes it at every `unlink`, and again to
/// free the inode in the background), so that workers which take turns at neighbours wait for each
/// other. Each therefore keeps a range to itself, and gives those that wait the far parts.
struct DoomedRanges {
  /// None is empty.
  private var ranges: [ArraySlice<DoomedWork>] = []

  init(_ works: [DoomedWork] = []) { push(works) }

  /// Adds what comes before all others.
  mutating func push(_ works: [DoomedWork]) {
    guard !works.isEmpty else { return }
    ranges.append(works.sorted { $0.inode < $1.inode }[...])
  }

  /// Adds what was found in a directory, and what is left to read of that, which comes behind.
  mutating func push(_ works: [DoomedWork], then rest: DoomedWork) {
    push([rest])
    push(works)
  }

  /// Takes what is to be done next.
  mutating func takeNext() -> DoomedWork? {
    guard var range = ranges.popLast() else { return nil }
    let next = range.removeFirst()
    if !range.isEmpty { ranges.append(range) }
    return next
  }

  /// Takes the far parts of what would be done last, for others; a part of the same size stays.
  ///
  /// - Parameter workers: How many want a part.
  /// - Returns: Their parts, the farthest last; fewer, or none, where there are not enough.
  mutating func share(among workers: Int) -> [[DoomedWork]] {
    guard workers > 0, var far = ranges.first else { return [] }
    let near = far.prefix(far.count / (workers + 1))
    far.removeFirst(near.count)
    if near.isEmpty { ranges.removeFirst() } else { ranges[0] = near }
    let length = (far.count + workers - 1) / workers
    return stride(from: far.startIndex, to: far.endIndex, by: length).map {
      Array(far[$0..<Swift.min($0 + length, far.endIndex)])
    }
  }

  /// Takes everything.
  mutating func takeAll() -> [DoomedWork] {
    defer { ranges.removeAll() }
    return ranges.flatMap(Array.init)
  }
}
