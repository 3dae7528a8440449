// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Glibc
import SystemPackage
import Testing

@testable import fastsync

/// Reads a command line, written with spaces between its words.
func invocation(_ line: String) throws -> Invocation {
  try Invocation(line.utf8Words)
}

extension String {
  /// The words between the spaces, in bytes.
  var utf8Words: [[UInt8]] { split(separator: " ").map { Array($0.utf8) } }
}

/// The plan of a command line.
func plan(_ line: String) throws -> CopyPlan {
  guard case .copy(let plan, _) = try invocation(line) else {
    throw Refusal("this is no copy: \(line)")
  }
  return plan
}

/// How much the command line of an invocation says.
func verbosity(_ line: String) throws -> Verbosity? {
  guard case .copy(_, let verbosity) = try invocation(line) else { return nil }
  return verbosity
}

/// The refusal of a command line; `nil` if it is accepted.
func refusal(_ line: String) -> Refusal? {
  do {
    _ = try invocation(line)
    return nil
  } catch {
    return error as? Refusal
  }
}

extension Refusal {
  /// The sentence as text.
  var text: String { String(decoding: sentence, as: UTF8.self) }
}

/// The folder of these tests in the source tree.
let testFolder = FilePath(#filePath).removingLastComponent()

/// The top folder of the source tree.
let packageFolder = testFolder.removingLastComponent().removingLastComponent()

/// Expects that a text is the checked-in one; with `FASTSYNC_UPDATE_GOLDEN=1` checks it in.
func expectGolden(
  _ text: String,
  in file: FilePath,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  if unsafe getenv("FASTSYNC_UPDATE_GOLDEN") != nil {
    let descriptor = try FileDescriptor.open(file, .writeOnly, options: .truncate)
    _ = try descriptor.closeAfter { try descriptor.writeAll(text.utf8) }
  }
  let hint = "after a deliberate change: FASTSYNC_UPDATE_GOLDEN=1 swift test --filter Command"
  #expect(try FastsyncTests.text(of: file) == text, "\(hint)", sourceLocation: sourceLocation)
}

/// Reads a text file of the source tree.
func text(of file: FilePath) throws -> String {
  let descriptor = try FileDescriptor.open(file, .readOnly)
  defer { try? descriptor.close() }
  var bytes: [UInt8] = []
  var block = [UInt8](repeating: 0, count: 64 << 10)
  while true {
    let count = try unsafe block.withUnsafeMutableBytes { try unsafe descriptor.read(into: $0) }
    if count == 0 { return String(decoding: bytes, as: UTF8.self) }
    bytes += block[..<count]
  }
}
