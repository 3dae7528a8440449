// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Devices in trees, and beside other sources, are files with what is on them (`--copy-devices`).
@Suite(
  .enabled(if: isRoot, "not root"),
  .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"),
  .enabled(if: RsyncJudge.obstacle == nil, "\(RsyncJudge.obstacle ?? "")")
)
struct DevicesInTreesTests {
  /// Trees with two names of a block device, and character devices that would never end.
  private static func script(_ device: String) -> String {
    """
    numbers=$(stat -c '%Hr %Lr' \(device)); mkdir -p src/d new
    mknod src/block b $numbers; ln src/block src/d/name; mknod src/zero c 1 5
    mknod src/null c 1 3; chmod 640 src/block; mkfifo src/fifo; echo file > src/file
    cat \(device) > new/block; echo old > new/zero; mknod new/null c 1 3
    touch -hd 2020-01-01 src/* src/*/* new/*; touch -d 2020-01-01 src new
    """
  }

  @Test(arguments: [
    "-a --copy-devices src/ new/", "-aH --copy-devices src/ new/", "-r --copy-devices src/ new/",
    "-ac --copy-devices src/ new/", "-aI --copy-devices -S src/ new/",
    "-aI --copy-devices --inplace src/ new/", "-a --no-D --copy-devices src new/",
    "-a --copy-devices src/block src/file new/", "-aR --copy-devices src/block src/d new/",
    "-a --copy-devices --remove-source-files src/ new/", "-an --copy-devices src/ new/",
    "-a --copy-devices --write-devices src/ new/", "-a --copy-devices --min-size=1 src/ new/",
    "-a --copy-devices --chmod=F600 src/ new/", "-ab --copy-devices --delete src/d/ new/",
  ])
  func sameAsRsync(line: String) throws {
    try withSandbox { sandbox in
      try makeImage(sandbox, "image", 3 * megabyte + 512, data: megabyte)
      try withDevice(sandbox.path("image")) { device in
        let words = line.split(separator: " ").map(String.init)
        try TargetOracle(script: Self.script(device), arguments: words).check()
      }
    }
  }

  @Test(arguments: engines, ["auto", "direct", "keep", "dontcache"])
  func whatIsOnADevice(_ engine: String, _ mode: String) throws {
    try withSandbox { sandbox in
      try makeImage(sandbox, "image", 5 * megabyte + 512, data: megabyte)
      try withDevice(sandbox.path("image")) { device in
        try succeed("env", ["--chdir=\(sandbox.path)", "sh", "-ec", Self.script(device)])
        let words = ["-a", "--copy-devices", "--io-engine=\(engine)", "--cache=\(mode)"]
        try expectFastsync(0, words + [sandbox.path("src/"), sandbox.path("copy")])
        try expectEqualBytes(device, sandbox.path("copy/d/name"), count: 5 * megabyte + 512, mode)
        #expect(try succeed("stat", ["-c%s", sandbox.path("copy/zero")]).outputText == "0\n")
        // The time of a node says nothing of what is on the device.
        try succeed("dd", ["if=/dev/zero", "of=\(device)", "bs=4096", "count=9", "conv=fsync"])
        try expectFastsync(0, words + [sandbox.path("src/"), sandbox.path("copy")])
        try expectEqualBytes(device, sandbox.path("copy/block"), count: 5 * megabyte + 512, mode)
      }
    }
  }

  /// Listings show devices as the files that they would be.
  @Test(arguments: ["src/", "src/block", "-r src"])
  func listings(line: String) throws {
    try withSandbox { sandbox in
      try makeImage(sandbox, "image", megabyte, data: 100_000)
      try withDevice(sandbox.path("image")) { device in
        try succeed("env", ["--chdir=\(sandbox.path)", "sh", "-ec", Self.script(device)])
        let words = ["--list-only", "--copy-devices"] + line.split(separator: " ").map(String.init)
        let theirs = try run("rsync", words, directory: sandbox.path)
        let ours = try run(fastsyncBinary, words, directory: sandbox.path)
        #expect(ours.status == theirs.status)
        // Devices have the present time.
        func lines(_ result: ProcessResult) -> [[Substring]] {
          result.outputText.split(separator: "\n").map { line in
            let fields = line.split(separator: " ")
            return line.hasPrefix("-") ? fields.prefix(2) + fields.suffix(1) : fields
          }
        }
        #expect(lines(ours) == lines(theirs), "\(ours.outputText)\(theirs.outputText)")
      }
    }
  }

  /// A device with an error is named, and the rest is copied.
  @Test func aDeviceThatCannotBeRead() throws {
    try withSandbox { sandbox in
      // No driver has this number.
      try succeed(
        "env",
        [
          "--chdir=\(sandbox.path)", "sh", "-ec",
          "mkdir src; mknod src/none b 250 9; echo file > src/file",
        ]
      )
      let words = ["-a", "--copy-devices", sandbox.path("src/"), sandbox.path("copy")]
      try expectFastsync(23, words, saying: ["src/none"])
      #expect(try succeed("ls", [sandbox.path("copy")]).outputText == "file\n")
    }
  }
}
