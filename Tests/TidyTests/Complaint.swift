// SPDX-License-Identifier: Apache-2.0

import Testing

/// A place in the repository that breaks a rule.
struct Complaint: CustomStringConvertible, Equatable {
  let path: String
  /// Counted from 1.
  let line: Int
  let what: String

  init(_ path: String, _ line: Int, _ what: String) {
    self.path = path
    self.line = line
    self.what = what
  }

  var description: String { "\(path):\(line): \(what)" }
}

/// Records all complaints as one issue, a line each.
func expectNone(_ complaints: [Complaint], at location: SourceLocation = #_sourceLocation) {
  guard !complaints.isEmpty else { return }
  let text = complaints.map(\.description).joined(separator: "\n")
  Issue.record("\(complaints.count) complaints:\n\(text)", sourceLocation: location)
}

/// Expects the complaints of a bad example: their places, and a part of what each says.
func expectOnly(
  _ complaints: [Complaint],
  _ places: [String],
  saying part: String,
  at location: SourceLocation = #_sourceLocation
) {
  #expect(complaints.map { "\($0.path):\($0.line)" } == places, sourceLocation: location)
  for complaint in complaints {
    #expect(complaint.what.contains(part), sourceLocation: location)
  }
}
