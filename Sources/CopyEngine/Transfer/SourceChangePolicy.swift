// SPDX-License-Identifier: Apache-2.0

/// What becomes of a file whose source changed while it was copied.
struct SourceChangePolicy {
  let run: RunContext

  /// Whether it is copied once more.
  var retries: Bool { run.options.transfer.onChange == .retry }

  /// Whether the copy counts all the same, and the change is only told.
  ///
  /// - Throws: The change, where the copy is not to be published.
  func isOnlyTold(
    _ change: CopyError.Operation,
    _ entry: FoundEntry
  ) throws(CopyError) -> Bool {
    switch run.options.transfer.onChange {
    case .retry: return false
    case .warn:
      run.tell(.warning(.sourceChanged(entry.sourcePath)))
      return true
    case .fail: throw CopyError(change, entry.sourcePath, nil, .entry)
    }
  }
}
