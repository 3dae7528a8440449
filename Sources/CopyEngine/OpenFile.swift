// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Uring

/// A file whose data is on its way.
struct OpenFile: ~Copyable {
  let entry: FoundEntry
  /// What the source was when it was opened.
  var opened: EntryMetadata
  let source: Descriptor
  /// Where it goes; small files get theirs when they were read.
  private var target: TargetFile?
  /// The target's descriptor, -1 without one.
  private(set) var targetNumber: Int32 = -1
  /// Whether it was read through the cache and brought there by this copy.
  var dropsSource = false
  /// Whether room was made for it once already.
  var hasMadeRoom = false
  /// Whether it was begun with RWF_DONTCACHE, which is refused by the first request.
  var triesDontCache = (reading: false, writing: false)
  /// Whether direct I/O was refused for this file.
  var avoidsDirect = false
  /// Whether it was begun again since the kernel gave up its requests.
  var wasCanceled = false
  /// What was written through the cache and nobody has sent on its way.
  var settling: Settler.Load?

  init(entry: FoundEntry, opened: EntryMetadata, source: consuming Descriptor) {
    self.entry = entry
    self.opened = opened
    self.source = source
  }

  /// Whether it is only read so far.
  var isLoading: Bool { targetNumber < 0 }

  /// Sets where it goes.
  mutating func attach(_ target: consuming TargetFile) {
    targetNumber = target.rawValue
    self.target = consume target
  }

  /// Takes out where it goes, to publish it.
  mutating func takeTarget() -> TargetFile? { target.take() }
}
