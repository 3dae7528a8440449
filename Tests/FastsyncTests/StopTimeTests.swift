// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import fastsync

/// When `--stop-at` and `--stop-after` have a run stop.
@Suite struct StopTimeTests {
  /// A moment of local time, in seconds since 1970, by `date`'s words.
  private static func moment(_ text: String) throws -> Int {
    let numbers = text.split { !$0.isNumber }.compactMap { Int32($0) }
    try #require(numbers.count == 5)
    var time = unsafe tm()
    unsafe (time.tm_year, time.tm_mon) = (numbers[0] - 1900, numbers[1] - 1)
    unsafe (time.tm_mday, time.tm_hour, time.tm_min) = (numbers[2], numbers[3], numbers[4])
    unsafe time.tm_isdst = -1
    return unsafe mktime(&time)
  }

  static let moments: [(now: String, typed: String, next: String?)] = [
    ("2026-11-27 13:30", "2030-12-31T23:59", "2030-12-31 23:59"),
    ("2026-11-27 13:30", "2030/12/31T23:59", "2030-12-31 23:59"),
    ("2026-11-27 13:30", "2030-12-31", "2030-12-31 00:00"),
    ("2026-11-27 13:30", "2030-12-31T", "2030-12-31 00:00"),
    ("2026-11-27 13:30", "30-12-31T4:5", "2030-12-31 04:05"),
    ("2026-11-27 13:30", "25-1-1", "2125-01-01 00:00"),
    ("2026-11-27 13:30", "26-1-1", "2026-01-01 00:00"),
    ("2026-11-27 13:30", "1-30", "2027-01-30 00:00"),
    ("2026-11-27 13:30", "12-30", "2026-12-30 00:00"),
    ("2026-11-27 13:30", "11-27", "2027-11-27 00:00"),
    ("2026-11-27 13:30", "11-27T14:00", "2026-11-27 14:00"),
    ("2026-11-27 13:30", "2-29", "2028-02-29 00:00"),
    ("2026-11-27 13:30", "2-30", nil),
    ("2026-11-27 13:30", "14:00", "2026-11-27 14:00"),
    ("2026-11-27 13:30", "T14:00", "2026-11-27 14:00"),
    ("2026-11-27 13:30", "13:30", "2026-11-28 13:30"),
    ("2026-11-27 13:30", "1:2", "2026-11-28 01:02"),
    ("2026-11-30 13:30", "1:2", "2026-12-01 01:02"),
    ("2026-12-31 13:30", "1:2", "2027-01-01 01:02"),
    ("2026-11-27 13:30", "1", "2026-12-01 00:00"),
    ("2026-11-27 13:30", "31", "2026-12-31 00:00"),
    ("2027-01-31 13:30", "31", "2027-03-31 00:00"),
    ("2026-11-27 13:30", "28", "2026-11-28 00:00"),
    ("2026-11-27 13:30", "28T1:00", "2026-11-28 01:00"),
    ("2026-11-27 13:30", "28-1:00", "2026-11-28 01:00"),
    ("2026-11-27 13:30", ":59", "2026-11-27 13:59"),
    ("2026-11-27 13:30", ":30", "2026-11-27 14:30"),
    ("2026-12-31 23:30", ":05", "2027-01-01 00:05"),
    ("2026-11-27 13:30", "0", nil), ("2026-11-27 13:30", "32", nil),
    ("2026-11-27 13:30", "13-1", nil), ("2026-11-27 13:30", "0-1", nil),
    ("2026-11-27 13:30", "24:00", nil), ("2026-11-27 13:30", "1:60", nil),
  ]

  @Test(arguments: moments.indices) func nextMoment(_ index: Int) throws {
    let (now, typed, next) = Self.moments[index]
    let parsed = try #require(StopTime(Array(typed.utf8)), "\(typed)")
    let found = try parsed.next(after: Self.moment(now))
    #expect(try found == next.map(Self.moment), "\(typed) at \(now)")
  }

  /// Both take or refuse the same, with the same words.
  @Test(
    .enabled(if: RsyncTwin.obstacle == nil, "rsync is not installed"),
    arguments: [
      "--stop-at=", "--stop-at=x", "--stop-at=1-2-3-4", "--stop-at=2020-1-1", "--stop-at=1-",
      "--stop-at=1T5", "--stop-at=T5", "--stop-at=:", "--stop-at=:5:", "--stop-at=:1:2",
      "--stop-at=1:2:3", "--stop-at=1-2T:5", "--stop-at=5:", "--stop-at=1-2T3:4T", "--stop-at=:61",
      "--stop-at=13-1", "--stop-at=2-30", "--stop-at=31", "--stop-at=2031-2-31", "--stop-at=1.5",
      "--stop-at=3-25:00", "--stop-at=1-1 5:00", "--stop-at= 5", "--stop-at=-5", "--stop-at=99",
      "--stop-after=0", "--stop-after=", "--stop-after=-1", "--stop-after=5x", "--stop-after=x",
      "--stop-after= 7", "--time-limit=0", "--time-limit=3", "--stop-after=+5",
    ]
  )
  func lineIsReadAsByRsync(_ option: String) throws {
    try withSandbox { sandbox in
      _ = try sandbox.makeDirectory("s")
      let words = ["-a", option, sandbox.path + "/s/", sandbox.path + "/t/"]
      try RsyncLines.expectSame(words)
    }
  }
}
