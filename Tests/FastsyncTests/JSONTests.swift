// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage
import Testing

/// `--json`, judged by a validator of JSON Schema and by what is in the trees.
@Suite(.enabled(if: PythonJudge.has("jsonschema"), "python3-jsonschema is not installed"))
struct JSONTests {
  /// Checks each line against the schema, and prints what a test asks for: an expression of
  /// `events`, `find(NAME)` and `tree(PATH)`.
  private static let checker = """
    import base64, json, os, sys
    import jsonschema
    schema = json.load(open(sys.argv[1]))
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    events = [json.loads(line) for line in open(sys.argv[2], "rb")]
    for event in events:
        validator.validate(event)
    def path(event, key="path"):
        if key + "_bytes" in event:
            return base64.b64decode(event[key + "_bytes"])
        return event[key].encode()
    def find(name):
        return [event for event in events if event["event"] == name]
    def tree(root):
        found = {b"."}
        for above, directories, files in os.walk(os.fsencode(root)):
            for name in directories + files:
                found.add(os.path.relpath(os.path.join(above, name), os.fsencode(root)))
        return found
    for expression in sys.argv[3:]:
        assert eval(expression), (expression, events)
    """

  private func check(_ file: String, _ expressions: [String], in sandbox: Sandbox) throws {
    let schema = packageFolder.appending("docs/json.schema.json").string
    try PythonJudge.expect(Self.checker, [schema, file] + expressions, in: sandbox)
  }

  private static let trees = #"""
    mkdir -p src/d/e dst/old; echo hello > src/file; echo 12345678 > src/d/large
    ln src/file src/d/hard; ln -s 'to "nowhere"' src/link; mkfifo src/fifo; : > dst/old/gone
    printf x > "$(printf 'src/\377\376')"; printf y > 'src/quote"back\slash
    and tab	'; echo changed > dst/file; touch -d 2001-01-01 dst/file src
    """#

  @Test(arguments: engines, [false, true]) func eventsOfARun(engine: String, isDry: Bool) throws {
    try withSandbox { sandbox in
      try shell(Self.trees, in: sandbox)
      let options = ["-aH", "--backup-dir=../kept", "--delete", "--json", "--io-engine=\(engine)"]
      let words = options + (isDry ? ["-n"] : []) + ["src/", "missing", "dst"]
      let told = try run("rsync", ["-aHin", "--delete", "src/", "dst/"], directory: sandbox.path)
      let result = try fastsync(words, directory: sandbox.path)
      #expect(result.status == 23)
      try OpenDirectory(sandbox.path).makeFile(Bytes(text: "events"), result.standardOutput)
      try OpenDirectory(sandbox.path).makeFile(Bytes(text: "told"), told.standardOutput)
      try check(
        "events",
        [
          "events[0]['event'] == 'error' and events[0]['errno'] == 2",
          "find('start')[0]['dry_run'] == \(isDry ? "True" : "False")",
          "[each['path'] for each in find('start')[0]['locations']] == ['src', 'dst']",
          "{path(each) for each in find('entry')} == tree('src')",
          "len(find('entry')) == len(tree('src'))",
          "[each['contents'] for each in find('entry') if 'contents' in each] "
            + "== ['to \"nowhere\"']",
          "{each['kind'] for each in find('entry')} == "
            + "{'file', 'directory', 'symlink', 'hard_link', 'special'}",
          "{path(each) for each in find('deleted')} == {b'old/gone', b'old'}",
          "{path(each, 'kept_as') for each in find('backup')} == "
            + (isDry ? "set()" : "{b'../kept/file', b'../kept/old/gone'}"),
          "sorted(each['changes'].encode() for each in find('entry')) == sorted(line[:11] for line "
            + "in open('told', 'rb').read().split(b'\\n') if line and not line.startswith(b'*'))",
          "events[-1]['event'] == 'end' and events[-1]['exit_code'] == 23",
          "events[-1]['files_copied'] == 4 and events[-1]['bytes_copied'] == 17",
          "events[-1]['failures'] == 1 and events[-1]['deleted'] == 2",
          "events[-1]['stop'] is None",
        ],
        in: sandbox
      )
    }
  }

  /// The file is written anew, beside the usual output; what is as it should be is told with `-ii`.
  @Test func aFile() throws {
    try withSandbox { sandbox in
      try shell(Self.trees, in: sandbox)
      for (options, expected) in [
        (["-a", "-i"], "len(find('entry')) > 5"), (["-a"], "len(find('entry')) == 0"),
        (["-aii"], "{path(each) for each in find('entry')} == tree('src')"),
        (
          ["-a", "--max-size=1"],
          "{path(each) for each in find('skipped')} >= {b'file', b'd/large'}"
        ),
      ] {
        let result = try fastsync(
          options + ["--json=events", "src/", "new"],
          directory: sandbox.path
        )
        #expect(result.status == 0 && result.errorText == "")
        #expect(options != ["-a", "-i"] || result.outputText.contains(">f+++++++++ d/large"))
        try check("events", [expected, "len(find('end')) == 1"], in: sandbox)
      }
    }
  }

  @Test func interrupted() throws {
    try withSandbox { sandbox in
      try shell("mkdir src; head -c 9000000 /dev/zero > src/f", in: sandbox)
      let words = [
        "--foreground", "--preserve-status", "--signal=INT", "3", fastsyncBinary, "-a",
        "--bwlimit=50k",
      ]
      let result = try run(
        "timeout",
        words + ["--json=events", "src/", "new"],
        directory: sandbox.path
      )
      #expect(result.status == 20)
      try check(
        "events",
        [
          "events[-1]['stop'] == 'interrupted' and events[-1]['exit_code'] == 20",
          "all(each['files_planned'] == 1 and each['files'] == 0 for each in find('progress'))",
        ],
        in: sandbox
      )
    }
  }

  /// A device tells the same as a tree of one file, and what its requests took.
  @Test(
    .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"),
    arguments: engines
  )
  func aDevice(engine: String) throws {
    try withDevicePair { sandbox, source, target in
      let words = ["--copy-devices", "--stats=latency", "--io-engine=\(engine)"]
      let events = sandbox.path("events")
      let result = try fastsync(words + ["--json=\(events)", source, target])
      #expect(result.status == 0 && result.errorText == "")
      let size = deviceSourceBytes
      try check(
        "events",
        [
          "[each['event'] for each in events if each['event'] not in ('progress', 'note')] "
            + "== ['start', 'entry', 'end']",
          "[each['path'] for each in find('start')[0]['locations']] == ['\(source)', '\(target)']",
          "events[-1]['files_copied'] == 1 and events[-1]['bytes_copied'] == \(size)",
          "[(each['operation'], each['role']) for each in events[-1]['latencies']] "
            + "== [('read', 'source'), ('write', 'target'), ('flush', 'target')]",
          "events[-1]['latencies'][0]['bytes'] >= \(size)",
          "events[-1]['latencies'][1]['bytes'] >= \(size) // 512 * 512 - 512",
        ],
        in: sandbox
      )
    }
  }

  @Test func whatKeepsARunFromStarting() throws {
    try withSandbox { sandbox in
      try shell("mkdir src; : > file", in: sandbox)
      let result = try fastsync(["-a", "--json=events", "src/", "file"], directory: sandbox.path)
      #expect(result.status == 3)
      try check(
        "events",
        [
          "[each['event'] for each in events] == ['error', 'end']",
          "events[0]['costs'] == 'run' and events[1]['exit_code'] == 3",
        ],
        in: sandbox
      )
    }
  }

  @Test func eventsThatCannotBeWritten() throws {
    try withSandbox { sandbox in
      try shell(Self.trees, in: sandbox)
      let full = try fastsync(["-aH", "--json=/dev/full", "src/", "new"], directory: sandbox.path)
      #expect(full.status == 11)
      let line = "fastsync: --json: the events cannot be written: No space left on device\n"
      #expect(full.errorText == line)
      try expectSame(sandbox.path("src"), sandbox.path("new"))
      let script = "{ \"$0\" -aH --json src/ again; echo $? >status; } | true"
      let closed = try run("sh", ["-c", script, fastsyncBinary], directory: sandbox.path)
      #expect(closed.status == 0)
      #expect(try succeed("cat", [sandbox.path("status")]).outputText == "11\n")
      try expectSame(sandbox.path("src"), sandbox.path("again"))
      let none = try fastsync(["-a", "--json=none/file", "src/", "third"], directory: sandbox.path)
      #expect(none.status == 11)
      #expect(unsafe access(sandbox.path("third"), F_OK) != 0)
      try expectFastsync(1, ["--json", "--list-only", sandbox.path("src/")])
    }
  }
}

/// `--metrics`, judged by Prometheus' own parser.
@Suite(
  .enabled(
    if: PythonJudge.has("prometheus_client"),
    "python3-prometheus-client is not installed"
  )
)
struct MetricsTests {
  private static let reader = """
    import sys
    from prometheus_client.parser import text_string_to_metric_families
    found = {each.name: each for each in text_string_to_metric_families(open(sys.argv[1]).read())}
    assert all(each.type == "gauge" and each.documentation for each in found.values())
    def value(name):
        return found["fastsync_" + name].samples[0].value if "fastsync_" + name in found else None
    labels = found["fastsync_success"].samples[0].labels
    for expression in sys.argv[2:]:
        assert eval(expression), (expression, open(sys.argv[1]).read())
    """

  private func check(_ expressions: [String], in sandbox: Sandbox) throws {
    try PythonJudge.expect(Self.reader, ["run.prom"] + expressions, in: sandbox)
  }

  @Test func figuresOfRuns() throws {
    try withSandbox { sandbox in
      let script = "mkdir src 'a \"target\\'; echo hello > src/f; ln -s x src/l; umask 022"
      try shell(script, in: sandbox)
      let words = ["-a", "--metrics=run.prom"], operands = ["src/", "a \"target\\/"]
      _ = try fastsync(words + ["-n"] + operands, directory: sandbox.path)
      try check(
        ["value('dry_run') == 1", "value('last_success_timestamp_seconds') is None"],
        in: sandbox
      )
      #expect(try fastsync(words + operands, directory: sandbox.path).status == 0)
      try check(
        [
          "value('success') == 1 and value('exit_code') == 0 and value('dry_run') == 0",
          "labels == {'source': 'src', 'target': 'a \"target\\\\'}",
          "value('copied_files') == 1 and value('copied_bytes') == 6 and value('failures') == 0",
          "value('last_success_timestamp_seconds') == value('end_timestamp_seconds')",
        ],
        in: sandbox
      )
      #expect(try fastsync(words + ["missing"] + operands, directory: sandbox.path).status == 23)
      try check(
        [
          "value('success') == 0 and value('exit_code') == 23 and value('failures') == 1",
          "0 < value('last_success_timestamp_seconds') < value('end_timestamp_seconds')",
          "value('unchanged_entries') == 3",
        ],
        in: sandbox
      )
      // Nothing beside it is left.
      let names = try OpenDirectory(sandbox.path).names().map {
        String(decoding: $0, as: UTF8.self)
      }
      #expect(names.sorted() == ["a \"target\\", "run.prom", "src"])
    }
  }

  @Test func aFileThatCannotBeWritten() throws {
    try withSandbox { sandbox in
      try succeed("mkdir", [sandbox.path("src"), sandbox.path("directory")])
      for place in ["none/run.prom", "directory"] {
        let words = ["-a", "--metrics=\(place)", "src/", "new"]
        let result = try fastsync(words, directory: sandbox.path)
        #expect(
          result.status == 11 && result.errorText.contains("\(place): cannot write metrics: ")
        )
      }
    }
  }
}
