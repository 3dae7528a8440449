// SPDX-License-Identifier: Apache-2.0

import Testing

extension ProcessResult {
  /// The lines of entries that `-v` or `-i` prints: not what begins and what ends the list.
  var listing: [Substring] {
    let lines = outputText.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.prefix { !$0.isEmpty }.filter { line in
      !["sending incremental file list", "created directory ", "fastsync: "].contains {
        line.hasPrefix($0)
      }
    }
  }

  /// Whether `-v` lists nothing but directories.
  var copiesNothing: Bool { listing.allSatisfy { $0.hasSuffix("/") } }
}
