// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Glibc
import Testing

@testable import fastsync

/// `--bwlimit`, beside rsync.
@Suite struct RateTests {
  private static let script = """
    mkdir -p s/d d; head -c 300000 /dev/urandom > s/large; head -c 30000 /dev/urandom > s/d/middle
    for n in 1 2 3 4 5 6 7 8 9; do echo $n > s/d/$n; done; truncate -s 10m s/hole; : > s/empty
    find s d -exec touch -hd @1700000000 {} +
    """

  @Test(
    .enabled(if: RsyncTwin.obstacle == nil, "rsync is not installed"),
    arguments: ["-a --bwlimit=1m", "-aS --bwlimit=800", "-a --bwlimit=1 --bwlimit=0"]
  )
  func treesAreTheSame(_ line: String) throws {
    try RsyncTwin(script: Self.script, aspects: [.archive]).compare(line)
  }

  @Test(
    .enabled(if: RsyncTwin.obstacle == nil, "rsync is not installed"),
    arguments: [
      "0", "", "1", "1.5m", "511b", "512b", "0.4", "0.5", "x", "1x", "-1", "1k-1", "8192p", "1k+2",
      "100000t", ".", "1e3",
    ]
  )
  func ratesAreReadAsByRsync(_ rate: String) throws {
    try withSandbox { sandbox in
      let words = ["-a", "--bwlimit=\(rate)", sandbox.path + "/none", sandbox.path + "/t"]
      try RsyncLines.expectSame(words)
    }
  }

  @Test func ratesAreRounded() throws {
    func rate(_ line: String) throws -> Int? {
      try plan("-a \(line) a b").options.transfer.bytesPerSecond
    }
    #expect(try rate("") == nil && rate("--bwlimit=0") == nil)
    #expect(try rate("--bwlimit=5 --no-bwlimit") == nil)
    #expect(try rate("--bwlimit=5") == 5120 && rate("--bwlimit=512b") == 1024)
    #expect(try rate("--bwlimit=1535b") == 1024 && rate("--bwlimit=1536b") == 2048)
    #expect(try rate("--bwlimit=1.5m") == 1_572_864)
  }

  private static func hasOpenSource(_ process: pid_t, _ path: String) -> Bool {
    guard let table = try? OpenDirectory("/proc/\(process)/fd") else { return false }
    let names = (try? table.names()) ?? []
    return names.contains { name in
      guard let target = try? table.linkTarget(name) else { return false }
      return target == Bytes(text: path) || target.starts(with: Bytes(text: path + "/"))
    }
  }

  /// At 1 KiB a second these would take hours: only a wait that can be ended ends.
  @Test(arguments: engines, ["large", "small"]) func aStopEndsTheWait(
    _ engine: String,
    _ kind: String
  ) throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      let target = try sandbox.makeDirectory("target")
      let script = """
        cd "$1"; if [ $2 = large ]; then head -c 20000000 /dev/zero | tr '\\0' x > f; exit; fi
        for n in $(seq 2000); do head -c 4000 /dev/zero | tr '\\0' x > $n; done
        """
      try succeed("sh", ["-c", script, "sh", source, kind])
      let words = ["-a", "--bwlimit=1", "--io-engine=\(engine)", "\(source)/", "\(target)/"]
      let process = try RunningProcess(fastsyncBinary, rawArguments: words.map { Bytes(text: $0) })
      let isUnderWay = process.stop { Self.hasOpenSource($0, source) }
      process.send(SIGINT)
      process.send(SIGCONT)
      let result = try process.wait()
      #expect(isUnderWay && result.status == 20, "\(result.status) \(result.errorText)")
      expectNone(try temporaryNames(target), kind)
    }
  }

  /// A device is paced as files are: of one that would take hours a part was read.
  @Test(.enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"), arguments: engines)
  func devicesAreHeld(_ engine: String) throws {
    try withSandbox { sandbox in
      try makeImage(sandbox, "a", 8 * megabyte, data: 4 * megabyte)
      try withDevice(sandbox.path("a")) { device in
        let image = sandbox.path("image")
        let words = ["--copy-devices", "--io-engine=\(engine)"]
        let slow = words + ["--bwlimit=1", device, image]
        let process = try RunningProcess(
          fastsyncBinary,
          rawArguments: slow.map { Bytes(text: $0) }
        )
        let isUnderWay = process.stop { Self.hasOpenSource($0, device) }
        process.send(SIGINT)
        process.send(SIGCONT)
        let result = try process.wait()
        #expect(isUnderWay && result.status == 20, "\(result.status) \(result.errorText)")
        try expectFastsync(0, words + ["--bwlimit=100m", device, image])
        try succeed("cmp", [device, image])
      }
    }
  }
}
