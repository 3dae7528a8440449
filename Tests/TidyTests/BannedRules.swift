// SPDX-License-Identifier: Apache-2.0

/// Calls and words that have no place in the sources.
enum BannedRules {
  /// Code that Sources may not have, as tokens, and what to do instead.
  static let code: [(tokens: [String], instead: String)] = [
    (["try", "!"], "handle the error"),
    (["as", "!"], "use a type that needs no cast"),
    (["fatalError", "("], "use precondition, or throw what can happen at run time"),
    (["print", "("], "write through Output, which notices a reader that is gone"),
    (["debugPrint", "("], "write through Output"),
    (["dump", "("], "write through Output"),
    (["DispatchQueue"], "use a thread of the kernel layer"),
    (["Task", "{"], "use a thread of the kernel layer"),
    (["Task", "."], "use a thread of the kernel layer"),
    (["Mutex", "("], "use Lock, which the thread sanitizer sees"),
    (["Mutex", "<"], "use Lock, which the thread sanitizer sees"),
    (["async"], "a thread has a ring of its own and waits there only"),
    (["await"], "a thread has a ring of its own and waits there only"),
  ]

  /// Words that no line of Sources or the shim may have, comments included.
  static let words: Set<String> = ["TODO", "FIXME", "XXX"]

  /// The files, as `module/name`, that may ask whether a run only tells what it would do.
  ///
  /// All others are given what carries a decision out, or what only tells of it.
  static let dryRunFiles: Set<String> = [
    "CopyEngine/CopyOptions.swift", "CopyEngine/RunSetup.swift", "CopyEngine/TreeRun.swift",
    "CopyEngine/TargetPath.swift",
    "CopyEngine/Worker.swift", "CopyEngine/BlockDeviceCopy.swift",
    "CopyEngine/BlockDeviceImage.swift", "fastsync/CopyPlan+TypedOptions.swift",
    "fastsync/TypedOptions.swift", "fastsync/ReportingRows.swift", "fastsync/RunReporter.swift",
    "fastsync/Summary.swift", "fastsync/EndText.swift", "fastsync/PurposeText.swift",
    "fastsync/JSONEvents.swift", "fastsync/MetricsFile.swift",
  ]

  static func code(in repository: Repository) -> [Complaint] {
    repository.sources.flatMap { file in
      file.tokens.indices.flatMap { index in
        code.filter { file.tokens.match($0.tokens, at: index) && isBare(index, file.tokens) }.map {
          let what = "\($0.tokens.joined()) is banned: \($0.instead)"
          return Complaint(file.path, file.tokens[index].line, what)
        }
      }
    }
  }

  /// Whether a token is neither a member of something of the project, nor a declaration of it.
  private static func isBare(_ index: Int, _ tokens: [Token]) -> Bool {
    let before = tokens.text(index - 1)
    return before != "func" && (before != "." || tokens.text(index - 2) == "Swift")
  }

  static func words(in repository: Repository) -> [Complaint] {
    repository.code.filter { !$0.isInTests }.flatMap { file in
      // Comments and strings count too, so the whole text is looked at.
      Token.all(in: file.bytes).filter { words.contains($0.text) }.map {
        Complaint(file.path, $0.line, "\($0.text) is banned: do it, or leave it")
      }
    }
  }

  static func dryRuns(
    in repository: Repository,
    allowed: Set<String> = dryRunFiles
  ) -> [Complaint] {
    let asking = repository.sources.flatMap { file in
      file.tokens.filter { $0.text == "isDryRun" }.map { (file: file, line: $0.line) }
    }
    let unknown = asking.filter { !allowed.contains($0.file.key) }.map {
      Complaint($0.file.path, $0.line, "isDryRun is asked outside of the files that may")
    }
    let stale = allowed.subtracting(asking.map(\.file.key)).sorted().map {
      Allowance.stale($0, in: "BannedRules", "it does not mention isDryRun")
    }
    return unknown + stale
  }
}
