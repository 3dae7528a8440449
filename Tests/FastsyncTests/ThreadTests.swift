// SPDX-License-Identifier: Apache-2.0

import Testing

/// Several workers on one tree, which meet in directories, hard links, filesystems and messages.
///
/// `make sanitize` runs this with the thread sanitizer in the command, which then ends with a
/// status of its own where two threads race.
@Suite(.serialized, .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"))
struct ThreadTests {
  @Test(arguments: [(Filesystem.ext4, 2), (.ext4, 8), (.xfs, 3), (.btrfs, 8)], engines)
  func workersShareATree(_ place: (kind: Filesystem, workers: Int), _ engine: String) throws {
    try withSandbox { sandbox in
      let tree = try MixedTree(sandbox, seed: testSeed)
      let target = try place.kind.make(in: sandbox, as: "target", megabytes: 900) + "/copy"
      try tree.reset(target)
      try addWhatWorkersMeetIn(tree.new)
      let words = ["-v", "--io-engine=\(engine)", "--jobs=\(place.workers)"]
      // The first is merged with itself, so that directories are made and finished by both.
      let operands = ["\(tree.new)/", "\(tree.new)/", "\(target)/"]
      try expectFastsync(0, words + operands)
      try expectSame(tree.new, target)
      let again = try expectFastsync(0, words + operands)
      #expect(again.copiesNothing, "\(again.outputText)")
      try succeed("chmod", ["-R", "u+x,o-rwx", target])
      try succeed("find", [target, "-name", "*3", "-exec", "touch", "-d", "@5", "{}", "+"])
      try expectFastsync(0, words + ["--durability=file"] + operands)
      try expectSame(tree.new, target)
    }
  }

  /// Attributes, and names of one inode in all directories.
  private func addWhatWorkersMeetIn(_ path: String) throws {
    let root = try OpenDirectory(path)
    let directories = try root.names()
    try root.makeFile(Bytes(text: "first"), Bytes(repeating: 1, count: 100_000))
    for name in directories {
      let directory = try root.open(name)
      try directory.makeLink(Bytes(text: "further"), to: Bytes(text: "first"), in: root)
      for number in 0..<200 {
        let file = Bytes(text: "small-\(number)")
        try directory.makeFile(file, Bytes(repeating: UInt8(number), count: number * 10))
        if number % 10 == 0 { try setAttribute(directory.descriptor, file, "user.note", [1]) }
      }
    }
  }

  /// Failures are told by all workers, and one of them stops the run.
  @Test(arguments: engines) func aFullDiskStopsAll(_ engine: String) throws {
    try withSandbox { sandbox in
      let tree = try MixedTree(sandbox, seed: testSeed)
      try addWhatWorkersMeetIn(tree.new)
      let target = try Filesystem.ext4.make(in: sandbox, as: "target", megabytes: 30)
      let words = ["--io-engine=\(engine)", "--jobs=8", "\(tree.new)/", "\(target)/copy/"]
      try expectFastsync(11, words, saying: ["No space"])
    }
  }
}
