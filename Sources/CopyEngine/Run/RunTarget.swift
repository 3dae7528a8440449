// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel

/// What only the operands of a run tell.
struct RunTarget {
  var root: InodeIdentity?
  var nearest: EntryMetadata?
  var probe: LivenessProbe?
  var operands = GivenUp.Operands()
  var blockBytes: UInt64 = 1
  /// Whether this run makes it, which is told before anything else.
  var isNew = false
  var backups: BackupRoot?
  var basis: [BasisDirectory] = []
  var temporaries: OpenDirectory?
  /// Those of the run that this one belongs to.
  var deletions: DeletionGate?
}
