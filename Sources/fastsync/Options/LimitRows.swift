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
    ) { options, typed throws(Refusal) in try options.limits.setRate(typed) },

    OptionRow(
      ["stop-after", "time-limit"],
      nil,
      OptionValue("MINS"),
      in: .limits,
      help: "Stop after so many minutes.",
      manual: #"""
        Stop when so many minutes are over, with exit status 30.
        What was copied by then has its name and is on stable storage; what was on its way is not at
        the target, and nothing else is begun.
        The next run finishes it.
        """#
    ) { options, typed throws(Refusal) in try options.limits.stop(after: typed) },

    OptionRow(
      ["stop-at"],
      nil,
      OptionValue("TIME"),
      in: .limits,
      help: "Stop at that time: y-m-dTh:m, or parts of it.",
      manual: #"""
        Stop at that time, as
        .B \-\-stop\-after
        does.
        .I TIME
        is local, as
        .B 2030\-12\-31T23:59
        or with slashes; a year may have two digits.
        What is left out stands for the next time that matches:
        .B 1\-30
        is the next 30th of January at midnight,
        .B 31
        the next month's end on a 31st,
        .B 14:00
        the next two o'clock in the afternoon,
        .B :59
        the next 59th minute.
        The last of
        .B \-\-stop\-at
        and
        .B \-\-stop\-after
        counts.
        """#
    ) { options, typed throws(Refusal) in try options.limits.stop(at: typed) },

    OptionRow(
      ["timeout"],
      nil,
      OptionValue("SECONDS"),
      negation: .names,
      in: .limits,
      help: "Stop when nothing goes on for so long; 0 is never.",
      manual: #"""
        Stop, with exit status 30, when nothing goes on for so many seconds: no request is
        completed, no name is looked at or removed, and where the disks of both sides are known,
        none of them completes anything, for whomever.
        What is in flight has five seconds to come to its end; then the process ends as it is.
        The default is 0: a disk may take as long as it needs, and one that stalls is told of.
        """#
    ) { options, typed throws(Refusal) in
      options.limits.idleSeconds = typed.isOn ? try typed.integer() : 0
    },

    OptionRow(
      ["max-alloc"],
      nil,
      OptionValue("SIZE"),
      in: .limits,
      help: "Take no more memory than that at once, 1M or more; 0 is no limit.",
      manual: #"""
        Take no more memory than that at once, 1M or more, 0 being no limit: the data buffers, which
        are the largest part of it, are made as small as that.
        With a
        .B \-\-memory
        that is more, nothing is copied, with exit status 22.
        .B RSYNC_MAX_ALLOC
        has the same meaning where the option is not given.
        """#
    ) { options, typed throws(Refusal) in try options.limits.setAllocation(typed) },
  ]
}
