// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Points in time as `--stop-at` takes them: `2030-12-31T23:59` and parts of that, which stand for
/// the next time that matches them.
struct StopTime {
  /// Year, month and day, as many of the last of them as were typed.
  private var date: [Int] = []
  /// Hour and minute, or only the minute.
  private var time: [Int] = []

  /// Takes a text apart; `nil` if it is none of the forms.
  init?(_ text: [UInt8]) {
    var rest = text[...]
    // A date is followed by a T and a time, or by a time at once.
    var isDate = true
    var needsColon = false
    switch rest.first {
    case UInt8(ascii: ":"): isDate = false
    case UInt8(ascii: "T"), UInt8(ascii: "t"): (isDate, needsColon) = (false, true)
    default: break
    }
    if !isDate { rest = rest.dropFirst() }
    while true {
      guard let number = Self.takeNumber(&rest) else { return nil }
      let separator = rest.popFirst()
      if separator == UInt8(ascii: ":") { (isDate, needsColon) = (false, false) }
      guard isDate else {
        time.append(number)
        guard time.count <= 2 else { return nil }
        if separator == nil && !needsColon { break }
        guard separator == UInt8(ascii: ":") else { return nil }
        continue
      }
      date.append(number)
      guard date.count <= 3 else { return nil }
      switch separator {
      case nil: return
      case UInt8(ascii: "T"), UInt8(ascii: "t"):
        if rest.isEmpty { return }
        (isDate, needsColon) = (false, true)
      case UInt8(ascii: "-"), UInt8(ascii: "/"): break
      default: return nil
      }
    }
    if time.count == 1 && !date.isEmpty { return nil }
  }

  private static func takeNumber(_ rest: inout ArraySlice<UInt8>) -> Int? {
    let digits = rest.prefix { (0x30...0x39).contains($0) }
    guard !digits.isEmpty else { return nil }
    rest = rest.dropFirst(digits.count)
    return digits.reduce(0) { min($0 * 10 + Int($1 - 0x30), 1_000_000) }
  }

  /// The next time after `now` that matches, both in seconds since 1970; where nothing is left open
  /// it may lie before.
  ///
  /// - Returns: `nil` if there is no such time.
  func next(after now: Int) -> Int? {
    guard let today = LocalTime(now) else { return nil }
    let hour = time.count == 2 ? time[0] : time.count == 1 ? today.hour : 0
    let minute = time.last ?? 0
    let day = date.last ?? today.day
    guard hour <= 23, minute <= 59, (1...31).contains(day) else { return nil }
    if date.count >= 2, !(1...12).contains(date[date.count - 2]) { return nil }
    func local(_ year: Int, _ month: Int, _ day: Int) -> LocalTime {
      LocalTime(year: year, month: month, day: day, hour: hour, minute: minute)
    }
    let candidates: [LocalTime]
    switch date.count {
    case 3: return local(Self.year(date[0], today.year), date[1], day).seconds
    // The 29th of February is the rarest, and may be eight years away.
    case 2: candidates = (today.year...today.year + 8).map { local($0, date[0], day) }
    case 1: candidates = (today.month...today.month + 12).map { local(today.year, $0, day) }
    case _ where time.count == 1:
      let this = local(today.year, today.month, day).seconds
      return this.map { $0 > now ? $0 : $0 + 3600 }
    // The day behind a month's last is the next month's first.
    default:
      return (day...day + 1).lazy.compactMap { local(today.year, today.month, $0).seconds }
        .first { $0 > now }
    }
    return candidates.lazy.filter(\.isExact).compactMap(\.seconds).first { $0 > now }
  }

  /// A year of two digits is the next that ends so.
  private static func year(_ typed: Int, _ thisYear: Int) -> Int {
    guard typed < 100 else { return typed }
    let century = thisYear - thisYear % 100
    return century + typed < thisYear ? century + typed + 100 : century + typed
  }
}

/// A time of the local calendar, to the minute.
private struct LocalTime {
  let year: Int
  /// From 1; beyond 12 it belongs to the next year.
  let month: Int
  /// From 1; beyond the month's last it belongs to the next month.
  let day: Int
  let hour: Int
  let minute: Int

  init(year: Int, month: Int, day: Int, hour: Int, minute: Int) {
    self.year = year
    self.month = month
    self.day = day
    self.hour = hour
    self.minute = minute
  }

  /// The time that a moment is here, in seconds since 1970 (`localtime_r`).
  init?(_ seconds: Int) {
    var seconds = seconds
    var parts = unsafe tm()
    guard unsafe localtime_r(&seconds, &parts) != nil else { return nil }
    year = unsafe Int(parts.tm_year) + 1900
    month = unsafe Int(parts.tm_mon) + 1
    day = unsafe Int(parts.tm_mday)
    hour = unsafe Int(parts.tm_hour)
    minute = unsafe Int(parts.tm_min)
  }

  /// The moment, in seconds since 1970; `nil` where there is none.
  var seconds: Int? { moment?.seconds }

  /// Whether there is such a day.
  var isExact: Bool { moment?.day == day }

  /// The moment, and the day of the month that it is on (`mktime`).
  private var moment: (seconds: Int, day: Int)? {
    var parts = unsafe tm()
    unsafe parts.tm_year = Int32(clamping: year - 1900)
    unsafe parts.tm_mon = Int32(clamping: month - 1)
    unsafe parts.tm_mday = Int32(clamping: day)
    unsafe parts.tm_hour = Int32(clamping: hour)
    unsafe parts.tm_min = Int32(clamping: minute)
    unsafe parts.tm_isdst = -1
    let seconds = unsafe mktime(&parts)
    return unsafe seconds == -1 ? nil : (seconds, Int(parts.tm_mday))
  }
}
