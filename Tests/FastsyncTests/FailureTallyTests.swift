// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Kernel
import SystemPackage
import Testing

@testable import fastsync

/// Which failures are printed, and what is said of the others.
@Suite("Many failures, and hints")
struct FailureTallyTests {
  private func error(
    _ operation: CopyError.Operation,
    _ errno: Errno?,
    _ path: FilePath = "a"
  ) -> CopyError {
    CopyError(operation, path, errno, .entry)
  }

  @Test("of each kind the first ones are printed, and the rest is counted")
  func counts() {
    let tally = FailureTally(isPrivileged: true)
    let most = FailureTally.printedMax
    for number in 0..<4_332 {
      #expect(
        tally.takes(error(.open, .permissionDenied, FilePath("\(number)"))) == (number < most)
      )
    }
    for number in 0...most {
      let name = EntryName("user.\(number)".utf8)
      #expect(tally.takes(error(.setAttribute(name), .notSupported)) == (number < most))
      #expect(
        tally.takes(error(.copyInsteadOfLink(to: FilePath("\(number)")), nil)) == (number < most)
      )
    }
    for _ in 0..<most { #expect(tally.takes(error(.open, .ioError))) }
    #expect(
      tally.rest(.grouped) == [
        "and 4,312 more: cannot open: Permission denied",
        "and 1 more: cannot set an attribute: Operation not supported",
        "and 1 more: copied, since it cannot be linked",
      ]
    )
    #expect(tally.rest(.plain).first == "and 4312 more: cannot open: Permission denied")
  }

  @Test("a hint is told once, in the order of the failures")
  func once() {
    let tally = FailureTally(isPrivileged: false)
    for _ in 0..<3 {
      for operation: CopyError.Operation in [.setOwner, .setGroup, .makeNode] {
        _ = tally.takes(error(operation, .notPermitted))
      }
    }
    #expect(tally.hints == [Hint.owners.text, Hint.nodes.text])
  }

  @Test(
    "what helps against what",
    arguments: [
      (.setOwnerAndGroup, .notPermitted, .owners, .modesOfFilesystem),
      (.makeNode, .notPermitted, .nodes, nil),
      (.setAttribute(EntryName("trusted.a".utf8)), .notPermitted, .privilegedAttributes, nil),
      (.setAttribute(EntryName("user.a".utf8)), .notPermitted, nil, nil),
      (.setAttribute(EntryName("user.a".utf8)), .notSupported, .attributes, .attributes),
      (
        .setAttribute(EntryName("system.posix_acl_access".utf8)), .notSupported, .accessLists,
        .accessLists
      ),
      (.setAttribute(EntryName("user.a".utf8)), .noSpace, .attributesRoom, .attributesRoom),
      (.create, .readOnlyFileSystem, .readOnly, .readOnly),
      (.write, .noSpace, .full, .full), (.leaveOut(files: 2), .noSpace, .full, .full),
      (.needRoom(bytes: 2, free: 1), nil, .full, .full),
      (.write, .diskQuotaExceeded, .quota, .quota),
      (.open, .tooManyOpenFiles, .openFiles, .openFiles),
      (.replaceProtected(.liesInImmutable), nil, .immutable, .immutable),
      (.replaceProtected(.isAppendOnly), .notPermitted, .appendOnly, .appendOnly),
      (.delete, .notPermitted, .closedTarget, .immutable),
      (.makeLink, .notPermitted, .links, .links),
      (.open, .permissionDenied, .unreadableSource, nil),
      (.makeDirectory, .permissionDenied, .closedTarget, nil),
      (.read, .ioError, .badSectors, .badSectors), (.write, .ioError, nil, nil),
      (.sourceChanged, nil, .busySource, .busySource),
      (.setSize, .fileTooLarge, .fileTooLarge, .fileTooLarge),
      (.create, .invalidArgument, .nameNotTaken, .nameNotTaken),
      (.open, .noSuchFileOrDirectory, nil, nil),
    ] as [(CopyError.Operation, Errno?, Hint?, Hint?)]
  )
  func hints(operation: CopyError.Operation, errno: Errno?, ofUser: Hint?, ofRoot: Hint?) {
    #expect(Hint(error(operation, errno), isPrivileged: false) == ofUser)
    #expect(Hint(error(operation, errno), isPrivileged: true) == ofRoot)
  }

  @Test("hints are short, and each says something else", arguments: Hint.allCases)
  func texts(_ hint: Hint) {
    #expect(!hint.text.isEmpty && hint.text.utf8.count <= 160 && hint.text.last != ".")
    #expect(Hint.allCases.filter { $0.text == hint.text }.count == 1)
  }

  /// Makes files that their owner may not read, copies them, and returns what was said.
  private func copy(_ sandbox: Sandbox, _ options: [String]) throws -> [Substring] {
    let script = "mkdir source && cd source && for i in $(seq 100); do : >$i; chmod 0 $i; done"
    try succeed(
      "sh",
      ["-c", "cd '\(sandbox.path)' && chmod 777 . && { test -d source || { \(script); }; }"]
    )
    let words = ["--reuid=65534", "--regid=65534", "--clear-groups", fastsyncBinary] + options
    let operands = [sandbox.path("source") + "/", sandbox.path("target\(options.count)")]
    let result = try run("setpriv", words + operands)
    #expect(result.status == 23, "\(result.errorText)")
    return result.errorText.split(separator: "\n")
  }

  @Test(
    "a hundred files that may not be read are few lines, and all are in the log",
    .enabled(if: ProcessFacts.isPrivileged, "it takes root to become another user")
  )
  func ofARun() throws {
    try withSandbox { sandbox in
      let log = sandbox.path("log")
      let said = try copy(sandbox, ["-r", "--log-file=\(log)"])
      #expect(said.filter { $0.contains("/source/") }.count == FailureTally.printedMax)
      #expect(
        said.suffix(3) == [
          "fastsync: and 80 more: cannot open: Permission denied",
          "fastsync: hint: \(Hint.unreadableSource.text)",
          "fastsync: not everything was copied (failures: 100)",
        ]
      )
      let logged = try succeed("cat", [log]).outputText.split(separator: "\n")
      #expect(logged.filter { $0.contains(": cannot open: ") }.count == 100)
      #expect(!logged.contains { $0.contains("more:") })
      let all = try copy(sandbox, ["-r", "-v", "--outbuf=L"])
      #expect(all.filter { $0.contains(": cannot open: ") }.count == 100)
      #expect(!all.contains { $0.contains("more:") })
      let quiet = try copy(sandbox, ["-r", "-q", "-t", "-p"])
      #expect(!quiet.contains { $0.contains("hint: ") })
    }
  }
}
