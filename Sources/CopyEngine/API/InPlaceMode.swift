// SPDX-License-Identifier: Apache-2.0

/// Writing into the files that are there, instead of putting new ones in their place.
public enum InPlaceMode: Sendable {
  /// What they have is written over (`--inplace`).
  case whole
  /// Shorter ones get what they lack (`--append`).
  case append
  /// The same, if what they have is the source's (`--append-verify`).
  case appendVerified

  /// Whether what a shorter file has is kept.
  var appends: Bool { self != .whole }
}
