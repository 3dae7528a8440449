// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// What the process may take of memory, where somebody has set a limit.
public struct MemoryLimits: Equatable, Sendable {
  /// What its control group may have, in bytes, with all that is cached for it.
  public var controlGroupBytes: Int?
  /// What it may still map, in bytes.
  public var addressBytes: Int?

  /// No limits.
  public static let none = MemoryLimits()

  /// Sets limits.
  public init(controlGroupBytes: Int? = nil, addressBytes: Int? = nil) {
    self.controlGroupBytes = controlGroupBytes
    self.addressBytes = addressBytes
  }

  /// The limits of the process; none that cannot be read.
  ///
  /// - Parameter root: What stands before `/proc` and `/sys`.
  /// - Returns: The limits.
  public static func ofProcess(root: String = "") -> MemoryLimits {
    MemoryLimits(
      controlGroupBytes: ControlGroup.memoryBytes(root: root),
      addressBytes: addressBytesLeft(root: root)
    )
  }

  /// What a thread maps for its stack, in bytes, if nothing else is asked for (`getrlimit`).
  public static var stackBytes: Int {
    // What glibc takes where there is no limit is less.
    limit(RLIMIT_STACK) ?? 8 << 20
  }

  /// What RLIMIT_AS and RLIMIT_DATA leave (`getrlimit`, `/proc/self/statm`).
  private static func addressBytesLeft(root: String) -> Int? {
    let (all, data) = (limit(RLIMIT_AS), limit(RLIMIT_DATA))
    guard all != nil || data != nil else { return nil }
    let text = SmallFile.text("\(root)/proc/self/statm") ?? ""
    let pages = text.split(whereSeparator: \.isWhitespace).map { Int($0) ?? 0 }
    // Size, resident, shared, text, a zero, data with stack.
    let (allUsed, dataUsed) = pages.count > 5 ? (pages[0], pages[5]) : (0, 0)
    let left = [
      all.map { $0 - allUsed * ProcessFacts.pageBytes },
      data.map { $0 - dataUsed * ProcessFacts.pageBytes },
    ]
    return left.compactMap { $0 }.min().map { max(0, $0) }
  }

  private static func limit(_ resource: __rlimit_resource) -> Int? {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0,
      limit.rlim_cur < rlim_t(Int.max)
    else {
      return nil
    }
    return Int(limit.rlim_cur)
  }
}

/// The control group of the process.
///
/// By plain loops over bytes, as `/proc/self/mountinfo` is read: each run asks.
enum ControlGroup {
  /// The lowest limit on memory of the group and those above it, in bytes; `nil` where there is
  /// none.
  ///
  /// Version 2 has one hierarchy (`memory.max`, and `memory.high`, from which on the group is
  /// slowed down), version 1 one for memory (`memory.limit_in_bytes`). In a container only the
  /// lower part of the path may be there.
  static func memoryBytes(root: String) -> Int? {
    guard let bytes = SmallFile.bytes(root + "/proc/self/cgroup") else { return nil }
    var lowest = Int.max
    var start = 0
    for end in 0...bytes.count where end == bytes.count || bytes[end] == UInt8(ascii: "\n") {
      lowest = min(lowest, limit(ofLine: bytes[start..<end], root))
      start = end + 1
    }
    return lowest == .max ? nil : lowest
  }

  /// The limit that follows from a line: `number:controllers:path`.
  private static func limit(ofLine line: ArraySlice<UInt8>, _ root: String) -> Int {
    let colon = UInt8(ascii: ":")
    guard let first = line.firstIndex(of: colon),
      let second = line[(first + 1)...].firstIndex(of: colon)
    else { return .max }
    let (controllers, path) = (line[(first + 1)..<second], line[(second + 1)...])
    if controllers.isEmpty {
      let files = ["/memory.max", "/memory.high"]
      return min(
        limit(root + "/sys/fs/cgroup", path, files),
        limit(root + "/sys/fs/cgroup/unified", path, files)
      )
    }
    let isMemory = controllers.split(separator: UInt8(ascii: ",")).contains {
      $0.elementsEqual(memory)
    }
    return isMemory ? limit(root + "/sys/fs/cgroup/memory", path, ["/memory.limit_in_bytes"]) : .max
  }

  private static let memory = Array("memory".utf8)

  /// The lowest limit in the files of a group and of all above it.
  private static func limit(_ base: String, _ path: ArraySlice<UInt8>, _ files: [String]) -> Int {
    var lowest = Int.max
    var rest = path
    while true {
      while rest.last == UInt8(ascii: "/") { rest.removeLast() }
      let directory = base + String(decoding: rest, as: UTF8.self)
      for file in files {
        guard let bytes = SmallFile.bytes(directory + file) else { continue }
        lowest = min(lowest, number(bytes))
      }
      guard !rest.isEmpty else { return lowest }
      while let last = rest.last, last != UInt8(ascii: "/") { rest.removeLast() }
    }
  }

  /// The number in a file; where there is no limit that is a word, or more than any machine has.
  private static func number(_ bytes: [UInt8]) -> Int {
    var (number, digits) = (0, 0)
    for byte in bytes {
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { break }
      number = number &* 10 &+ Int(byte - UInt8(ascii: "0"))
      digits += 1
    }
    return (1...17).contains(digits) ? number : .max
  }
}
