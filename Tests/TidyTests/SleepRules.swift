// SPDX-License-Identifier: Apache-2.0

/// Tests that wait for some time instead of for what they want are slow, or fail on a busy machine.
enum SleepRules {
  /// How many calls a file may have, and why.
  struct Allowed {
    let count: Int
    let reason: String
  }

  static let allowed: [String: Allowed] = [
    "Tests/UringTests/BufferPoolTests.swift": Allowed(
      count: 2,
      reason: "a thread gets time to fall asleep; on a slow machine it has no need to"
    ),
    "Tests/UringTests/RingCancelTests.swift": Allowed(
      count: 2,
      reason: "what is never to be filled gets time to be; a slow machine only finds less"
    ),
    "Tests/CopyEngineTests/WritebackFailureTests.swift": Allowed(
      count: 2,
      reason: "the batch gets time to be waited for; a slow machine only finds less"
    ),
    "Tests/CopyEngineTests/WritebackQueueTests.swift": Allowed(
      count: 2,
      reason: "what is never to happen gets time to; a slow machine only finds less"
    ),
    "Tests/CopyEngineTests/WorkStackTests.swift": Allowed(
      count: 3,
      reason: "threads that leave too early get time to do so; a slow machine only finds less"
    ),
    "Tests/FastsyncTests/Filesystem.swift": Allowed(
      count: 1,
      reason: "the loop device that another mount took is not free at once"
    ),
    "Tests/FastsyncTests/BackupTests.swift": Allowed(
      count: 1,
      reason: "the moments of the kills are spread over a run"
    ),
    "Tests/FastsyncTests/DeletionSafetyTests.swift": Allowed(
      count: 1,
      reason: "the moments of the kills are spread over a run"
    ),
    "Tests/FastsyncTests/KillTests.swift": Allowed(
      count: 1,
      reason: "the moment of the kill is drawn at random"
    ),
    "Tests/FastsyncTests/ProcessRunner.swift": Allowed(
      count: 1,
      reason: "polls the end of a process, with a deadline"
    ),
    "Tests/FastsyncTests/Sandbox.swift": Allowed(
      count: 1,
      reason: "polls until a mount is not busy, a limited number of times"
    ),
    "Tests/FastsyncTests/StoppedProcess.swift": Allowed(
      count: 2,
      reason:
        "lets a stopped process run on between two looks, and waits for its stop, with a deadline"
    ),
    "Tests/FastsyncTests/ScanAheadTests.swift": Allowed(
      count: 1,
      reason: "polls what a run says of itself, with a deadline"
    ),
    "Tests/FastsyncTests/Terminal.swift": Allowed(
      count: 1,
      reason: "polls what a terminal shows, with a deadline"
    ),
    "Tests/UringTests/QueueTests.swift": Allowed(
      count: 1,
      reason: "polls completions of a kernel thread, a limited number of times"
    ),
  ]

  private static let calls: Set<String> = ["sleep", "usleep", "nanosleep", "clock_nanosleep"]

  static func sleeps(
    in repository: Repository,
    allowed: [String: Allowed] = allowed
  ) -> [Complaint] {
    let sleeps = repository.files.filter { $0.isInTests && $0.isSwift }.flatMap { file in
      file.tokens.indices.compactMap { index -> Complaint? in
        let token = file.tokens[index]
        guard calls.contains(token.text), file.tokens.text(index + 1) == "(" else { return nil }
        return Complaint(file.path, token.line, "\(token.text) waits by time")
      }
    }
    let counts = Dictionary(grouping: sleeps, by: \.path).mapValues(\.count)
    let unknown = sleeps.filter { counts[$0.path] ?? 0 > allowed[$0.path]?.count ?? 0 }
    let stale = allowed.filter { counts[$0.key] ?? 0 < $0.value.count }.keys.sorted().map {
      Allowance.stale($0, in: "SleepRules", "it sleeps \(counts[$0] ?? 0) times")
    }
    return unknown + stale
  }
}
