// SPDX-License-Identifier: Apache-2.0

/// Links of the documents, and paths that comments name, lead to something.
enum LinkRules {
  /// Links of README.md, bench/README.md and docs to files of the repository and their headings.
  static func documents(in repository: Repository) -> [Complaint] {
    repository.files.filter { isDocument($0.path) }.flatMap { file in
      Markdown(file.bytes).links.compactMap { link -> Complaint? in
        guard let what = flaw(of: link.target, in: file.path, repository) else { return nil }
        return Complaint(file.path, link.line, what)
      }
    }
  }

  private static func isDocument(_ path: String) -> Bool {
    let isInDocs = path.hasPrefix("docs/") && path.hasSuffix(".md")
    return isInDocs || path == "README.md" || path == "bench/README.md"
  }

  /// What is wrong with a link, and nothing where it leads somewhere, or out of the repository.
  private static func flaw(of target: String, in path: String, _ all: Repository) -> String? {
    guard !target.contains("://"), !target.hasPrefix("mailto:") else { return nil }
    let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
    let aim = parts[0].isEmpty ? path : resolved(String(parts[0]), from: path)
    guard let aim, aim.isEmpty || all.paths.contains(aim) else { return "\(target) does not exist" }
    guard parts.count == 2 else { return nil }
    guard let file = all.file(aim), file.path.hasSuffix(".md") else {
      return "\(target) has an anchor, and \(aim) has no headings"
    }
    guard !Markdown(file.bytes).anchors.contains(String(parts[1])) else { return nil }
    return "\(aim) has no heading #\(parts[1])"
  }

  /// The path from the top of the repository; nothing where it leads out of it.
  private static func resolved(_ link: String, from path: String) -> String? {
    var parts = path.split(separator: "/").dropLast()
    for part in link.split(separator: "/") where part != "." {
      if part != ".." {
        parts.append(part)
      } else if parts.popLast() == nil {
        return nil
      }
    }
    return parts.joined(separator: "/")
  }

  /// Paths below docs and bench that comments of Swift and C name.
  static func comments(in repository: Repository) -> [Complaint] {
    repository.code.flatMap { file in
      SourceFile.lines(file.comments).enumerated().flatMap { index, line in
        paths(in: line).filter { !repository.paths.contains($0) }.map {
          Complaint(file.path, index + 1, "the comment names \($0), which does not exist")
        }
      }
    }
  }

  private static func paths(in line: ArraySlice<UInt8>) -> [String] {
    // Most lines have no comment; the blanks of code need not be looked at.
    guard line.contains(UInt8(ascii: "/")) else { return [] }
    let words = line.split { !isPathByte($0) }.map { String(decoding: $0, as: UTF8.self) }
    return words.filter { $0.hasPrefix("docs/") || $0.hasPrefix("bench/") }.map { word in
      // The end of a sentence, and "..." for what may come.
      let end = word.lastIndex { $0 != "." && $0 != "/" }
      return end.map { String(word[...$0]) } ?? word
    }
  }

  private static func isPathByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-")...UInt8(ascii: "/"),
      UInt8(ascii: "_"), UInt8(ascii: "+"):
      true
    default: false
    }
  }
}
