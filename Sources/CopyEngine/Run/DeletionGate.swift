// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Lets names of the target be removed, one by one: none any more when the source could not be read
/// in full, since what was not read would be taken for missing, and no more than are allowed.
final class DeletionGate: Sendable {
  private let entriesMax: Int?
  private let ignoresReadErrors: Bool
  private let isClosed = Atomic<Bool>(false)
  private let hasToldClosed = Atomic<Bool>(false)
  private let hasChangedRoot = Atomic<Bool>(false)
  private let claimed = Atomic<Int>(0)
  private let refused = Atomic<Int>(0)

  /// Opens the gate.
  init(_ options: DeletionOptions) {
    entriesMax = options.entriesMax
    ignoresReadErrors = options.ignoresReadErrors
  }

  /// Whether names may be removed.
  var isOpen: Bool { !isClosed.load(ordering: .relaxed) }

  /// How many names `entriesMax` kept.
  var skipped: Int { refused.load(ordering: .relaxed) }

  /// Notes that the source could not be read in full.
  func close() {
    if !ignoresReadErrors { isClosed.store(true, ordering: .relaxed) }
  }

  /// Notes that something is removed from the target directory itself.
  func noteRoot() { hasChangedRoot.store(true, ordering: .relaxed) }

  /// Whether anything was.
  var changedRoot: Bool { hasChangedRoot.load(ordering: .relaxed) }

  /// Whether it was told that names are held back.
  var hasHeldBack: Bool { hasToldClosed.load(ordering: .relaxed) }

  /// Whether names are held back, and nobody has told so.
  func isFirstHeldBack() -> Bool {
    !isOpen && !hasToldClosed.exchange(true, ordering: .relaxed)
  }

  /// Asks for one name to be removed.
  ///
  /// - Returns: Whether it may be; if it is not in the end, `giveBack` has to follow.
  func claim() -> Bool {
    guard let entriesMax else { return true }
    if claimed.wrappingAdd(1, ordering: .relaxed).newValue <= entriesMax { return true }
    claimed.wrappingSubtract(1, ordering: .relaxed)
    refused.wrappingAdd(1, ordering: .relaxed)
    return false
  }

  /// Notes that a name was not removed after all.
  func giveBack() {
    if entriesMax != nil { claimed.wrappingSubtract(1, ordering: .relaxed) }
  }
}
