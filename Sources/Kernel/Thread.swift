// SPDX-License-Identifier: Apache-2.0

internal import Glibc
public import SystemPackage

/// One operating system thread; somebody has to `join` or `detach` it.
public struct Thread: Sendable {
  private let handle: pthread_t

  /// Signals that a thread gives to itself.
  private static let mistakes = [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS]

  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Starts a thread (`pthread_create`) that takes no signals but those of its own mistakes: they
  /// are for the threads of whoever wants them.
  ///
  /// - Parameter body: What the thread does.
  /// - Throws: `Errno.resourceTemporarilyUnavailable` where there may be no more threads.
  public init(_ body: @escaping @Sendable () -> Void) throws(Errno) {
    var handle = pthread_t()
    let argument = unsafe Unmanaged.passRetained(Body(body))
    // A thread begins with what its creator blocks.
    var (blocked, before) = (sigset_t(), sigset_t())
    unsafe sigfillset(&blocked)
    for number in Self.mistakes { unsafe sigdelset(&blocked, number) }
    unsafe pthread_sigmask(SIG_SETMASK, &blocked, &before)
    defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
    let result = unsafe pthread_create(
      &handle,
      nil,
      { argument in
        guard let argument = unsafe argument else { return nil }
        unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      },
      argument.toOpaque()
    )
    guard result == 0 else {
      unsafe argument.release()
      throw Errno(rawValue: result)
    }
    self.handle = handle
  }

  /// Leaves the processors to other threads that want them, but for a tenth of one
  /// (`nice`).
  public static func lowerPriority() {
    // In Linux a thread has a priority of its own.
    _ = nice(10)
  }

  /// Waits until the thread has ended (`pthread_join`).
  public func join() { pthread_join(handle, nil) }

  /// Lets the thread end by itself (`pthread_detach`).
  public func detach() { pthread_detach(handle) }
}
