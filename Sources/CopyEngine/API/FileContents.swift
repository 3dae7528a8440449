// SPDX-License-Identifier: Apache-2.0

/// What is in a file of the source, for whoever is told of it: to be read while the event is
/// received, through the directory that the run holds open.
public struct FileContents: Sendable {
  private let readAll: @Sendable ((RawSpan) -> Void) -> Bool

  init(_ readAll: @escaping @Sendable ((RawSpan) -> Void) -> Bool) { self.readAll = readAll }

  /// Reads all of it (`pread`).
  ///
  /// A disk that fails is told as a failure of the run.
  ///
  /// - Parameter body: Takes the next bytes, which are only lent.
  /// - Returns: Whether all of it was read; not where the file is gone, may not be read, or has
  ///   changed, and not where the run stops.
  public func read(_ body: (RawSpan) -> Void) -> Bool { readAll(body) }
}
