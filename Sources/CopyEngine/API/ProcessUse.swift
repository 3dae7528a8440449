// SPDX-License-Identifier: Apache-2.0

/// What a run may do to the process that it is a part of.
public enum ProcessUse: Sendable {
  /// The process has other things to do, and finds all as it was: the run is on threads of its own,
  /// which take none of the signals of the process.
  case shared
  /// The process is there for the run: the calling thread works on it, and the limit on open files
  /// is raised as far as the run has use for it, and stays so.
  case own
}
