// SPDX-License-Identifier: Apache-2.0

import Glibc
import Kernel

/// Turns the first SIGINT, SIGTERM or SIGHUP into a request to stop; the second ends the process.
///
/// The signals are blocked in every thread and taken by one that waits for them, so nothing runs in
/// a signal handler. What was ignored at the start (`nohup`) stays ignored.
struct SignalWatcher {
  private let signals: sigset_t
  private let isEmpty: Bool

  /// Blocks the signals in this thread, and so in those that it starts.
  ///
  /// Signals are ignored that would end the process for what is no reason to end the run: a reader
  /// of the output that is gone, a file that is longer than `ulimit -f` allows (both of which calls
  /// tell as well), and what other programs take for a request to report.
  init() {
    var signals = sigset_t()
    var isEmpty = true
    unsafe sigemptyset(&signals)
    for number in [SIGINT, SIGTERM, SIGHUP] where !SignalWatcher.isIgnored(number) {
      unsafe sigaddset(&signals, number)
      isEmpty = false
    }
    unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    for number in [SIGPIPE, SIGXFSZ, SIGUSR1, SIGUSR2] { signal(number, SIG_IGN) }
    self.signals = signals
    self.isEmpty = isEmpty
  }

  /// Starts the thread that waits; it lasts as long as the process.
  func start(onSignal: @escaping @Sendable () -> Void) {
    if isEmpty { return }
    let waiter = Waiter(signals: signals, onSignal: onSignal)
    do {
      try Thread { waiter.wait() }.detach()
    } catch {
      unblock()
    }
  }

  private func unblock() {
    var signals = signals
    unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }

  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    guard unsafe sigaction(number, nil, &action) == 0 else { return false }
    return unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
  }
}

/// What the waiting thread needs.
private final class Waiter: Sendable {
  private let signals: sigset_t
  private let onSignal: @Sendable () -> Void

  init(signals: sigset_t, onSignal: @escaping @Sendable () -> Void) {
    self.signals = signals
    self.onSignal = onSignal
  }

  func wait() {
    var signals = signals
    var number: Int32 = 0
    while unsafe sigwait(&signals, &number) != 0 {}
    // From here on this thread takes the signals, with their default action: the end.
    unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    onSignal()
    while true { pause() }
  }
}
