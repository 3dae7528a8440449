// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Glibc

/// One thing a worker takes on.
enum WorkItem: Sendable {
  /// Read a directory on from a position (`lseek`), 0 being its start.
  case directory(CopyDirectory, position: Int64)
  /// Copy one entry that a source operand named.
  case entry(CopyDirectory, name: EntryName, targetName: EntryName)
}

/// Directories waiting for a worker, last in, first out; the one structure that workers share to
/// divide the tree.
///
/// Last in, first out makes the walk go deep before it goes wide: a directory puts its own rest
/// under the subdirectories it has just found, so that what waits is at most one batch of names
/// (`DirectoryReader.bufferBytes`) for each level and worker, however many files there are.
@safe
final class WorkStack: @unchecked Sendable {
  // The condition is why this is not a `Mutex`: an idle worker has to sleep until there is work.
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  private var items: [WorkItem]
  private var busyWorkers = 0
  private var isClosed = false

  /// Starts with the source operands, the first on top.
  init(_ items: [WorkItem]) {
    self.items = items.reversed()
    unsafe mutex = .allocate(capacity: 1)
    unsafe condition = .allocate(capacity: 1)
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(condition, nil)
  }

  deinit {
    unsafe pthread_cond_destroy(condition)
    unsafe pthread_mutex_destroy(mutex)
    unsafe condition.deallocate()
    unsafe mutex.deallocate()
  }

  private func locked<Result>(_ body: () -> Result) -> Result {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    return body()
  }

  /// Adds work, the first on top; for a worker that has not finished its own item yet.
  func push(_ added: [WorkItem]) {
    guard !added.isEmpty else { return }
    locked {
      items.append(contentsOf: added.reversed())
      unsafe pthread_cond_broadcast(condition)
    }
  }

  /// Takes work if there is any; `finishItem` must follow.
  func tryPop() -> WorkItem? {
    locked { take() }
  }

  /// Waits for work; `nil` says that there is none and none will come.
  func pop() -> WorkItem? {
    locked {
      while true {
        if let item = take() { return item }
        if busyWorkers == 0 || isClosed { return nil }
        unsafe pthread_cond_wait(condition, mutex)
      }
    }
  }

  /// Says that an item was worked off, and everything that it led to was pushed.
  func finishItem() {
    locked {
      busyWorkers -= 1
      if busyWorkers == 0 && items.isEmpty { unsafe pthread_cond_broadcast(condition) }
    }
  }

  /// Drops all work, and lets waiting workers go.
  func close() {
    locked {
      isClosed = true
      items.removeAll()
      unsafe pthread_cond_broadcast(condition)
    }
  }

  private func take() -> WorkItem? {
    guard !isClosed, let item = items.popLast() else { return nil }
    busyWorkers += 1
    return item
  }
}
