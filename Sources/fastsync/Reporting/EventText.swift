// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Glibc
import Storage
import SystemPackage

extension Message {
  /// What failed: `fastsync: PATH: what failed: reason`.
  static func failure(_ error: CopyError) -> Message {
    var message = named()
    if case .filter(let problem) = error.operation {
      message.append(bytes: problem.sentence)
      return message
    }
    if !error.path.isEmpty {
      message.append(error.path)
      message.append(": ")
    }
    message.append(error.text)
    return message
  }

  /// What the user has to know while the run goes on.
  static func warning(_ warning: RunEvent.Warning) -> Message {
    var message = named()
    switch warning {
    case .stall(.stalled(let disk, let since, let waiting)):
      message.append(
        "\(disk.title) stalls: nothing completed since \(timeOfDay(since)), "
          + "\(waiting) requests wait"
      )
    case .stall(.recovered(let disk, let seconds)):
      message.append("\(disk.title) goes on after \(seconds) s")
    case .sourceIsMounted(let path, let mounted):
      message.append(path)
      message.append(" \(mounted.text), and what is written to it meanwhile may arrive in part")
    case .sourceChanged(let path):
      message.append(path)
      message.append(": changed while it was copied")
    case .basisMissing(let use, let path, let isNoDirectory):
      message.append("\(use.option) arg \(isNoDirectory ? "is not a dir" : "does not exist"): ")
      message.append(path)
    case .notDiscarded(let path, let errno):
      message.append(path)
      message.append(" cannot be discarded: \(errno.description)")
    }
    return message
  }

  /// What is worth knowing.
  static func note(_ note: RunEvent.Note) -> Message {
    var message = named()
    switch note {
    case .noRing(let errno):
      message.append("io_uring cannot be had (\(errno)); copying with plain system calls")
    case .noRingThreads:
      message.append("the kernel may start no thread for io_uring; copying with plain system calls")
    case .basisNotLinked(let path, let errno):
      message.append(path)
      message.append(
        ": copied, since it cannot be linked to what --link-dest has: \(errno.description)"
      )
    case .fewerWorkers(let errno):
      message.append("fewer workers than wanted: \(errno)")
    case .restOfDevice(let path, let byteCount, let isDiscarded):
      let fate = isDiscarded ? "discarded with all before them" : "left as they are"
      message.append(path)
      message.append(": the last \(byteCount) bytes are \(fate)")
    case .attributesLeftOut(let count, let example):
      message.append(
        "left out \(count) \(count == 1 ? "attribute" : "attributes") that only the filesystem "
          + "of the source has a use for, such as \(example.text)"
      )
    }
    return message
  }

  /// What the run chose, and why.
  static func explanation(_ text: String) -> Message {
    var message = Message()
    message.append(text)
    return message
  }

  /// The time of day, as the user's clock has it.
  private static func timeOfDay(_ seconds: Int) -> String {
    var moment = seconds
    var parts = unsafe tm()
    unsafe localtime_r(&moment, &parts)
    return unsafe [parts.tm_hour, parts.tm_min, parts.tm_sec]
      .map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
  }
}

extension WatchedDisk {
  /// What people call it, such as `target disk sdb`.
  var title: String { "\(role.rawValue) disk \(name)" }
}
