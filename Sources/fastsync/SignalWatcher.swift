// SPDX-License-Identifier: Apache-2.0

import Glibc
import Kernel

/// Takes signals on a thread that waits for them, so that nothing runs in a signal handler.
///
/// The first SIGINT, SIGTERM or SIGHUP is a request to stop; the second ends the process. SIGUSR1
/// and SIGVTALRM ask how far the run has come. What was ignored at the start (`nohup`) stays
/// ignored.
struct SignalWatcher {
  /// What signals ask for.
  enum Event {
    /// The run is to end.
    case stop
    /// Somebody wants to know how far the run has come.
    case status
    /// The process will be stopped when this was taken notice of.
    case suspend
    /// The process goes on after it was stopped.
    case resume
  }

  private let signals: SignalSet

  /// Blocks the signals in this thread, and so in those that it starts.
  ///
  /// Signals are ignored that would end the process for what is no reason to end the run: a reader
  /// of the output that is gone, a file that is longer than `ulimit -f` allows (both of which calls
  /// tell as well), and what other programs take for a request to report.
  init() {
    signals = SignalSet(
      SignalSet.ending + SignalSet.asking + [SIGTSTP, SIGCONT]
    ) { !SignalWatcher.isIgnored($0) }
    signals.block()
    for number in [SIGPIPE, SIGXFSZ, SIGUSR2] { signal(number, SIG_IGN) }
  }

  /// Starts the thread that waits; it lasts as long as the process.
  func start(onEvent: @escaping @Sendable (Event) -> Void) {
    let waiter = Waiter(signals: signals, onEvent: onEvent)
    do {
      try Thread { waiter.wait() }.detach()
    } catch {
      for number in SignalSet.asking { signal(number, SIG_IGN) }
      signals.unblock()
    }
  }

  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    guard unsafe sigaction(number, nil, &action) == 0 else { return false }
    return unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
  }
}

/// Some signals.
private struct SignalSet: Sendable {
  static let ending = [SIGINT, SIGTERM, SIGHUP]
  static let asking = [SIGUSR1, SIGVTALRM]

  private var set: sigset_t

  init(_ numbers: [Int32], where isWanted: (Int32) -> Bool = { _ in true }) {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for number in numbers where isWanted(number) { unsafe sigaddset(&set, number) }
    self.set = set
  }

  /// Keeps them from the calling thread (`pthread_sigmask`).
  func block() { change(SIG_BLOCK) }

  /// Lets the calling thread have them.
  func unblock() { change(SIG_UNBLOCK) }

  private func change(_ how: Int32) {
    var set = set
    unsafe pthread_sigmask(how, &set, nil)
  }

  mutating func remove(_ number: Int32) { unsafe sigdelset(&set, number) }

  /// Waits for one of them (`sigwait`).
  func next() -> Int32 {
    var (set, number) = (set, Int32(0))
    while unsafe sigwait(&set, &number) != 0 {}
    return number
  }
}

/// What the waiting thread needs.
private final class Waiter: Sendable {
  private let signals: SignalSet
  private let onEvent: @Sendable (SignalWatcher.Event) -> Void

  init(signals: SignalSet, onEvent: @escaping @Sendable (SignalWatcher.Event) -> Void) {
    self.signals = signals
    self.onEvent = onEvent
  }

  func wait() {
    var awaited = signals
    while true {
      switch awaited.next() {
      case SIGUSR1, SIGVTALRM: onEvent(.status)
      case SIGCONT: onEvent(.resume)
      case SIGTSTP:
        onEvent(.suspend)
        stopHere()
        onEvent(.resume)
      default:
        // From here on this thread takes these signals, with their default action: the end.
        for number in SignalSet.ending { awaited.remove(number) }
        SignalSet(SignalSet.ending).unblock()
        onEvent(.stop)
      }
    }
  }

  /// Stops the process as SIGTSTP does by default, until it is told to go on.
  private func stopHere() {
    let stop = SignalSet([SIGTSTP])
    stop.unblock()
    kill(getpid(), SIGTSTP)
    stop.block()
  }
}
