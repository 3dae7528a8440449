// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import SystemPackage
import Testing

@testable import fastsync

/// Which options select and keep what.
@Suite struct ArgumentSelectionTests {
  @Test(arguments: [
    "", "-n", "-v", "-q", "-vvh", "-x", "-W", "--memory=1M --jobs=2", "--reflink=never",
  ])
  func bareKeepsEverything(options: String) throws {
    let options = try plan("\(options) SRC/ DEST/").options
    #expect(options.preservation == .everything)
    #expect(options.rules.isRecursive)
    #expect(!options.skipsPrivileged)
  }

  /// Options that were not typed mean what the engine's defaults mean.
  @Test func theDefaultsAreThoseOfTheEngine() throws {
    let parsed = try plan("--whole-file SRC/ DEST/").options
    #expect("\(parsed)" == "\(try plan("SRC/ DEST/").options)")
    #expect("\(parsed)" == "\(CopyOptions())")
  }

  private static let all = Preservation.everything.subtracting(.accessTimes).union(.zerosAsHoles)

  static let kept: [(String, Preservation)] = [
    ("-r", []),
    ("-a", .archive),
    ("-rlptgoD", .archive),
    ("--archive", .archive),
    ("--recursive --links --perms --times --group --owner --devices --specials", .archive),
    ("-rl", .symbolicLinks),
    ("-rp", .permissions),
    ("-rt", .times),
    ("-rg", .group),
    ("-ro", .owner),
    ("-rD", [.devices, .specials]),
    ("-r --devices", .devices),
    ("-r --specials", .specials),
    ("-rH", .hardLinks),
    ("-rA", [.accessControlLists, .permissions]),
    ("-rX", .extendedAttributes),
    ("-rS", [.holes, .zerosAsHoles]),
    ("-aHAXS", Self.all),
    ("-a --hard-links --acls --xattrs --sparse", Self.all),
    // The later option wins.
    ("-a --no-owner", Preservation.archive.subtracting(.owner)),
    ("--no-owner -a", .archive),
    ("-a --no-o --no-g", Preservation.archive.subtracting([.owner, .group])),
    ("-a --no-D", Preservation.archive.subtracting([.devices, .specials])),
    ("-a --no-D --specials", Preservation.archive.subtracting(.devices)),
    ("-a --no-devices", Preservation.archive.subtracting(.devices)),
    ("-a --no-perms -A", [.archive, .accessControlLists]),
    ("-aA --no-perms", [.archive.subtracting(.permissions), .accessControlLists]),
    ("-rA --no-acls", .permissions),
    ("-aHX --no-H --no-xattrs", .archive),
    ("-aS --no-S", .archive),
    ("-a --no-links --no-times", Preservation.archive.subtracting([.symbolicLinks, .times])),
    ("-rl -- ", .symbolicLinks),
  ]

  @Test(arguments: kept)
  func optionsMeanWhatTheyMeanInRsync(options: String, expected: Preservation) throws {
    let options = try plan("\(options) SRC/ DEST/").options
    #expect(options.preservation == expected)
    #expect(options.rules.isRecursive)
    #expect(options.skipsPrivileged)
  }

  @Test(arguments: ["-l", "-ptgo", "-S", "-a --no-r", "-a --no-recursive", "-H"])
  func directoriesAreSkippedWithoutRecursion(options: String) throws {
    #expect(try !plan("\(options) SRC/ DEST/").options.rules.isRecursive)
  }

  /// Rsync implies nothing without options, so there is nothing to take back; fastsync does.
  @Test func takingBackAloneTakesFromEverything() throws {
    let options = try plan("--no-owner --no-xattrs SRC/ DEST/").options
    #expect(options.preservation == .everything.subtracting([.owner, .extendedAttributes]))
    #expect(options.rules.isRecursive)
    #expect(!options.skipsPrivileged)
  }

  @Test func oneFileSystem() throws {
    #expect(try plan("-ax SRC DEST").options.rules.staysOnFilesystem)
    #expect(try plan("--one-file-system SRC DEST").options.rules.staysOnFilesystem)
    #expect(try !plan("-ax --no-x SRC DEST").options.rules.staysOnFilesystem)
    #expect(try !plan("-a SRC DEST").options.rules.staysOnFilesystem)
    #expect(try plan("-x --no-x -x SRC DEST").options.rules.staysOnFilesystem)
    #expect(try !plan("-ax SRC DEST").options.rules.leavesOutMounts)
    #expect(try plan("-xx SRC DEST").options.rules.leavesOutMounts)
  }

  @Test func optionsMayFollowOperands() throws {
    let plan = try plan("SRC -a DEST -n")
    #expect(plan.options.preservation == .archive)
    #expect(plan.options.isDryRun)
    #expect(plan.target == "DEST")
  }

  @Test func dryRunAndVerbosity() throws {
    #expect(try verbosity("a b") == Verbosity())
    #expect(try verbosity("-vv a b")?.level == 2)
    #expect(try verbosity("-v a b --verbose")?.level == 2)
    #expect(try verbosity("-vv --no-v a b")?.level == 0)
    #expect(try verbosity("-vvq a b")?.level == 0)
    #expect(try verbosity("a b")?.figures == .grouped)
    #expect(try verbosity("-h a b")?.figures == .decimal)
    #expect(try verbosity("-hh a b")?.figures == .binary)
    #expect(try verbosity("-hhhh a b")?.figures == .binary)
    #expect(try verbosity("--no-h a b")?.figures == .plain)
  }
}
