// SPDX-License-Identifier: Apache-2.0

/// What `--version` prints: which of rsync's capabilities are there, by its names.
enum VersionText {
  /// A capability: whether it is there, or how many bits something has.
  private enum Value {
    case bits(Int)
    case flag(Bool)

    var json: String {
      switch self {
      case .bits(let count): "\(count)"
      case .flag(let isThere): "\(isThere)"
      }
    }
  }

  /// Scripts ask for these by their keys in the JSON.
  private static let capabilities: [(key: String, value: Value)] = [
    ("file_bits", .bits(64)), ("inum_bits", .bits(64)), ("timestamp_bits", .bits(64)),
    ("long_int_bits", .bits(64)), ("socketpairs", .flag(false)), ("symlinks", has("links")),
    ("symtimes", has("times")), ("hardlinks", has("hard-links")),
    ("hardlink_specials", has("hard-links")), ("hardlink_symlinks", has("hard-links")),
    ("IPv6", has("ipv6")), ("atimes", has("atimes")), ("batchfiles", has("write-batch")),
    ("inplace", has("inplace")), ("append", has("append")), ("ACLs", has("acls")),
    ("ACL_at", has("acls")), ("xattrs", has("xattrs")), ("secluded_args", has("secluded-args")),
    ("iconv", has("iconv")), ("prealloc", has("preallocate")), ("stop_at", has("stop-at")),
    ("crtimes", has("crtimes")),
  ]

  /// Whether an option is carried out, and not refused.
  private static func has(_ name: String) -> Value {
    .flag(
      OptionTable.rows.contains { row in
        guard row.names.contains(name), case .changes = row.effect else { return false }
        return true
      }
    )
  }

  private static let optimizations = ["SIMD_roll", "asm_roll", "openssl_crypto", "asm_MD5"]

  private static let checksums = Checksum.allCases.map(\.rawValue)

  /// The text, or the same as JSON with rsync's keys.
  static func text(asJSON: Bool) -> String { asJSON ? json : plain }

  private static var plain: String {
    let shown = capabilities.map { key, value in
      // `replacing` would bring regular expressions into the binary, two megabytes of them.
      let words = key.split(separator: "_")
      let name = words.joined(separator: "-")
      return switch value {
      case .bits(let count): "\(count)-bit \(words.dropLast().joined(separator: "-"))s"
      case .flag(let isThere): isThere ? name : "no \(name)"
      }
    }
    return """
      fastsync  version \(Invocation.version)
      Copies through io_uring where the kernel allows it, else through plain system calls.
      Capabilities:
      \(wrapped(shown))
      Checksum list:
          \(checksums.joined(separator: " "))
      Compress list:
          none

      Apache License 2.0; there is no warranty.

      """
  }

  private static func wrapped(_ words: [String]) -> String {
    var lines: [String] = []
    for (index, word) in words.enumerated() {
      let word = index + 1 < words.count ? word + "," : word
      if let last = lines.last, last.count + word.count < 78 {
        lines[lines.count - 1] = "\(last) \(word)"
      } else {
        lines.append("    \(word)")
      }
    }
    return lines.joined(separator: "\n")
  }

  private static var json: String {
    func object(_ name: String, _ members: [(key: String, value: Value)]) -> String {
      let lines = members.map { "    \"\($0.key)\": \($0.value.json)" }
      return "  \"\(name)\": {\n\(lines.joined(separator: ",\n"))\n  }"
    }
    let shown = checksums.map { "\"\($0)\"" }
    let members = [
      "  \"program\": \"fastsync\"",
      "  \"version\": \"\(Invocation.version)\"",
      "  \"protocol\": \"0.0\"",
      object("capabilities", capabilities),
      object("optimizations", optimizations.map { ($0, .flag(false)) }),
      "  \"checksum_list\": [\n    \(shown.joined(separator: ", "))\n  ]",
      "  \"compress_list\": [\n    \"none\"\n  ]",
      "  \"daemon_auth_list\": []",
      "  \"license\": \"Apache-2.0\"",
      "  \"caveat\": \"fastsync comes with no warranty\"",
    ]
    return "{\n\(members.joined(separator: ",\n"))\n}\n"
  }
}
