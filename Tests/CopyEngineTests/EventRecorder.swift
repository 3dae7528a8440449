// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Synchronization

/// Keeps all events of a run.
final class EventRecorder: EventSink {
  let wants: RunEvent.Kinds
  private let received = Mutex<[RunEvent]>([])

  init(_ wants: RunEvent.Kinds) {
    self.wants = wants
  }

  func receive(_ event: RunEvent) {
    received.withLock { $0.append(event) }
  }

  var events: [RunEvent] { received.withLock { $0 } }

  var entries: [EntryEvent] {
    events.compactMap { if case .entry(let entry) = $0 { entry } else { nil } }
  }

  var failures: [CopyError] {
    events.compactMap { if case .failed(let error) = $0 { error } else { nil } }
  }
}
