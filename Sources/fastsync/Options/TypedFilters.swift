// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import FileTree

/// Options that leave names out, as they were typed.
struct TypedFilters {
  /// Those that give rules, in their order.
  private(set) var directives: [FilterDirective] = []
  /// Whether what is read from files is ended by NULs from here on (`-0`).
  var endsByNul = false
  /// Whether names are left out that CVS ignores (`-C`).
  var ignoresLikeCVS = false
  var prunesEmptyDirectories = false
  /// How often `-F` was given.
  private var standardFiles = 0

  /// Notes an option that gives rules.
  mutating func add(_ kind: FilterDirective.Kind, _ value: [UInt8]) {
    directives.append(FilterDirective(kind, value, endsByNul: endsByNul))
  }

  /// Notes `-F`: first the files of directories, then that they are left out themselves.
  mutating func addStandardFiles() {
    standardFiles += 1
    switch standardFiles {
    case 1: add(.rule, Array(": /.rsync-filter".utf8))
    case 2: add(.rule, Array("- .rsync-filter".utf8))
    default: break
    }
  }
}
