// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import FileTree

extension FilterOptions {
  /// Which names are left out, in the engine's terms.
  ///
  /// - Parameters:
  ///   - typed: The options that were typed.
  ///   - implied: Rules that other options bring; they count behind those that were typed, and
  ///     before what CVS ignores.
  init(_ typed: TypedFilters, implied: [FilterDirective] = []) {
    self.init()
    directives = typed.directives + implied
    if typed.ignoresLikeCVS {
      for rule in [":C", "-C"] {
        directives.append(FilterDirective(.rule, Array(rule.utf8), endsByNul: typed.endsByNul))
      }
    }
    prunesEmptyDirectories = typed.prunesEmptyDirectories
    guard !directives.isEmpty else { return }
    settings.endsByNul = typed.endsByNul
    if let home = Environment.variable("HOME") { settings.cvsFile = home + "/.cvsignore".utf8 }
    settings.cvsWords = Environment.variable("CVSIGNORE") ?? []
  }
}
