// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// What is kept in attributes, next to rsync.
@Suite(.enabled(if: RsyncTwin.obstacle == nil, "rsync is not installed"))
struct FakeSuperTests {
  /// What an ordinary user can make, and at the target some of it already, or something else.
  private static let script = """
    mkdir -p s/d s/dt s/e/f d/d d/e
    for m in 0644 0755 0600 4755 2755 1644 0444 0711; do echo $m > s/f$m; chmod $m s/f$m; done
    ln -s tgt s/l; ln -s other s/l2; ln s/l s/l3; mkfifo -m 640 s/p; mkfifo s/p2
    perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => "s/so", Listen => 1)'
    chmod 1777 s/dt; echo x > s/e/f/x; ln s/e/f/x s/e/y
    setfattr -n user.u -v 3 s/f0644; setfattr -n user.dir -v 3 s/dt
    setfattr -n user.rsync.%foo -v 3 s/f0644; setfattr -n user.rsync.trusted.k -v 3 s/f0755
    setfattr -n user.rsync.%aacl -v 0s\(lists.access) s/f0644
    setfattr -n user.rsync.%dacl -v 0s\(lists.others) s/dt
    echo old > d/f0644; echo 0755 > d/f0755; echo 0444 > d/f0444; mkdir d/f0711
    echo f > d/p; ln -s other d/l2; mkfifo d/p2; ln -s x d/so; echo more > d/more
    setfattr -n user.rsync.%stat -v '100444 0,0 55:66' d/f0444
    setfattr -n user.rsync.trusted.x -v 1 d/f0755; setfattr -n user.x -v 1 d/f0755
    """

  /// ACLs as rsync keeps them, in base 64: four permissions, 0x80 for those of the mode, and who is
  /// named.
  private static let lists = (
    access: "gAAAAIAAAAAEAAAAgAAAAAwAAAAEAACADQAAAAYAAAA=",
    others: "BwAAAAUAAAAFAAAABQAAAAwAAAAEAACA"
  )

  private static let rootScript = """
    mknod s/b b 8 300; mknod s/c c 1 3; chown 5:6 s/c s/e; chmod 440 s/c
    chown 1234:2345 s/f4755; chmod 4755 s/f4755; chown -h 7:8 s/l; mknod d/b b 8 300
    setfattr -n trusted.t -v 1 s/f0644; setfattr -n security.foo -v 2 s/f0755
    setfattr -n trusted.l -v 1 -h s/l; setfattr -n trusted.d -v 1 s/e
    """

  private static let end = """
    find s d -depth -exec touch -h -d 2003-03-03 {} +; touch d/f0644
    chmod 500 s/e/f; chmod 2500 s/d
    """

  static let lines = [
    "-ai", "-aic", "-aiI", "-aiH", "-aiX", "-aiA", "-aiHX --delete", "-aib", "-ai --inplace",
    "-ai --existing", "-aiu", "-ain", "-aiO", "-ai --no-D", "-aiJ", "-ai --chmod=F644,D2755",
    "-ai --chmod=F4711,D1700 --exclude=p2 --exclude=b", "-ai --size-only", "-aiR",
    "-ai --super",
  ]

  /// The lines of both programs, which may come in another order.
  private static func sorted(_ result: ProcessResult) -> [Substring] {
    result.outputText.split(separator: "\n").sorted()
  }

  private static func make(_ script: String, _ user: UInt32?, _ sandbox: Sandbox) throws {
    let made = try run("sh", ["-ec", script], directory: sandbox.path)
    try #require(made.status == 0, "\(made.errorText)")
    if let user { try succeed("chown", ["-hR", "\(user):\(user)", sandbox.path]) }
    for name in ["by-rsync", "by-fastsync"] {
      try succeed("cp", ["-a", sandbox.path("d"), sandbox.path(name)])
    }
  }

  /// Has both do the same to equal targets; then neither has anything left to do.
  private func compare(_ line: String, _ script: String, user: UInt32? = nil) throws {
    try withSandbox { sandbox in
      try Self.make("\(script)\n\(Self.end)", user, sandbox)
      // The last of `--super` and `--fake-super` counts.
      let options = line.split(separator: " ").map(String.init) + ["--fake-super"]
      let words = { (target: String) in options + ["s/", "\(target)/"] }
      let path = sandbox.path
      let judge = try run("rsync", words("by-rsync"), directory: path, user: user)
      let result = try fastsync(words("by-fastsync"), user: user, directory: path)
      let told = "\(line)\nrsync: \(judge.errorText)\nfastsync: \(result.errorText)"
      #expect(result.status == judge.status, "\(told)")
      #expect(result.status == 0, "\(told)")
      // Which of several names comes first is nobody's promise.
      if !line.contains("H") { #expect(Self.sorted(result) == Self.sorted(judge), "\(told)") }
      var aspects: TreeComparer.Aspects = [.modes, .owners, .times, .attributes, .hardLinks]
      // Nobody gives the target directory a time with -R, nor any with the other two.
      if !["-aib", "-aiO", "-aiR"].contains(line) { aspects.insert(.directoryTimes) }
      if line == "-aiJ" { aspects.subtract(.times) }
      let reached = sandbox.path("by-fastsync")
      expectNone(try TreeComparer.differences(sandbox.path("by-rsync"), reached, aspects), told)
      guard !options.contains(where: { ["-ain", "-aiI"].contains($0) }) else { return }
      let quiet = options + ["--info=nonreg0", "s/", "by-fastsync/"]
      let again = try fastsync(quiet, user: user, directory: path)
      #expect(again.outputText + again.errorText == "", "\(told)")
      let judged = try run("rsync", quiet, directory: path, user: user)
      #expect(judged.outputText + judged.errorText == "", "\(told)")
    }
  }

  @Test(.enabled(if: isRoot), arguments: lines)
  func asRoot(_ line: String) throws {
    try compare(line, "\(Self.script)\n\(Self.rootScript)")
  }

  @Test(.enabled(if: isRoot), arguments: lines)
  func asUser(_ line: String) throws {
    try compare(line, Self.script, user: 1234)
  }

  /// Has both link what is the same to what was kept.
  private static func compareLinks(in sandbox: Sandbox) throws {
    try succeed("touch", ["-d", "2005-05-05", sandbox.path("again/l2")])
    let words = { (target: String) in
      ["-aiX", "--fake-super", "--link-dest=../kept", "again/", "\(target)/"]
    }
    let judge = try run("rsync", words("linked-by-rsync"), directory: sandbox.path)
    let result = try fastsync(words("linked"), directory: sandbox.path)
    let told = "\(judge.errorText) \(result.errorText)"
    #expect(judge.status == 0 && result.status == 0, "\(told)")
    let (expected, reached) = (sandbox.path("linked-by-rsync"), sandbox.path("linked"))
    let aspects: TreeComparer.Aspects = [.archive, .attributes]
    expectNone(try TreeComparer.differences(expected, reached, aspects), told)
    let links = try [expected, reached].map { path in
      try succeed("find", [path, "-type", "f", "-links", "+1", "-printf", "%P\n"]).outputText
        .split(separator: "\n").sorted()
    }
    #expect(links[0] == links[1])
    #expect(links[1].contains("c"))
  }

  /// What was kept comes back: rsync gives it all to a tree, and both copy it as it is.
  @Test(.enabled(if: isRoot)) func comesBack() throws {
    try withSandbox { sandbox in
      try Self.make("\(Self.script)\n\(Self.rootScript)\n\(Self.end)", nil, sandbox)
      let path = sandbox.path
      for (source, target) in [("s", "kept"), ("kept", "again")] {
        let words = ["-aHX", "--fake-super", "\(source)/", "\(target)/"]
        #expect(try fastsync(words, directory: path).status == 0)
      }
      let same = ["-aHX", "--fake-super", "kept/", "as-rsync/"]
      #expect(try run("rsync", same, directory: path).status == 0)
      let (reached, expected) = (sandbox.path("again"), sandbox.path("as-rsync"))
      expectNone(try TreeComparer.differences(expected, reached), "copied once more")
      let back = ["-aHX", "--fake-super", "-M--super", "again/", "back/"]
      #expect(try run("rsync", back, directory: path).status == 0)
      let aspects: TreeComparer.Aspects = [.archive, .hardLinks]
      let (first, last) = (sandbox.path("s"), sandbox.path("back"))
      expectNone(try TreeComparer.differences(first, last, aspects), "given back")
      try Self.compareLinks(in: sandbox)
    }
  }

  /// Sources that are removed, and attributes that nobody can understand.
  @Test func ends() throws {
    try withSandbox { sandbox in
      let script = "mkdir s d; ln -s x s/l; mkfifo s/p; echo f > s/f; chmod 400 s/f"
      try Self.make(script, nil, sandbox)
      let path = sandbox.path
      let moved = ["-a", "--fake-super", "--remove-source-files", "s/", "d/"]
      #expect(try fastsync(moved, directory: path).status == 0)
      #expect(try fingerprint(sandbox.path("s")).count == 1)
      let onward = ["-a", "--fake-super", "--remove-source-files", "d/", "e/"]
      #expect(try fastsync(onward, directory: path).status == 0)
      #expect(try fingerprint(sandbox.path("d")).count == 1)
      #expect(try fingerprint(sandbox.path("e")).count == 4)
      for wrong in ["", "100644", "100644 0,0 0:x", "40755 0,0 0:0"] {
        let words = ["-n", "user.rsync.%stat", "-v", wrong, sandbox.path("e/f")]
        try succeed("setfattr", words)
        let arguments = ["-a", "--fake-super", sandbox.path("e/"), sandbox.path("s/")]
        try expectFastsync(23, arguments, saying: ["e/f: cannot read attribute user.rsync.%stat"])
      }
    }
  }

  @Test(arguments: ["-aXX", "-a --write-devices", "-a --copy-devices"])
  func conflicts(_ line: String) throws {
    let words = line.split(separator: " ").map(String.init) + ["--fake-super", "s/", "d/"]
    let result = try fastsync(words)
    #expect(result.status == (line == "-aXX" ? 1 : 4))
    #expect(result.errorText.hasPrefix("fastsync: --fake-super"))
  }
}
