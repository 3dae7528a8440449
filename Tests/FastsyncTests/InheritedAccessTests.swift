// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Files do not keep what a directory of the target gives to what is made in it, also when it
/// begins or ceases to give that while it is filled.
@Suite(
  .enabled(if: isRoot, "only root can give directories to groups that are not its own"),
  .enabled(if: has("setfacl"), "setfacl is not installed")
)
struct InheritedAccessTests {
  private static let files = 2_000

  /// What somebody does to the directory in the middle of a copy.
  private static let gifts = [
    ["setfacl", "-d", "-m", "u:3001:rwx,g:2002:rx"],
    // A default ACL that the mode alone shows.
    ["setfacl", "-d", "-m", "u::rwx,g::---,o::---"],
    ["sh", "-c", "chgrp 2002 \"$0\" && chmod g+s \"$0\""],
  ]

  private func makeSource(_ path: String) throws {
    let source = try OpenDirectory(path)
    for number in 0..<Self.files { try source.makeFile(Bytes(text: "\(number)"), [1]) }
    for number in 0..<8 {
      try SeededContents(seed: testSeed).makeFile(
        number,
        source,
        Bytes(text: "large-\(number)"),
        size: 8 << 20
      )
    }
  }

  @Test(
    .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"),
    arguments: Filesystem.allCases,
    gifts
  )
  func changedMeanwhile(_ filesystem: Filesystem, _ gift: [String]) throws {
    try withSandbox { sandbox in
      let place = try filesystem.make(in: sandbox, as: "place")
      let source = try sandbox.makeDirectory("place/source")
      try makeSource(source)
      for engine in engines {
        let words = ["--io-engine=\(engine)", "--jobs=1", "--reflink=never", "\(source)/"]
        let isChanged = try (0..<10).contains { round in
          let target = "\(place)/\(engine)-\(round)"
          let process = try RunningProcess(
            fastsyncBinary,
            rawArguments: (words + ["\(target)/"]).map { Bytes(text: $0) }
          )
          // Some are there, so what new files have was seen, and others are still to come.
          let isUnderWay = process.stop { _ in
            let count = (try? OpenDirectory(target).names().count) ?? 0
            return count > 1
          }
          let count = isUnderWay ? try OpenDirectory(target).names().count : Self.files
          if isUnderWay { try succeed(gift[0], gift.dropFirst() + [target]) }
          process.send(SIGCONT)
          let result = try process.wait()
          #expect(result.status == 0 && result.standardError == [], "\(result)")
          try expectSame(source, target, hint: "\(gift), \(words)")
          return count < Self.files
        }
        #expect(isChanged, "none of ten copies could be stopped in time, \(engine)")
      }
    }
  }

  /// Nobody sees it who looks at the directory before and after.
  @Test(
    .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"),
    arguments: [
      (["setfacl", "-d", "-m", "u:3001:rwx"], ["setfacl", "-k"]),
      (
        ["sh", "-c", "chgrp 2002 \"$0\" && chmod g+s \"$0\""],
        ["sh", "-c", "chmod g-s \"$0\" && chgrp 0 \"$0\""]
      ),
    ]
  )
  func changedForAMoment(_ gift: [String], _ undoing: [String]) throws {
    try withSandbox { sandbox in
      let place = try Filesystem.ext4.make(in: sandbox, as: "place")
      let source = try sandbox.makeDirectory("place/source")
      try makeSource(source)
      let isChanged = try (0..<10).contains { round in
        let target = "\(place)/target-\(round)"
        let words = ["--jobs=1", "--reflink=never", "\(source)/", "\(target)/"]
        let process = try RunningProcess(
          fastsyncBinary,
          rawArguments: words.map { Bytes(text: $0) }
        )
        func count() -> Int { (try? OpenDirectory(target).names().count) ?? 0 }
        let isUnderWay = process.stop { _ in count() > 1 }
        let before = count()
        if isUnderWay { try succeed(gift[0], gift.dropFirst() + [target]) }
        process.send(SIGCONT)
        let isUnderWayAgain = isUnderWay && process.stop { _ in count() > before }
        let after = count()
        if isUnderWay { try succeed(undoing[0], undoing.dropFirst() + [target]) }
        process.send(SIGCONT)
        let result = try process.wait()
        #expect(result.status == 0 && result.standardError == [], "\(result)")
        try expectSame(source, target, hint: "\(gift)")
        return isUnderWayAgain && after < Self.files
      }
      #expect(isChanged, "none of ten copies could be stopped in time")
    }
  }

  /// The first source gives the directory what the files of the second must not have.
  @Test(arguments: engines) func severalSources(_ engine: String) throws {
    try withSandbox { sandbox in
      let first = try sandbox.makeDirectory("first")
      let second = try sandbox.makeDirectory("second")
      try makeSource(second)
      try succeed("setfacl", ["-d", "-m", "u:3001:rwx", first])
      try succeed("chmod", ["2750", first])
      for round in 0..<10 {
        let target = sandbox.path("target-\(round)")
        let words = ["--io-engine=\(engine)", "--jobs=4", "\(first)/", "\(second)/", "\(target)/"]
        try expectFastsync(0, words)
        let differences = try TreeComparer.differences(second, target)
        // The directory itself is like the first source.
        expectNone(differences.filter { !"\($0)".hasPrefix(":") }, "\(words)")
        try succeed("rm", ["-rf", target])
      }
    }
  }
}
