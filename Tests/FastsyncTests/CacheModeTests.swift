// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport
import Testing

/// Every way past or through the page cache gives the same copy, leaves little behind, and takes
/// nothing from others.
@Suite(
  .serialized,
  .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"),
  .enabled(if: RsyncJudge.obstacle == nil, "rsync is not installed")
)
struct CacheModeTests {
  static let modes = [
    "auto", "advise", "dontcache", "direct", "direct:advise", "advise:direct", "dontcache:direct",
  ]
  private static let sizes = [
    0, 1, 4095, 4096, 4097, 100_000, 128 << 10, 128 << 10 + 1, 200 << 10 + 1, 1 << 20, 1 << 20 + 1,
    3 << 20 + 511, 48 << 20 + 1234,
  ]

  /// A twentieth of what there is.
  private let pagesLeftMax = (52 << 20) / 4096 / 20

  private func makeTree(_ path: String) throws {
    let contents = SeededContents(seed: testSeed)
    let directory = try OpenDirectory(path)
    for (number, size) in CacheModeTests.sizes.enumerated() {
      try contents.makeFile(number, directory, Bytes(text: "file-\(number)"), size: size)
    }
    for number in 100..<160 {
      try contents.makeFile(number, directory, Bytes(text: "small-\(number)"), size: number * 97)
    }
    // Runs of data that start and end anywhere, in a file with holes.
    let file = try check(
      unsafe open("\(path)/holes", O_RDWR | O_CREAT | O_CLOEXEC, 0o644),
      "open",
      Bytes(text: path)
    )
    defer { close(file) }
    for (number, offset) in [0, 5 << 20 + 100, 9 << 20].enumerated() {
      try contents.write(200 + number, to: file, at: offset, count: 300_001)
    }
    #expect(ftruncate(file, 12 << 20 + 7) == 0)
  }

  private func makeSmallFiles(_ path: String, bytes: Int) throws {
    let contents = SeededContents(seed: testSeed)
    let directory = try OpenDirectory(path)
    for number in 0..<4000 {
      try contents.makeFile(number, directory, Bytes(text: "file-\(number)"), size: bytes)
    }
  }

  private func pagesInCache(below path: String) throws -> Int {
    var pages = 0
    for name in try succeed("find", [path, "-type", "f"]).outputText.split(separator: "\n") {
      let file = try check(
        unsafe open(String(name), O_RDONLY | O_CLOEXEC),
        "open",
        Bytes(text: path)
      )
      defer { close(file) }
      pages += try cachedPages(file) ?? 0
    }
    return pages
  }

  @Test(arguments: Filesystem.allCases, modes) func copies(
    _ kind: Filesystem,
    _ mode: String
  ) throws {
    try withSandbox { sandbox in
      let source = try kind.make(in: sandbox, as: "source", megabytes: 400)
      let target = try kind.make(in: sandbox, as: "target", megabytes: 400)
      let tree = try sandbox.makeDirectory("source/tree")
      try makeTree(tree)
      for engine in engines {
        let copy = "\(target)/\(engine)"
        try Sandbox.unmount(source)
        try succeed("mount", ["-o", "loop", sandbox.path("source.img"), source])
        let arguments = ["--io-engine=\(engine)", "--cache=\(mode)", "\(tree)/", "\(copy)/"]
        try expectFastsync(0, arguments)
        let left = try (pagesInCache(below: tree), pagesInCache(below: copy))
        #expect(left.0 < pagesLeftMax, "of the source, \(kind) \(mode) \(engine)")
        #expect(left.1 < pagesLeftMax, "of the target, \(kind) \(mode) \(engine)")
        try expectSame(tree, copy, hint: "\(kind) \(mode) \(engine)")
      }
    }
  }

  /// What was there before the copy stays, however it is read.
  @Test(arguments: modes) func whatWasCachedStays(_ mode: String) throws {
    try withSandbox { sandbox in
      let source = try Filesystem.ext4.make(in: sandbox, as: "source", megabytes: 400)
      let tree = try sandbox.makeDirectory("source/tree")
      let target = try Filesystem.xfs.make(in: sandbox, as: "target", megabytes: 400)
      try makeTree(tree)
      try PageCache.kept {
        try succeed("sync", ["-f", source])
        try succeed("cp", ["-r", tree, sandbox.path("elsewhere")])
        let before = try pagesInCache(below: tree)
        try expectFastsync(0, ["--cache=\(mode)", "\(tree)/", "\(target)/copy/"])
        let after = try pagesInCache(below: tree)
        let isKept = before > (50 << 20) / 4096 && after >= before * 99 / 100
        #expect(isKept, "\(before), then \(after)")
      }
    }
  }

  /// Small files are dropped as well, in batches; also those that btrfs has in its trees, and reads
  /// through the cache whatever it is asked.
  @Test(arguments: Filesystem.allCases, [1_000, 25_000])
  func manySmallFilesAreDropped(_ kind: Filesystem, _ bytes: Int) throws {
    try withSandbox { sandbox in
      let source = try kind.make(in: sandbox, as: "source", megabytes: 400)
      let target = try kind.make(in: sandbox, as: "target", megabytes: 400)
      try makeSmallFiles(try sandbox.makeDirectory("source/tree"), bytes: bytes)
      try Sandbox.unmount(source)
      try succeed("mount", ["-o", "loop", sandbox.path("source.img"), source])
      try expectFastsync(0, ["\(source)/tree/", "\(target)/copy/"])
      let left = try (
        pagesInCache(below: "\(source)/tree"), pagesInCache(below: "\(target)/copy")
      )
      #expect(left.0 < (10 << 20) / 4096, "of the source, \(kind)")
      #expect(left.1 < (10 << 20) / 4096, "of the target, \(kind)")
      try expectSame("\(source)/tree", "\(target)/copy")
    }
  }
}

/// New files have owner, mode and attributes of the source although not all of it is set.
@Suite(
  .serialized,
  .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"),
  .enabled(if: RsyncJudge.obstacle == nil, "rsync is not installed")
)
struct CreationTests {
  private static let modes: [mode_t] = [
    0o644, 0o600, 0o444, 0o400, 0o755, 0o666, 0o777, 0o000, 0o4755, 0o2755, 0o1644, 0o640,
  ]

  private func makeFiles(_ path: String, owners: [(uid_t, gid_t)]) throws {
    let contents = SeededContents(seed: testSeed)
    let directory = try OpenDirectory(path)
    for (number, mode) in CreationTests.modes.enumerated() {
      for (owner, group) in owners {
        let name = "file-\(number)-\(owner)-\(group)"
        try contents.makeFile(number, directory, Bytes(text: name), size: 100 * number)
        #expect(unsafe chown("\(path)/\(name)", owner, group) == 0)
        #expect(unsafe chmod("\(path)/\(name)", mode) == 0)
      }
    }
  }

  @Test(arguments: Filesystem.allCases) func underEveryMask(_ kind: Filesystem) throws {
    try withSandbox { sandbox in
      // Where the filesystem has such an option, groups come from the directory and not from the
      // process.
      let options = kind == .btrfs ? "noatime" : "noatime,grpid"
      _ = try kind.make(in: sandbox, as: "disk", megabytes: 400, options: options)
      let tree = try sandbox.makeDirectory("disk/tree")
      try makeFiles(tree, owners: [(0, 0), (0, 44), (1234, 5678)])
      for mask in ["0", "022", "027", "077", "0277", "0777"] {
        for place in ["plain", "setgid", "acl"] {
          let above = try sandbox.makeDirectory("disk/\(place)-\(mask)")
          if place == "setgid" {
            #expect(unsafe chown(above, 0, 77) == 0)
            #expect(unsafe chmod(above, 0o2775) == 0)
          }
          if place == "acl" {
            try succeed("setfacl", ["-d", "-m", "u:33:rwx,g:44:r,m:rwx", above])
          }
          let target = "\(above)/copy"
          let command = "umask \(mask); exec \"$0\" \"$@\""
          let result = try run(
            "sh",
            ["-c", command, fastsyncBinary, "--reflink=never", "\(tree)/", "\(target)/"]
          )
          #expect(result.status == 0, "\(result.errorText)")
          try expectSame(tree, target, hint: "\(kind) \(place) \(mask)")
        }
      }
    }
  }

  /// An ordinary user has to be able to write attributes to a file that ends as read-only.
  @Test func asAnOrdinaryUser() throws {
    try withSandbox { sandbox in
      _ = try Filesystem.ext4.make(in: sandbox, as: "disk", megabytes: 64)
      let tree = try sandbox.makeDirectory("disk/tree")
      try makeFiles(tree, owners: [(65534, 65534)])
      for number in CreationTests.modes.indices {
        let name = "file-\(number)-65534-65534"
        let directory = try OpenDirectory(tree)
        try setAttribute(
          directory.descriptor,
          Bytes(text: name),
          "user.note",
          Bytes(text: "\(number)")
        )
      }
      let nobody = try sandbox.makeDirectory("disk/nobody")
      #expect(unsafe chown(nobody, 65534, 65534) == 0 && chown(tree, 65534, 65534) == 0)
      // What its owner may not read is not copied.
      try succeed("rm", ["\(tree)/file-7-65534-65534"])
      let command = ["--reuid=65534", "--regid=65534", "--clear-groups", fastsyncBinary]
      let result = try run("setpriv", command + ["--reflink=never", "\(tree)/", "\(nobody)/copy/"])
      #expect(result.status == 0, "\(result.errorText)")
      try expectSame(tree, "\(nobody)/copy")
    }
  }
}
