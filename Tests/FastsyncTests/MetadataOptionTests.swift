// SPDX-License-Identifier: Apache-2.0

import Testing

/// How metadata is carried over, next to rsync.
@Suite struct MetadataOptionTests {
  /// Permissions of all kinds, setgid directories, default ACLs, owners with and without names.
  private static let script = """
    mkdir s d s/sub s/sgid d/dsgid s/dsgid s/dsgid/newd
    for i in 0644 0755 0600 4755 2755 1644 0444 0711; do echo $i > s/f$i; chmod $i s/f$i; done
    echo x > s/both; chmod 755 s/both; echo x > d/both; chmod 640 d/both
    echo x > s/ex2; chmod 644 s/ex2; echo x > d/ex2; chmod 755 d/ex2
    echo old > d/ex3; chmod 644 d/ex3; echo newer > s/ex3; chmod 700 s/ex3
    ln -s f0644 s/ln; mkfifo -m 640 s/fifo
    chmod 2775 s/sgid; chmod 1777 s/sub; chmod 2755 d/dsgid; echo y > s/dsgid/file
    echo z > s/sub/in; ln s/both s/sub/hard
    """

  private static let rootScript = """
    \(script)
    mknod s/dev c 1 3; mknod s/bdev b 7 200; chgrp 50 d/dsgid
    chown 1234:2345 s/f0600; chown 33:33 s/f0755; chgrp 50 s/sub; chown -h 5:6 s/ln
    """

  private static let listScript = """
    setfattr -n user.foo -v bar s/f0644; setfattr -n user.rsync.%stat -v x s/f0711
    setfacl -m u:33:r s/f0644; setfacl -d -m u:33:rwx,g::rwx,o::r s/sub
    mkdir d/a s/a s/a/dd d/b s/b s/b/dd
    setfacl -d -m u::rwx,g::rwx,o::rwx d/a; setfacl -d -m u:33:rwx,g::r,o::- d/b
    for n in a/q b/q; do echo q > s/$n; chmod 666 s/$n; echo q > s/${n}x; chmod 777 s/${n}x; done
    """

  private static let end = """
    touch -h -d '2003-03-03 03:03:03' s/*; touch -r s/both d/both
    touch -a -d '2001-01-01 01:01:01' s/both s/f0644 s/ex3; touch -a -d 2010-01-01 d/both
    """

  private static func twin(_ script: String, times: Bool) -> RsyncTwin {
    var twin = RsyncTwin(script: "\(script)\n\(end)")
    twin.aspects = [.modes, .owners, .attributes, .hardLinks]
    if times { twin.aspects.insert(.times) }
    return twin
  }

  static let lines = [
    "-a", "-r", "-rE", "-rtE", "-aE", "-rp", "-rlE", "-a --no-p", "-a --chmod=go=rwX",
    "-r --chmod=ugo=rwX", "-rp --chmod=D2775,F664", "-a --chmod=Dg+s,ug+w,Fo-w,+X",
    "-a --chmod=a+s,u-x", "-rt --chmod=u=g,o+u --chmod=g-w", "-a --chmod=+w", "-a --chmod=-x,X+",
    "-a --chmod=g=o,o=", "-rt --chmod=o+s,+t", "-aO", "-rtO", "-a --no-t", "-aI --chmod=F600",
    "-a --open-noatime", "-a --no-open-noatime", "-a --no-crtimes", "-aN",
  ]

  @Test(.enabled(if: RsyncTwin.obstacle == nil, "rsync is not installed"), arguments: lines)
  func permissionsAndTimes(_ line: String) throws {
    let keepsTimes = line.hasPrefix("-a") && !line.contains("--no-t")
    try Self.twin(Self.script, times: keepsTimes).compare(line)
  }

  static let rootLines = [
    "-a", "-rp", "-rg", "-a --no-g", "-a --numeric-ids", "-a --chown=7:8", "-r --chown=7",
    "-r --chown=:8", "-a --chown=nobody:nogroup", "-a --chown=nobody --no-o",
    "-a --usermap=33:44,*:55 --groupmap=www-data:1,0-49:2", "-a --usermap=:9 --groupmap=:9",
    "-a --usermap=w*:10,[dr]*:11 --groupmap=?oot:12", "-a --super", "-a --no-super",
    "-a --numeric-ids --usermap=www-data:5,:6", "-a --drop-D", "-a --no-D",
    "-a --devices --no-specials", "-a --chmod=u+s,g+s",
  ]

  @Test(
    .enabled(if: RsyncTwin.obstacle == nil && isRoot, "not root, or no rsync"),
    arguments: rootLines
  )
  func owners(_ line: String) throws {
    try Self.twin(Self.rootScript, times: line.hasPrefix("-a")).compare(line)
  }

  @Test(
    .enabled(if: RsyncTwin.obstacle == nil, "rsync is not installed"),
    arguments: ["-aA", "-aX", "-aXX", "-aAX", "-r", "-rt", "-rtE", "-rt --chmod=+w", "-rogA"]
  )
  func accessListsAndAttributes(_ line: String) throws {
    try Self.twin(
      "\(Self.script)\n\(Self.listScript)",
      times: line.hasPrefix("-a") || line.hasPrefix("-rt")
    ).compare(line)
  }

  @Test(
    .enabled(if: RsyncTwin.obstacle == nil && isRoot, "not root, or no rsync"),
    arguments: ["-a", "-rog", "-a --chown=1001:2000", "-aE --no-p", "-aX", "-a --no-super"]
  )
  func ofAnOrdinaryUser(_ line: String) throws {
    var twin = Self.twin(Self.script, times: line.hasPrefix("-a"))
    twin.user = 1000
    try twin.compare(line)
  }

  @Test(
    .enabled(if: RsyncTwin.obstacle == nil, "rsync is not installed"),
    arguments: ["-aUU", "-rUU"]
  )
  func accessTimes(_ line: String) throws {
    var twin = Self.twin(Self.script, times: line.hasPrefix("-a"))
    twin.aspects.insert(.accessTimes)
    // Only files: to look at the trees reads directories and links.
    twin.script += "\nrm -rf s/sub s/sgid s/dsgid d/dsgid s/ln s/fifo"
    twin.script += "\nfind s d -type f -exec touch -a -d '2001-01-01 01:01:01' {} +"
    try twin.compare(line)
  }

  @Test(arguments: [
    ("--chmod=foo", 1), ("--chmod=", 1), ("--chmod=u755", 1), ("--chmod=17777", 1),
    ("--chmod=DFu+x", 1), ("--chmod=u+rg", 1), ("--chmod=u=g,", 1), ("--usermap=foo", 1),
    ("--usermap=foo:", 1), ("--usermap=1-:root", 1), ("--usermap=1-2-3:root", 1),
    ("--groupmap=a:99999999999", 1), ("--usermap=0:1 --usermap=1:2", 1),
    ("--usermap=0:1 --chown=2", 1), ("--chown=2 --usermap=0:1", 1), ("--chown=2 --chown=3", 1),
    ("-N", 1), ("--crtimes", 1),
  ])
  func isRefusedAsByRsync(_ line: String, _ status: Int32) throws {
    try RsyncLines.expectRefusal(line, status)
  }

  @Test func anOwnerThatNobodyIsIsRefused() throws {
    try withSandbox { sandbox in
      let operands = [try sandbox.makeDirectory("s"), sandbox.path("d")]
      try expectFastsync(1, ["--chown=nobody-is-called-so"] + operands, saying: ["Unknown"])
    }
  }
}
