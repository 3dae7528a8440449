// SPDX-License-Identifier: Apache-2.0

import CopyEngine

/// Options that mean something between machines only, or to who calls rsync there, as they were
/// typed.
struct TypedWords {
  /// Whether `-s` was given.
  var secludesArguments = false
  /// Whether `--old-args` was given.
  var usesOldArguments = false
  /// Between which character sets names are to be converted.
  var conversion: [UInt8]?
  /// Whether `--iconv` or `--no-iconv` was given, so that the environment does not count.
  var saysConversion = false
  /// Where operands of options have to stay.
  var confinement: [UInt8]?

  /// Takes what the environment says where the command line does not (`RSYNC_ICONV`, which as in
  /// rsync does not count beside `-s`).
  mutating func takeVariables() {
    guard !saysConversion, !secludesArguments else { return }
    conversion = Environment.nonEmptyVariable("RSYNC_ICONV")
  }

  /// Refuses what does not go together, and what would mean something.
  func check(followsForeignLinks: Bool) throws(Refusal) {
    if secludesArguments && usesOldArguments {
      throw Refusal("--secluded-args conflicts with --old-args.")
    }
    if let conversion, ![".", "-"].contains(String(decoding: conversion, as: UTF8.self)) {
      throw Refusal(
        Array("--iconv=".utf8) + conversion,
        " converts names, which fastsync copies as they are",
        .unsupported
      )
    }
    guard let confinement else { return }
    guard confinement.first == UInt8(ascii: "/") else {
      throw Refusal("--confine-root must be an absolute path")
    }
    if followsForeignLinks {
      throw Refusal("--insecure-links cannot be combined with --confine-root")
    }
    guard confinement.contains(where: { $0 != UInt8(ascii: "/") }) else { return }
    throw Refusal(
      Array("--confine-root=".utf8) + confinement,
      " is for programs that serve a directory to other machines, and fastsync only copies locally",
      .unsupported
    )
  }
}
