// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import SystemPackage
import Testing

@testable import fastsync

/// What is refused, with which words and which exit status.
@Suite struct ArgumentRefusalTests {
  @Test(arguments: [
    "-e ssh", "-essh", "-ae ssh", "--rsh=ssh", "--rsh ssh", "--daemon", "--server", "-z", "-avz",
    "--compress", "--rsync-path=x", "--port=1", "--password-file=x", "-4", "--ipv6", "-M x",
    "--iconv=utf8,latin1", "--confine-root=/srv", "--write-batch=x",
  ])
  func remoteAndDeltaOptions(options: String) {
    #expect(refusal("\(options) a b")?.code == .unsupported)
  }

  @Test(arguments: [
    "--foo", "-Y", "-aY", "--archiv", "--no-archive", "--no-a", "--no-n", "--no-dry-run",
    "--no-quiet", "--no-memory", "-j2", "-5", "--archive=1", "--no-", "--=x",
  ])
  func typingErrors(options: String) {
    let refusal = refusal("\(options) a b")
    #expect(refusal?.code == .usage)
    #expect(refusal?.text.contains("\n") == false)
  }

  @Test(arguments: [
    ("--archiv a b", "--archiv: unknown option"), ("-aY a b", "-aY: unknown option"),
    ("a b --jobs", "--jobs: missing argument"), ("-aT", "-aT: missing argument"),
    ("--archive=1 a b", "--archive=1: option does not take an argument"),
    ("--jobs=x a b", "--jobs=x: the value must be a number from 1 to 256"),
    ("--jobs x a b", "--jobs=x: the value must be a number from 1 to 256"),
  ])
  func sentencesOfTypingErrors(line: String, sentence: String) {
    #expect(refusal(line)?.text == sentence)
  }

  /// What rsync says of the same line, without what it says of itself.
  @Test(arguments: [
    "--foo", "-Y", "-aY", "-vvY", "--archiv", "--archive=1", "-a=1", "-an=1", "--no-v=1", "--=x",
    "--no-", "--no-a", "-n --foo -Y", "a -Y b", "a b --temp-dir", "a b -aT", "---archive",
    "-a- x", "--archive --", "a b -@",
  ])
  func typingErrorsAgreeWithRsync(line: String) throws {
    let error = try run("rsync", line.split(separator: " ").map(String.init)).errorText
    let theirs = error.split(separator: "\n").first { $0.hasPrefix("rsync: -") }
    let ours = refusal(line)?.text.split(separator: "\n").first { $0.hasPrefix("-") }
    #expect(ours == theirs?.dropFirst("rsync: ".count))
  }

  @Test(arguments: [
    "--qsort", "-s", "--no-s", "--secluded-args", "--protect-args", "--no-protect-args",
    "--old-args", "--no-old-args", "-s --old-args --no-old-args", "--trust-sender",
    "--blocking-io", "--no-blocking-io", "--iconv=.", "--iconv=-", "--no-iconv",
    "--iconv=utf8,latin1 --no-iconv", "--confine-root=/", "-B 128k", "--block-size=0",
    "-W", "--whole-file", "--inc-recursive", "--i-r", "--no-inc-recursive", "--no-i-r",
  ])
  func harmlessOptions(option: String) throws {
    _ = try plan("-a \(option) a b")
  }

  /// Both accept the same, or say the same of it.
  @Test(arguments: [
    "-s --old-args", "--old-args -s", "--confine-root=x", "--confine-root=",
    "--confine-root=/tmp --insecure-links", "--block-size=128k+1",
    "-B 1g", "-B x", "--max-alloc=0", "--max-alloc=1", "--max-alloc=1m", "--max-alloc=900k",
    "--max-alloc=x",
    "-B 700", "--max-alloc=2g+1",
  ])
  func wordsAgreeWithRsync(line: String) throws {
    try withSandbox { sandbox in
      _ = try sandbox.makeDirectory("s")
      let words = ["-a"] + line.split(separator: " ").map(String.init)
      let operands = [sandbox.path + "/s/", sandbox.path + "/t/"]
      let theirs = try run("rsync", words + operands)
      let ours = try fastsync(words + operands)
      #expect(ours.status == theirs.status, "\(theirs.errorText)\(ours.errorText)")
      guard theirs.status == 1 else { return }
      let told = theirs.errorText.split(separator: "\n").first ?? ""
      #expect(ours.errorText == "fastsync: \(told.dropFirst("rsync: ".count))\n")
    }
  }

  @Test func memoryIsBounded() throws {
    #expect(try plan("--max-alloc=2m a b").options.transfer.allocationBytesMax == 2 << 20)
    #expect(refusal("--max-alloc=2m --memory=3M a b")?.code == .memory)
    #expect(refusal("--max-alloc=3m --memory=3M a b") == nil)
    #expect(refusal("--max-alloc=0 --memory=1G a b") == nil)
  }

  @Test func operands() throws {
    #expect(refusal("")?.code == .usage)
    #expect(refusal("-a")?.text.contains("usage: fastsync [OPTION]... SRC... DEST") == true)
    #expect(try plan("SRC").options.listing == Listing(showsLinks: false))
    #expect(throws: Refusal("an empty source or target was given")) {
      try Invocation([Array("SRC".utf8), []])
    }
  }

  @Test func refusedOptionsInPlaceOfValuesAndOperands() throws {
    #expect(refusal("--cache --delete a b")?.text.hasPrefix("--cache=--delete: the value") == true)
    #expect(try plan("a -- --delete").target == "--delete")
    #expect(try plan("--jobs 4 a b").options.transfer.jobs == 4)
  }

  /// Every name and every letter of rsync is accepted, or refused as an option of rsync.
  @Test func everyOptionOfRsyncIsKnown() throws {
    let help = try run("rsync", ["--help"]).outputText
    let listed = help.split(separator: "\n").drop { $0 != "Options" }.dropFirst()
    var count = 0
    for line in listed where line.hasPrefix("-") {
      let names = line.split(separator: " ").prefix { $0.hasPrefix("-") }
      for name in names {
        let option = String(name.prefix { $0 != "=" && $0 != "," })
        if option == "--no-OPTION" || option == "--help" { continue }
        count += 1
        let sentence = refusal("\(option) a b")?.text ?? ""
        #expect(!sentence.contains("unknown option"), "\(option): \(sentence)")
      }
    }
    #expect(count > 150)
  }
}
