// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import SystemPackage
internal import Uring

// Space at the target: allocating it by plain calls, and making room for it.
extension Worker where Queue: ~Copyable {
  /// Allocates the space of a file of one block by a plain call (`fallocate`): the ring would hand
  /// it to a kernel thread, which takes longer than the write that waits for it.
  mutating func allocateNow(
    _ plan: inout FileTask.Plan,
    _ file: borrowing OpenFile
  ) throws(CopyError) {
    var result = cl_call_allocate(file.targetNumber, 0, 0, plan.allocateBytes)
    if result == -Errno.noSpace.rawValue {
      makeRoom(file.entry)
      result = cl_call_allocate(file.targetNumber, 0, 0, plan.allocateBytes)
    }
    let errno = Errno(rawValue: -result)
    guard result == 0 || !errno.stopsRun && errno != .ioError else {
      throw .target("cannot allocate", file.entry.targetPath, errno)
    }
    plan.allocateBytes = 0
  }

  /// Has a filesystem settle what it has only reserved (`syncfs`), when there seems to be no space.
  ///
  /// For data on its way filesystems reserve more than it will take: on XFS, several blocks for
  /// each small file. `write` and `mkdir` wait for that, `fallocate` and O_TMPFILE fail at once.
  mutating func makeRoom(_ entry: FoundEntry) {
    let result = cl_sync_filesystem(entry.handles.target)
    guard result < 0 else { return }
    // The descriptor may be the one of the last `syncfs`, which is told of an error only once.
    fail(
      CopyError(
        "cannot bring to stable storage",
        entry.directory.targetPath(),
        Errno(rawValue: -result),
        .stop
      )
    )
  }
}
