// SPDX-License-Identifier: Apache-2.0

/// A system call of a process that strace has seen.
struct TracedCall: CustomStringConvertible {
  /// The call, its arguments and its result, as strace writes them.
  private(set) var description: String
  /// The lines of the trace at which it began and ended.
  ///
  /// While threads interrupt each other these are two, and the text is on both.
  let begin: Int
  private(set) var end: Int

  /// Whether it is a call of this name that mentions all of the words.
  func `is`(_ name: String, _ words: String...) -> Bool {
    description.hasPrefix("\(name)(") && words.allSatisfy { description.contains($0) }
  }

  var hasSucceeded: Bool { description.hasSuffix(" = 0") }

  /// The descriptor that is its first argument.
  var descriptor: Int? {
    description.firstIndex(of: "(")
      .flatMap { Int(description[description.index(after: $0)...].prefix { $0.isNumber }) }
  }

  /// Reads what `strace -f` has written; the calls are in the order in which they began.
  static func parse(_ trace: String) -> [TracedCall] {
    var calls: [TracedCall] = []
    var open: [Substring: Int] = [:]
    for (number, line) in trace.split(separator: "\n").enumerated() {
      let thread = line.prefix { $0 != " " }
      let text = line[thread.endIndex...].drop { $0 == " " }
      if text.hasPrefix("<... "), let rest = text.firstRange(of: " resumed>") {
        guard let index = open.removeValue(forKey: thread) else { continue }
        calls[index].description += text[rest.upperBound...]
        calls[index].end = number
      } else if let first = text.first, first.isLetter || first == "_" {
        var call = TracedCall(description: String(text), begin: number, end: number)
        if let mark = text.firstRange(of: " <unfinished ...>") {
          call.description = String(text[..<mark.lowerBound])
          call.end = Int.max
          open[thread] = calls.count
        }
        calls.append(call)
      }
    }
    return calls
  }
}

extension Sandbox {
  /// The system calls of a run of the command.
  ///
  /// - Parameters:
  ///   - names: Those that are looked at, as strace takes them.
  ///   - words: The options and operands of the command.
  /// - Returns: The calls, in the order in which they began.
  /// - Throws: When the command or strace fails.
  func trace(_ names: String, _ words: [String]) throws -> [TracedCall] {
    let trace = path("trace")
    try succeed("strace", ["-f", "-e", "trace=\(names)", "-o", trace, fastsyncBinary] + words)
    return TracedCall.parse(try succeed("cat", [trace]).outputText)
  }
}
