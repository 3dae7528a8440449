// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// What is said of the copy of a device, what is refused, and what an image looks like.
@Suite(.serialized, .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"))
struct DeviceReportTests {
  private static let words = ["--copy-devices"]
  private static let half = "the target is half written, and of no use until a run has finished"

  private func isThere(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

  @Test func whatDiscardDoesIsSaid() throws {
    try withDevicePair { _, source, target in
      let rest = "the last 16776704 bytes are"
      for (option, fate) in [([], "left as they are"), (["--discard"], "discarded with all")] {
        for dry in [["-n"], []] {
          let result = try expectFastsync(0, Self.words + option + dry + ["-v", source, target])
          #expect(result.outputText.contains("\(rest) \(fate)"), "\(result.outputText)")
        }
      }
    }
  }

  @Test func optionsThatWouldDoNothingAreRefused() throws {
    try withDevicePair { sandbox, source, target in
      let before = try digest(target)
      let image = sandbox.path("x")
      for (option, to, word) in [
        ("--jobs=2", target, "one worker"), ("--reflink=always", image, "no extents"),
        ("--cache=dontcache", target, "advise"), ("--cache=auto:dontcache", image, "advise"),
        ("--cache=direct", image, "direct:auto"),
      ] {
        let result = try expectFastsync(4, Self.words + [option, source, to], saying: [word])
        #expect(result.errorText.split(separator: "\n").count == 1)
      }
      #expect(try digest(target) == before && !isThere(image))
      for option in ["--jobs=1", "--reflink=auto", "--cache=direct", "--noreuse"] {
        try expectFastsync(0, Self.words + [option, source, target])
      }
      try expectFastsync(0, Self.words + ["--cache=direct:auto", source, image])
    }
  }

  @Test(arguments: engines) func theWayIsExplained(_ engine: String) throws {
    try withDevicePair { sandbox, source, target in
      for dry in [["-n"], []] {
        let words = Self.words + dry + ["--explain", "--io-engine=\(engine)"]
        let told = try expectFastsync(0, words + [source, target]).outputText
        for line in [
          "source \(source): block device, 64 MiB", "target \(target): block device, 80 MiB",
          "reading \(source): direct (", "writing \(target): direct (", "engine: ",
          "buffers: 8 of 1024 KiB",
        ] { #expect(told.contains(line), "\(told)") }
        #expect(!told.contains("inodes") && !told.contains("no filesystem"), "\(told)")
        let image = try expectFastsync(0, words + [source, sandbox.path("x")]).outputText
        #expect(image.contains("writing \(sandbox.path("x")): advise (direct writes"), "\(image)")
      }
      let keep = Self.words + ["--explain", "--cache=keep", source, target]
      #expect(try expectFastsync(0, keep).outputText.contains("keep (as asked)"))
    }
  }

  /// The file behind the source ends early: a sector that cannot be read.
  @Test(arguments: [[], ["--cache=advise"]])
  func errorsOfTheSourceAreNamedByTheirPlace(_ options: [String]) throws {
    try withDevicePair { sandbox, source, target in
      let end = deviceSourceBytes - 512 - 10 * 4096
      try succeed("truncate", ["-s", "\(end)", sandbox.path("a")])
      let sync = Self.words + options + ["--io-engine=sync"]
      let image = sandbox.path("x")
      let place = options.isEmpty ? "\(end) (4096 bytes):" : ""
      let places = ["cannot read at offset \(place)"]
      let failed = try expectFastsync(23, sync + [source, image], saying: ["\(source): "] + places)
      #expect(!failed.errorText.contains("half written") && !isThere(image))
      let words = ["\(source): cannot read at offset ", "Input/output error", Self.half]
      try expectFastsync(23, Self.words + options + [source, target], saying: words)
    }
  }

  @Test func errorsOfTheTargetAreNamedByTheirPlace() throws {
    try withSandbox { sandbox in
      try makeImage(sandbox, "source", 10 * megabyte, data: 10 * megabyte - 70_000)
      let memory = try sandbox.mount(["-t", "tmpfs", "-o", "size=3M", "tmpfs"], at: "memory")
      try succeed("truncate", ["-s", "20M", "\(memory)/disk"])
      try withDevice("\(memory)/disk") { target in
        let result = try fastsync(Self.words + [sandbox.path("source"), target])
        #expect([11, 23].contains(result.status), "\(result.errorText)")
        let told = "\(target): cannot write at offset 3145728: "
        #expect(result.errorText.contains(told), "\(result.errorText)")
        #expect(result.errorText.contains(Self.half), "\(result.errorText)")
      }
    }
  }

  @Test func anInterruptedRunSaysThatTheTargetIsHalfWritten() throws {
    try withSandbox { sandbox in
      for name in ["a", "b"] { try succeed("truncate", ["-s", "8G", sandbox.path(name)]) }
      try withDevice(sandbox.path("a")) { source in
        try withDevice(sandbox.path("b"), options: ["--sector-size", "4096"]) { target in
          let words =
            Self.words + ["--memory=64K", "--io-engine=sync", "--durability=none", source, target]
          let bytes = words.map { Array($0.utf8) }
          let process = try RunningProcess(fastsyncBinary, rawArguments: bytes)
          try #require(try process.stop { try writtenBytes($0) > megabyte })
          process.send(SIGINT)
          process.send(SIGCONT)
          let result = try process.wait()
          #expect(result.status == 20, "\(result.errorText)")
          #expect(result.errorText == "fastsync: interrupted; \(Self.half)\n")
        }
      }
    }
  }

  @Test func anImageKeepsTheAccessOfTheOneItReplaces() throws {
    try withDevicePair { sandbox, source, _ in
      let image = sandbox.path("image")
      func mode() throws -> String {
        try succeed("stat", ["--format=%a %u %g", image]).outputText
      }
      try expectFastsync(0, Self.words + [source, image])
      #expect(try mode() == "600 0 0\n")
      try succeed("chown", ["1000:1001", image])
      try succeed("chmod", ["4654", image])
      try expectFastsync(0, Self.words + [source, image])
      #expect(try mode() == "654 1000 1001\n")
      try expectEqualBytes(source, image)
    }
  }
}
