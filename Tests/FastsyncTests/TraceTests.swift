// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage
import Testing

/// `--trace` and `--stats=latency`, against the sizes of the files and Python's reader of such
/// tables.
struct TraceTests {
  private static let sizes = [0, 1, 5000, 131_072, 131_073, 5_000_000, 20_000_001]
  private static let total = sizes.reduce(0, +)

  private func makeTree(in sandbox: Sandbox) throws {
    let commands = Self.sizes.map { "head -c \($0) /dev/urandom > src/f\($0)" }
    try shell("mkdir src; " + commands.joined(separator: "; "), in: sandbox)
  }

  /// Checks expressions of `rows` (texts by column), `number(ROW, COLUMN)` and `latencies`.
  private func check(_ expressions: [String], in sandbox: Sandbox) throws {
    let checker = """
      import csv, json, sys
      table = list(csv.reader(open("trace.csv")))
      assert all(len(row) == len(table[0]) for row in table), table
      assert len(set(table[0])) == len(table[0])
      rows = [dict(zip(table[0], row)) for row in table[1:]]
      number = lambda row, column: float(row[column] or 0)
      end = [json.loads(line) for line in open("events")][-1]
      latencies = {(each["role"], each["operation"]): each for each in end["latencies"]}
      for expression in sys.argv[1:]:
          assert eval(expression), (expression, rows, latencies)
      """
    try PythonJudge.expect(checker, expressions, in: sandbox)
  }

  @Test(arguments: engines, ["auto", "direct"]) func allIsMeasured(
    engine: String,
    cache: String
  ) throws {
    try withSandbox { sandbox in
      try makeTree(in: sandbox)
      let words = [
        "-a", "--stats=latency", "--trace=trace.csv", "--json=events", "--io-engine=\(engine)",
        "--cache=\(cache)", "--reflink=never", "src/", "dst",
      ]
      let result = try fastsync(words, directory: sandbox.path)
      #expect(result.status == 0 && result.errorText == "")
      try check(
        [
          "rows[-1]['files'] == '\(Self.sizes.count)' and rows[-1]['bytes'] == '\(Self.total)'",
          "all(number(row, kind + '_in_flight') == 0 for row in rows[-1:] "
            + "for kind in ('reads', 'writes', 'flushes'))",
          "[number(row, 'seconds') for row in rows] == "
            + "sorted({number(row, 'seconds') for row in rows})",
          "latencies['source', 'read']['bytes'] == \(Self.total)",
          "latencies['target', 'write']['bytes'] == \(Self.total)",
          "latencies['target', 'flush']['requests'] >= 1",
          "all(each['p50_us'] <= each['p90_us'] <= each['p99_us'] <= each['p99_9_us'] "
            + "<= each['max_us'] and each['max_us'] > 0 for each in latencies.values())",
          "all(1 <= each['depth_p50'] <= each['depth_p99'] <= each['depth_max'] "
            + "for each in latencies.values())",
        ],
        in: sandbox
      )
      let lines = result.outputText.split(separator: "\n")
      for title in ["Latency ", "reads of source ", "writes to target ", "flushes of target "] {
        #expect(lines.count { $0.hasPrefix(title) } == 1, "\(result.outputText)")
      }
      #expect(lines.contains("Number of regular files transferred: \(Self.sizes.count)"))
    }
  }

  /// A comparison by contents reads both sides, and writes nothing.
  @Test func comparisons() throws {
    try withSandbox { sandbox in
      try makeTree(in: sandbox)
      try shell("cp -a src dst", in: sandbox)
      let words = ["-ac", "--trace=trace.csv", "--json=events", "src/", "dst"]
      #expect(try fastsync(words, directory: sandbox.path).status == 0)
      try check(
        [
          "latencies['source', 'read']['bytes'] == \(Self.total)",
          "latencies['target', 'read']['bytes'] == \(Self.total)",
          "set(latencies) == {('source', 'read'), ('target', 'read')}",
        ],
        in: sandbox
      )
    }
  }

  /// Lines come each second, and what is in them adds up.
  @Test func linesAddUp() throws {
    try withSandbox { sandbox in
      try shell("mkdir src; head -c 3000000 /dev/urandom > src/f", in: sandbox)
      let words = ["-a", "--bwlimit=1000k", "--trace=trace.csv", "--json=events", "src/", "dst"]
      #expect(try fastsync(words, directory: sandbox.path).status == 0)
      try check(
        [
          "len(rows) >= 2",
          "all(int(row[name]) % 1024 == 0 for row in rows "
            + "for name in ('dirty_bytes', 'writeback_bytes'))",
          // A rate times the time of its line, in whole bytes and hundredths of a second.
          "abs(sum(number(row, 'write_bytes_per_second') * (number(row, 'seconds') - before) "
            + "for row, before in zip(rows, [0] + [number(row, 'seconds') for row in rows])) "
            + "- 3000000) < 300000",
        ],
        in: sandbox
      )
    }
  }

  /// The ends of files that no direct write takes are measured as well.
  @Test(
    .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"),
    arguments: engines
  )
  func directWrites(engine: String) throws {
    try withSandbox { sandbox in
      let place = try Filesystem.ext4.make(in: sandbox, as: "place")
      try makeTree(in: sandbox)
      let words = [
        "-a", "--trace=trace.csv", "--json=events", "--io-engine=\(engine)", "--cache=auto:direct",
        "src/", "\(place)/dst",
      ]
      #expect(try fastsync(words, directory: sandbox.path).status == 0)
      try check(["latencies['target', 'write']['bytes'] == \(Self.total)"], in: sandbox)
    }
  }

  /// What is redirected is not cut, and gets all that is said.
  @Test func theStandardOutput() throws {
    try withSandbox { sandbox in
      try makeTree(in: sandbox)
      let script = "echo before >log; \"$0\" -av --trace=/dev/stdout src/ dst >>log"
      let result = try run("sh", ["-c", script, fastsyncBinary], directory: sandbox.path)
      #expect(result.status == 0 && result.errorText == "")
      let lines = try succeed("cat", [sandbox.path("log")]).outputText.split(separator: "\n")
      #expect(lines.first == "before")
      #expect(lines.count { $0.hasPrefix("seconds,files,bytes,") } == 1)
      let names = Set((0..<Self.sizes.count).map { "f\(Self.sizes[$0])" })
      #expect(names.isSubset(of: lines.map(String.init)))
    }
  }

  @Test func whatCannotBeWritten() throws {
    try withSandbox { sandbox in
      try makeTree(in: sandbox)
      try shell("mkfifo fifo", in: sandbox)
      for (word, status, line) in [
        ("--trace=none/f", 11, "--trace: the file cannot be opened: No such file or directory"),
        ("--trace=/dev/full", 11, "--trace: the lines cannot be written: No space left on device"),
        ("--trace=fifo", 11, "--trace: the file cannot be opened: No such device or address"),
        ("--json=fifo", 11, "--json: the file cannot be opened: No such device or address"),
        ("--trace=", 1, "--trace: the name of a file is empty"),
        ("--stats=times", 1, "--stats=times: there is only --stats=latency"),
      ] {
        let result = try fastsync(["-a", word, "src/", "dst"], directory: sandbox.path)
        #expect(Int(result.status) == status, "\(word)")
        #expect(result.errorText.hasPrefix("fastsync: \(line)\n"), "\(result.errorText)")
      }
    }
  }

  /// Lines of both in one file are of no use; what is there is left as it is.
  @Test func oneFileForBoth() throws {
    try withSandbox { sandbox in
      try makeTree(in: sandbox)
      try shell("echo kept >same", in: sandbox)
      for (file, status) in [("same", 1), ("/dev/null", 0)] {
        let words = ["-a", "--trace=\(file)", "--json=\(file)", "src/", "dst"]
        let result = try fastsync(words, directory: sandbox.path)
        #expect(Int(result.status) == status, "\(file): \(result.errorText)")
      }
      #expect(try succeed("cat", [sandbox.path("same")]).outputText == "kept\n")
    }
  }

  /// A dry run asks no disk for data, and names what it would ask for nothing.
  @Test func dryRun() throws {
    try withSandbox { sandbox in
      try makeTree(in: sandbox)
      let words = ["-an", "--stats=latency", "--trace=trace.csv", "--json=events", "src/", "dst"]
      let result = try fastsync(words, directory: sandbox.path)
      #expect(result.status == 0)
      #expect(result.outputText.contains("\nLatency: no request was made\n"))
      try check(["latencies == {}", "number(rows[-1], 'reads_per_second') == 0"], in: sandbox)
    }
  }
}
