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
enum ControlGroup {
  /// What the kernel says where there is no limit is more than this, in bytes.
  private static let bytesMax = 1 << 60

  /// The lowest limit on memory of the group and those above it, in bytes; `nil` where there is
  /// none.
  ///
  /// Version 2 has one hierarchy (`memory.max`, and `memory.high`, from which on the group is
  /// slowed down), version 1 one for memory (`memory.limit_in_bytes`). In a container only the
  /// lower part of the path may be there.
  static func memoryBytes(root: String) -> Int? {
    guard let text = SmallFile.text("\(root)/proc/self/cgroup") else { return nil }
    var lowest: Int?
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      let path = String(fields[2])
      var found: [Int] = []
      if fields[0] == "0" && fields[1].isEmpty {
        for base in ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"] {
          found += limits("\(root)\(base)", path, ["memory.max", "memory.high"])
        }
      } else if fields[1].split(separator: ",").contains("memory") {
        found = limits("\(root)/sys/fs/cgroup/memory", path, ["memory.limit_in_bytes"])
      }
      lowest = (found + (lowest.map { [$0] } ?? [])).min()
    }
    return lowest
  }

  /// The limits in the files of a group and of all above it.
  private static func limits(_ base: String, _ path: String, _ files: [String]) -> [Int] {
    var found: [Int] = []
    var parts = path.split(separator: "/")
    while true {
      let directory = ([base] + parts.map(String.init)).joined(separator: "/")
      for file in files {
        guard let text = SmallFile.text("\(directory)/\(file)"),
          let bytes = Int(text.prefix { $0.isNumber }), bytes < bytesMax
        else { continue }
        found.append(bytes)
      }
      guard parts.popLast() != nil else { return found }
    }
  }
}
