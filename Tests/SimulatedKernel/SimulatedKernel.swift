// SPDX-License-Identifier: Apache-2.0

public import SystemPackage
public import Uring

/// The ring's protocol in memory: files are byte arrays, time is the seed, and what can go wrong
/// does.
///
/// Chains run in random order, each in its own order, with the kernel's rules for links and
/// completions. What a program must never do is kept in `violations`, as texts with the seed.
public struct SimulatedKernel: ~Copyable, SubmissionQueue {
  /// The seed of everything random, for the text of a failed test.
  public let seed: UInt64
  /// Whether `IOSQE_CQE_SKIP_SUCCESS` can be had.
  public let linksPairs: Bool
  /// What goes wrong; may be changed between submits.
  public var faults: Faults
  /// The open files by descriptor.
  public internal(set) var files: [Int32: SimulatedFile] = [:]
  /// What was carried out, in that order.
  public internal(set) var records: [OperationRecord] = []
  /// What the program did that it never may.
  public private(set) var violations: [String] = []
  /// How often `submit` was called.
  public private(set) var submitCount = 0
  /// The most requests that were in flight at once.
  public private(set) var inFlightMax = 0

  let depth: Int
  var random: SplitMix64
  var queued: [Submission] = []
  var chains: [Chain] = []
  var ready: [PostedCompletion] = []
  var holds: [Hold] = []
  var counts: [Submission.Operation: Int] = [:]
  var chainsMade = 0
  private var isBroken = false

  /// Makes a kernel without files.
  ///
  /// - Parameters:
  ///   - seed: The seed of everything random.
  ///   - depth: How many requests can be queued between two submits.
  ///   - linksPairs: Whether `IOSQE_CQE_SKIP_SUCCESS` can be had.
  ///   - faults: What goes wrong.
  public init(seed: UInt64, depth: Int = 64, linksPairs: Bool = true, faults: Faults = Faults()) {
    self.seed = seed
    self.depth = depth
    self.linksPairs = linksPairs
    self.faults = faults
    random = SplitMix64(seed: seed)
  }

  /// How many requests are in flight, as far as their owner can know.
  public var inFlight: Int { holds.count }

  /// Whether nothing is queued, running, or waiting to be taken.
  public var isIdle: Bool { queued.isEmpty && chains.isEmpty && ready.isEmpty }

  /// How many operations of a kind were carried out.
  public func count(of operation: Submission.Operation) -> Int {
    counts[operation, default: 0]
  }

  /// Opens a file under a descriptor.
  public mutating func open(_ descriptor: Int32, _ file: SimulatedFile) {
    if files[descriptor] != nil { violate("descriptor \(descriptor) is opened twice") }
    files[descriptor] = file
  }

  /// Closes a file, which no request in flight may name, and returns it.
  public mutating func close(_ descriptor: Int32) -> SimulatedFile? {
    for submission in queued + holds.map(\.submission) where submission.descriptor == descriptor {
      violate("descriptor \(descriptor) is closed with a \(submission.operation) in flight")
    }
    guard let file = files.removeValue(forKey: descriptor) else {
      violate("descriptor \(descriptor) is closed, but it is not open")
      return nil
    }
    return file
  }

  /// Does nothing: there is no kernel to know buffers.
  public mutating func register(_ pool: BufferPool) -> Int { 0 }

  /// How many requests `prepare` takes before the next `submit`.
  public var space: Int { depth - queued.count }

  /// Queues one request.
  public mutating func prepare(_ submission: Submission) {
    if space <= 0 { violate("a request is prepared without space for it") }
    if submission.flags.contains(.skipSuccess) && !linksPairs {
      violate("skipSuccess without a kernel that knows it")
    }
    if isBroken { violate("a queue is used after its error") }
    queued.append(submission)
  }

  /// Takes the queued requests and runs chains, at least until `count` completions are ready.
  public mutating func submit(waitFor count: Int) throws(Errno) {
    submitCount += 1
    if isBroken { violate("a queue is used after its error") }
    if let error = faults.submitErrors[submitCount] {
      isBroken = true
      // It may fail before or after it has taken what is queued.
      if Bool.random(using: &random) { takeQueued() }
      throw error
    }
    takeQueued()
    runSome()
    if random.happens(faults.interruptedWaitProbability) { return }
    while ready.count < count, !chains.isEmpty {
      step(Int.random(in: 0..<chains.count, using: &random))
    }
    if ready.count < count {
      violate("waits for \(count) completions, but only \(ready.count) will ever come")
    }
  }

  /// The next completion that is ready, or `nil`.
  public mutating func nextCompletion() -> Completion? {
    guard !ready.isEmpty else { return nil }
    let posted = ready.removeFirst()
    // Members complete in order, so a completion also tells of the silent ones before it.
    holds.removeAll {
      $0.chain == posted.chain && (posted.endsChain || $0.member <= posted.member)
    }
    return posted.completion
  }

  /// Cancels what is in flight, or awaits it: what a disk is at cannot be cancelled.
  ///
  /// - Returns: Whether completions are there to be taken.
  public mutating func cancelAll() -> Bool {
    guard ready.isEmpty else { return true }
    takeBack()
    while ready.isEmpty && !chains.isEmpty && !faults.cancelFails {
      let index = Int.random(in: 0..<chains.count, using: &random)
      if Bool.random(using: &random) { step(index) } else { cancel(index) }
    }
    return !ready.isEmpty
  }

  /// Carries out what is still in flight, as a kernel does whether or not its owner waits.
  ///
  /// - Parameter stepsMax: After so many requests the rest is left in flight.
  public mutating func finishInFlight(stepsMax: Int = .max) {
    var steps = 0
    while steps < stepsMax && !chains.isEmpty {
      step(Int.random(in: 0..<chains.count, using: &random))
      steps += 1
    }
  }

  /// Notes what a program must not do.
  mutating func violate(_ text: String) {
    violations.append("\(text) (seed \(seed), submit \(submitCount))")
  }

  /// Cuts the queue into chains, and checks each request against those in flight.
  private mutating func takeQueued() {
    var members: [Submission] = []
    for (index, submission) in queued.enumerated() {
      let isLast = index == queued.count - 1
      if isLast && submission.flags.contains(.link) {
        violate("the last request of a submit is linked to nothing")
      }
      for hold in holds where hold.chain != chainsMade {
        if hold.sharesBuffer(with: submission) {
          violate("\(submission.operation) uses a buffer that is in flight")
        }
        if hold.writesSameRange(as: submission) {
          violate("two writes are in flight to offset \(submission.offset)")
        }
      }
      holds.append(Hold(chain: chainsMade, member: members.count, submission: submission))
      members.append(submission)
      if isLast || !submission.flags.contains(.link) {
        chains.append(Chain(number: chainsMade, members: members))
        chainsMade += 1
        members = []
      }
    }
    queued.removeAll()
    inFlightMax = max(inFlightMax, holds.count)
  }

  /// Runs chains in random order, each until it ends or rests.
  private mutating func runSome() {
    var awake = chains.map(\.number)
    while !awake.isEmpty {
      let pick = Int.random(in: 0..<awake.count, using: &random)
      let index = chains.firstIndex { $0.number == awake[pick] }
      guard let index, !random.happens(faults.delayProbability) else {
        awake.remove(at: pick)
        continue
      }
      step(index)
    }
  }
}
