// SPDX-License-Identifier: Apache-2.0

public import SystemPackage
public import Uring

/// What goes wrong in a `SimulatedKernel`: by chance, and at exact places.
public struct Faults: Sendable {
  /// How likely a read moves fewer bytes than asked, but at least 1.
  public var shortReadProbability = 0.0
  /// How likely a write moves fewer bytes than asked, but at least 1.
  public var shortWriteProbability = 0.0
  /// How likely a read or write ends with `EINTR` or `EAGAIN`.
  public var interruptProbability = 0.0
  /// How likely an operation ends with one of the `errors(of:)` its kind.
  public var errorProbability = 0.0
  /// How likely the silent rest of a chain is cancelled aloud, each with a completion of
  /// `ECANCELED`, as some kernels do.
  public var loudCancelProbability = 0.0
  /// How likely a chain rests, at each step, until a later submit.
  public var delayProbability = 0.0
  /// How likely a wait ends early, as by a signal.
  public var interruptedWaitProbability = 0.0
  /// What happens at exact operations.
  public var scheduled: [ScheduledFault] = []
  /// The errors that `submit` throws, by the number of the submit, from 1.
  public var submitErrors: [Int: Errno] = [:]
  /// Whether nothing can be cancelled, and what is in flight does not end while it is awaited.
  public var cancelFails = false

  /// No faults, and every chain runs to its end in the submit that brings it.
  public init() {}

  /// Everything goes wrong sometimes that a correct program survives without losing a byte.
  public static var survivable: Faults {
    var faults = Faults()
    faults.shortReadProbability = 0.1
    faults.shortWriteProbability = 0.1
    faults.interruptProbability = 0.1
    faults.loudCancelProbability = 0.5
    faults.delayProbability = 0.3
    faults.interruptedWaitProbability = 0.1
    return faults
  }

  /// The errors that an operation on an open file of a local disk can end with.
  public static func errors(of operation: Submission.Operation) -> [Errno] {
    switch operation {
    case .read:
      [.ioError, .badFileDescriptor, .invalidArgument, .isDirectory, .noMemory, .permissionDenied]
    case .write:
      [
        .noSpace, .diskQuotaExceeded, .readOnlyFileSystem, .ioError, .fileTooLarge,
        .badFileDescriptor, .invalidArgument, .noMemory, .notPermitted,
      ]
    case .advise:
      [.badFileDescriptor, .invalidArgument, .illegalSeek, .noMemory]
    case .syncRange:
      [.ioError, .noSpace, .badFileDescriptor, .invalidArgument, .illegalSeek, .noMemory]
    case .allocate:
      // EOPNOTSUPP is `notSupportedOnSocket` here.
      [
        .notSupportedOnSocket, .noSpace, .diskQuotaExceeded, .ioError, .fileTooLarge, .interrupted,
        .badFileDescriptor, .invalidArgument, .noFunction, .notPermitted, .readOnlyFileSystem,
      ]
    }
  }
}

/// A fault at an exact operation.
public struct ScheduledFault: Sendable {
  /// What happens.
  public enum Effect: Sendable {
    /// The operation does nothing and ends with an error.
    case error(Errno)
    /// A read or write moves this many bytes at most.
    case short(Int)
    /// The operation is carried out, and then ends with an error all the same.
    case errorAfter(Errno)
    /// The size of a file changes just before the operation; it is cut, or grows by zeros.
    case resize(descriptor: Int32, byteCount: Int)
  }

  /// The kind of operation that is counted.
  public var operation: Submission.Operation
  /// Which of that kind, from 1; operations that are cancelled unstarted do not count.
  public var ordinal: Int
  /// What happens to it.
  public var effect: Effect

  /// Plans a fault for the operation of a kind with a number, from 1.
  public init(_ operation: Submission.Operation, _ ordinal: Int, _ effect: Effect) {
    self.operation = operation
    self.ordinal = ordinal
    self.effect = effect
  }
}
