// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Runs the command to its end.
func fastsync(
  _ arguments: [String],
  user: UInt32? = nil,
  directory: String? = nil,
  timeoutSeconds: Double = 1_200
) throws -> ProcessResult {
  try run(
    fastsyncBinary,
    arguments,
    directory: directory,
    user: user,
    timeoutSeconds: timeoutSeconds
  )
}

/// Runs the command, and expects an exit status and, if it is 0, not a word on standard error.
@discardableResult
func expectFastsync(
  _ status: Int32,
  _ arguments: [String],
  user: UInt32? = nil,
  saying words: [String] = [],
  hint: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) throws -> ProcessResult {
  let result = try fastsync(arguments, user: user)
  let told =
    "fastsync \(arguments.joined(separator: " ")): \(result.errorText.prefix(3000)) \(hint)"
  #expect(result.signal == 0, "\(told)", sourceLocation: sourceLocation)
  #expect(result.status == status, "\(told)", sourceLocation: sourceLocation)
  if status == 0 {
    #expect(result.standardError.isEmpty, "\(told)", sourceLocation: sourceLocation)
  } else {
    #expect(result.errorText.hasPrefix("fastsync: "), "\(told)", sourceLocation: sourceLocation)
  }
  for word in words {
    #expect(result.errorText.contains(word), "\(told)", sourceLocation: sourceLocation)
  }
  return result
}

/// Expects an empty list, and shows what is in it otherwise.
func expectNone(
  _ lines: [some CustomStringConvertible],
  _ hint: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let text = lines.prefix(60).map(\.description).joined(separator: "\n")
  #expect(lines.isEmpty, "\(text)\n\(hint)", sourceLocation: sourceLocation)
}

/// Expects that two trees are the same: for the comparer of these tests, and for rsync.
func expectSame(
  _ source: String,
  _ target: String,
  _ aspects: TreeComparer.Aspects = .all,
  beyondRsync: [String] = [],
  hint: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let differences = try TreeComparer.differences(source, target, aspects)
  expectNone(differences, "\(source) \(target) \(hint)", sourceLocation: sourceLocation)
  guard RsyncJudge.obstacle == nil, aspects.isSuperset(of: .all) else { return }
  let complaints = try RsyncJudge.complaints(source, target, ignoring: beyondRsync)
  expectNone(complaints, "is what rsync still has to do, \(hint)", sourceLocation: sourceLocation)
}

/// The names below a directory, at any depth, that look like temporaries:
/// `.NAME.fastsync-XXXXXXXX`.
func temporaryNames(_ path: String) throws -> [String] {
  let result = try succeed("find", [path, "-name", MixedTree.temporary])
  return result.outputText.split(separator: "\n").map(String.init)
}

/// What is known of every entry of a tree without looking into files.
///
/// It changes when anything was written, renamed, or set again. Access times are left out.
func fingerprint(_ path: String) throws -> [Substring] {
  let format = "%p\\t%i\\t%y %m %U %G %s %n %T@ %C@ %l\\0"
  return try succeed("find", [path, "-printf", format]).outputText.split(separator: "\0").sorted()
}
