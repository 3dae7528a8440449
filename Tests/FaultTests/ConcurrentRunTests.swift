// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import FaultInjection
import FileTree
import Glibc
import Kernel
import SystemPackage
import Testing

/// Several runs into one target: each completes, whatever the others do meanwhile.
///
/// Which two calls another run comes between is not left to chance: it comes before each of them in
/// turn, and is done before the first one goes on.
@Suite(
  "Runs into one target",
  .enabled(if: FaultTrees.canBeMade, "the place of the trees has no attributes or ACLs")
)
struct ConcurrentRunTests {
  /// What a run does at the target, or finds there.
  private static let kinds = [
    "open", "open_beneath", "create_unnamed", "create", "statx", "getdents", "mkdir", "symlink",
    "mknod", "link", "unlink", "rmdir", "rename", "chmod", "chown", "utimens", "set_xattr", "flock",
  ]

  static let scenarios = [
    FaultScenario(.contents, .nothing), FaultScenario(.contents, .emptyDirectory),
    FaultScenario(.contents, .mixed), FaultScenario(.merged, .mixed), FaultScenario(.file, .mixed),
  ]

  @Test("another run may come before any call", arguments: scenarios.indices)
  func betweenAnyCalls(_ index: Int) throws {
    let scenario = Self.scenarios[index]
    try FaultRig.with(in: FaultTrees.place) { rig in
      var broken: [String] = []
      let calls = try rig.calls(of: scenario)
      for kind in Self.kinds {
        let call = try #require(Fault.call(kind))
        for number in 0..<calls[Int(call)] {
          let complaints = try rig.complaints(scenario, interruptedBefore: call, number: number)
          if !complaints.isEmpty { broken.append(complaints.joined(separator: "; ")) }
        }
      }
      for line in broken.prefix(20) { Issue.record("\(line)") }
      #expect(broken.isEmpty, "\(broken.count) calls")
    }
  }

  /// Another run may give a name to its own copy between the two steps of `linkat`.
  @Test("a link to a name whose inode has just been replaced is made to the new one")
  func replacedFirstName() throws {
    try FaultRig.with(in: FaultTrees.place) { rig in
      let scenario = FaultScenario(.contents, .mixed)
      let call = try #require(Fault.call("link"))
      var linked = 0
      for number in try 0..<rig.calls(of: scenario)[Int(call)] {
        let fault = Fault(call: call, first: number, .noSuchFileOrDirectory)
        let failures = try rig.failures(scenario, [fault])
        #expect(!failures.contains { $0.operation == .makeLink }, "\(failures)")
        let copied = failures.filter {
          if case .copyInsteadOfLink = $0.operation { true } else { false }
        }
        #expect(copied.isEmpty, "\(copied)")
        linked += failures.isEmpty ? 1 : 0
      }
      #expect(linked >= 2, "a run makes two links")
    }
  }

  /// Another run may replace the first name between `linkat` and `renameat2` of a link.
  @Test("names of one inode are one however late the first of them is replaced")
  func lateFirstName() throws {
    try FaultRig.with(in: FaultTrees.place) { rig in
      let scenario = FaultScenario(.contents, .mixed)
      let call = try #require(Fault.call("rename"))
      let names = ["one", "d/two", "d/three"].map { "'\(rig.targetPath)/\($0)'" }
        .joined(separator: " ")
      let replaced = "\(rig.targetPath)-replaced"
      let script = """
        for new in '\(rig.targetPath)'/.*.fastsync-* '\(rig.targetPath)'/d/.*.fastsync-*; do
          for first in \(names); do
            [ "$new" -ef "$first" ] || continue
            cp -a "$first" '\(replaced)'
            for name in \(names); do
              if [ "$new" -ef "$name" ]; then ln -f '\(replaced)' "$name"; fi
            done
            rm '\(replaced)'
          done
        done
        """
      for number in try 0..<rig.calls(of: scenario)[Int(call)] {
        let interruption = Interruption(before: call, number: number) {
          #expect(unsafe system(script) == 0)
        }
        let failures = try rig.failures(scenario, [], interruption)
        #expect(failures.isEmpty, "\(failures)")
        let areOne = unsafe system("set -- \(names); [ $1 -ef $2 ] && [ $1 -ef $3 ]") == 0
        #expect(areOne, "rename #\(number)")
      }
    }
  }

  @Test("a directory that another run looks through for a moment is locked after that")
  func lockIsWaitedFor() throws {
    try FaultRig.with(in: FaultTrees.place) { rig in
      let descriptors = try (0..<3).map { _ in
        OpenDirectory(try Descriptor(opening: FilePath(rig.sourcePath), .directory))
      }
      let sides = DirectorySides(source: descriptors[0], target: descriptors[1])
      let call = try #require(Fault.call("flock"))
      let fault = Fault(call: call, first: 0, count: 3, .wouldBlock)
      let (_, calls) = FaultyCalls.during([fault], seed: 0, isUser: false) {
        try? sides.protectTemporaries()
        try? sides.protectTemporaries()
      }
      #expect(calls.count(of: "flock") == 4)
      #expect(throws: Errno.wouldBlock) {
        try FileCalls.lock(descriptors[2].descriptor.rawValue, isShared: false)
      }
    }
  }
}
