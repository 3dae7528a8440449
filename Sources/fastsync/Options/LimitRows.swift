// SPDX-License-Identifier: Apache-2.0

import CopyEngine

/// Rows of `OptionTable`.
enum LimitRows {
  /// How fast a run goes, and how long.
  static let limits: [OptionRow] = [
    OptionRow(
      ["bwlimit"],
      nil,
      OptionValue("RATE"),
      negation: .names,
      in: .limits,
      help: "Copy no more than so many KiB a second; 0 is no limit.",
      manual: #"""
        Copy no more than
        .I RATE
        a second, all workers together.
        Without a unit that is KiB, and as in rsync it is rounded to KiB: 1024 bytes a second are
        the least, 0 is no limit.
        The data of files, devices and images counts, as it is read, also where it is small;
        extents that are shared cost nothing, and neither does what is only compared.
        Blocks are made smaller, so that a second has eight of them or more as long as they are
        pages.
        """#
    ) { options, typed throws(Refusal) in try options.limits.setRate(typed) }
  ]
}
