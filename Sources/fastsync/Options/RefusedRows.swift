// SPDX-License-Identifier: Apache-2.0

/// Rows of `OptionTable`.
enum RefusedRows {
  /// The options that only rsync has: known by their names, and that they take a value, so that
  /// they are told apart from typing errors.
  static let refused: [OptionRow] =
    remote + delta + [OptionRow(refused: .birthTimes, ["crtimes"], "N")]

  private static let remote: [OptionRow] = [
    OptionRow(refused: .remote, ["address"], nil, OptionValue("ADDRESS")),
    OptionRow(refused: .remote, ["compress"], "z", negation: .namesAndLetter),
    OptionRow(refused: .remote, ["compress-choice", "zc"], nil, OptionValue("STR")),
    OptionRow(refused: .remote, ["compress-level", "zl"], nil, OptionValue("NUM")),
    OptionRow(refused: .remote, ["compress-threads", "zt"], nil, OptionValue("NUM")),
    OptionRow(refused: .remote, ["config"], nil, OptionValue("FILE", .file)),
    OptionRow(refused: .remote, ["contimeout"], nil, OptionValue("SECONDS"), negation: .names),
    OptionRow(refused: .remote, ["copy-as"], nil, OptionValue("USER[:GROUP]")),
    OptionRow(refused: .remote, ["daemon"]),
    OptionRow(refused: .remote, ["detach"], negation: .names),
    OptionRow(refused: .remote, ["dparam"], nil, OptionValue("OVERRIDE")),
    OptionRow(refused: .remote, ["early-input"], nil, OptionValue("FILE", .file)),
    OptionRow(refused: .remote, ["ipv4"], "4"),
    OptionRow(refused: .remote, ["ipv6"], "6"),
    OptionRow(refused: .remote, ["motd"], negation: .names),
    OptionRow(refused: .remote, ["new-compress"]),
    OptionRow(refused: .remote, ["old-compress"]),
    OptionRow(refused: .remote, ["password-file"], nil, OptionValue("FILE", .file)),
    OptionRow(refused: .remote, ["port"], nil, OptionValue("PORT")),
    OptionRow(refused: .remote, ["protocol"], nil, OptionValue("NUM")),
    OptionRow(refused: .remote, ["remote-option"], "M", OptionValue("OPT")),
    OptionRow(refused: .remote, ["rsh"], "e", OptionValue("COMMAND")),
    OptionRow(refused: .remote, ["rsync-path"], nil, OptionValue("PROGRAM")),
    OptionRow(refused: .remote, ["sender"]),
    OptionRow(refused: .remote, ["server"]),
    OptionRow(refused: .remote, ["skip-compress"], nil, OptionValue("LIST")),
    OptionRow(refused: .remote, ["sockopts"], nil, OptionValue("OPTIONS")),
  ]

  private static let delta: [OptionRow] = [
    OptionRow(refused: .delta, ["only-write-batch"], nil, OptionValue("FILE", .file)),
    OptionRow(refused: .delta, ["read-batch"], nil, OptionValue("FILE", .file)),
    OptionRow(refused: .delta, ["write-batch"], nil, OptionValue("FILE", .file)),
  ]
}
