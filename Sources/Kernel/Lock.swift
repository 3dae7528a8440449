// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// State behind a lock (`pthread_mutex_t`), the one kind that there is.
///
/// What `Synchronization.Mutex` does where threads meet is hidden from the thread sanitizer, which
/// then takes what is well ordered for a race.
///
/// Inlinable, since generic code is not specialised across modules otherwise.
@safe
public struct Lock<State>: ~Copyable, @unchecked Sendable {
  // Both lie in one piece of memory, which keeps its place.
  let mutex: UnsafeMutablePointer<pthread_mutex_t>
  @usableFromInline let state: UnsafeMutablePointer<State>

  /// Puts state behind a lock.
  public init(_ initial: consuming State) {
    let mutexLayout = unsafe MemoryLayout<pthread_mutex_t>.self
    let alignment = unsafe max(mutexLayout.alignment, MemoryLayout<State>.alignment)
    let offset = unsafe (mutexLayout.size + alignment - 1) / alignment * alignment
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: offset + MemoryLayout<State>.size,
      alignment: alignment
    )
    unsafe mutex = memory.bindMemory(to: pthread_mutex_t.self, capacity: 1)
    unsafe state = (memory + offset).bindMemory(to: State.self, capacity: 1)
    unsafe pthread_mutex_init(mutex, nil)
    unsafe state.initialize(to: initial)
  }

  deinit {
    unsafe state.deinitialize(count: 1)
    unsafe pthread_mutex_destroy(mutex)
    unsafe UnsafeMutableRawPointer(mutex).deallocate()
  }

  @usableFromInline
  func lock() { unsafe pthread_mutex_lock(mutex) }

  @usableFromInline
  func unlock() { unsafe pthread_mutex_unlock(mutex) }

  /// Reads or changes the state under the lock (`pthread_mutex_lock`).
  @inlinable
  public func withLock<Result, Failure: Error>(
    _ body: (inout State) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    lock()
    defer { unlock() }
    return try whileHeld(body)
  }

  /// Reads or changes the state while the lock is held.
  ///
  /// Each time is an access of its own.
  @inlinable
  func whileHeld<Result, Failure: Error>(
    _ body: (inout State) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try unsafe body(&state.pointee)
  }
}
