// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// The same options give the same target as with rsync.
@Suite struct CommandOptionsTests {
  /// Makes a source with one of each kind, at the folder $1.
  private static let makeSource = """
    umask 022; mkdir -p "$1/SRC/dir/empty" "$1/rsync" "$1/fastsync"; cd "$1/SRC"
    echo one >file; echo two >dir/second; ln file dir/link; ln -s ../file dir/symlink
    ln -s nowhere dangling; mkfifo dir/fifo; truncate -s 1M holes; echo end >>holes
    printf x >'new
    line'; echo tool >tool; chmod 4755 tool; chmod 600 dir/second; chmod 2775 dir
    setfattr -n user.note -v text file; setfacl -m u:1234:r,g:77:rw tool
    setfacl -d -m u:1234:rx dir
    [ "$(id -u)" = 0 ] && { chown 1234:5678 file dir; chown :77 holes; mknod null c 1 3; }
    # Old enough that rsync, which looks at seconds, sees that they differ.
    find . -depth -exec touch -h -d '2001-02-03 04:05:06.123456789' {} +
    """

  /// Lists the folder $1, with times where $2 is `times`.
  private static let list = """
    cd "$1"; [ "$2" = times ] && times='%T@'
    find . -mindepth 1 -printf "%y %m %U:%G %l $times %P\\n" | sort
    find . -type f -printf '%n %P\\n' | sort
    find . -type f -exec md5sum {} + | sort
    getfacl -PRnp . 2>/dev/null; getfattr -PRhd -m '^user' . 2>/dev/null
    find . -name holes -size -100 -printf 'sparse\\n'
    """

  static let options = [
    "-r", "-rl", "-rp", "-rt", "-rg", "-ro", "-rD", "-r --devices", "-r --specials", "-rS", "-rX",
    "-rA", "-rH", "-a", "-a --no-o", "--no-o -a", "-a --no-D", "-a --no-l", "-a --no-t",
    "-a --no-p",
    "-aA --no-perms", "-aHAX", "-aHAXS", "-aHX --no-X", "-lpt", "-aW", "-a --no-i-r", "-rx",
  ]

  private func compare(_ options: String, operands: [String], user: UInt32?) throws {
    let folder = try run("sh", ["-c", "d=$(mktemp -d); chmod 777 $d; printf %s $d"]).outputText
    defer { _ = try? run("rm", ["-rf", folder]) }
    _ = try run("sh", ["-c", CommandOptionsTests.makeSource, "sh", folder], user: user)
    let words = options.split(separator: " ").map(String.init) + operands
    let theirs = try run("rsync", words + ["rsync/"], directory: folder, user: user)
    let ours = try run(fastsyncBinary, words + ["fastsync/"], directory: folder, user: user)
    let letters = words.filter { $0.hasPrefix("-") && !$0.hasPrefix("--") }.joined()
    let keepsTimes = letters.contains { "at".contains($0) } && !words.contains("--no-t")
    func listing(_ name: String) throws -> [Substring] {
      try run(
        "sh",
        ["-c", CommandOptionsTests.list, "sh", "\(folder)/\(name)", keepsTimes ? "times" : ""]
      )
      .outputText.split(separator: "\n")
    }
    let expected = try listing("rsync")
    let found = try listing("fastsync")
    #expect(ours.status == theirs.status, "\(ours.errorText)\(theirs.errorText)")
    #expect(expected.count > 3 || !letters.contains { "ar".contains($0) })
    let difference = found.difference(from: expected)
    #expect(difference.isEmpty, "\(difference.map { "\($0)" }.joined(separator: "\n"))")
  }

  @Test(arguments: options)
  func agreeWithRsync(options: String) throws {
    try compare(options, operands: ["SRC/"], user: nil)
  }

  @Test(
    .enabled(if: isRoot, "only root can become another user"),
    arguments: ["-a", "-aHAXS", "-rD", "-rlpt"]
  )
  func agreeWithRsyncForAnOrdinaryUser(options: String) throws {
    try compare(options, operands: ["SRC/"], user: 65534)
  }

  @Test(arguments: [
    ["SRC"], ["SRC/file", "SRC/dir"], ["SRC/dir/", "SRC/tool"], ["SRC/."], ["SRC/dir/.."],
    ["SRC/dir/symlink", "SRC/dangling"],
  ])
  func operandsAgreeWithRsync(operands: [String]) throws {
    try compare("-aHAX", operands: operands, user: nil)
  }
}
