// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import Uring

/// A complete file that gets its name when its batch has settled.
struct WaitingFile: ~Copyable {
  let entry: FoundEntry
  var target: TargetFile
  /// How the source changed meanwhile, if it did.
  let change: CopyError.Operation?
  let place: WritebackQueue.Place
  /// Whether its data is at a server, which may refuse it for reasons of its own.
  let isAtServer: Bool

  /// The descriptors that it holds: its own, and those of its directory where nobody else does.
  fileprivate var descriptors: Int { Self.descriptors(entry) }

  fileprivate static func descriptors(_ entry: FoundEntry) -> Int {
    entry.directory.openSides === entry.sides ? 1 : 3 + entry.sides.basis.count
  }
}

/// Files that wait for their names, in the order in which they came.
struct WaitingFiles: ~Copyable {
  private let descriptorsMax: Int
  private var descriptors = 0
  private var files: SlotTable<WaitingFile>
  private var order: [(slot: Int, batch: UInt64, descriptors: Int)] = []
  private var head = 0

  /// Makes room for files.
  ///
  /// - Parameter descriptorsMax: How many descriptors they may hold; one file may wait in any case.
  init(descriptorsMax: Int) {
    self.descriptorsMax = descriptorsMax
    files = SlotTable(capacity: min(max(descriptorsMax, 1), SlotTable<WaitingFile>.capacityMax))
  }

  /// The batch of the file that came first, and of the one that came last.
  var firstBatch: UInt64? { head < order.count ? order[head].batch : nil }
  var lastBatch: UInt64? { head < order.count ? order.last?.batch : nil }

  /// Whether it is time to have them settled.
  var isHalfFull: Bool { 2 * descriptors > descriptorsMax }

  /// Whether one more file may wait.
  func hasRoom(for entry: FoundEntry) -> Bool {
    files.count == 0
      || !files.isFull && descriptors + WaitingFile.descriptors(entry) <= descriptorsMax
  }

  /// Takes a file.
  ///
  /// - Precondition: There is room.
  mutating func append(_ file: consuming WaitingFile) {
    let (batch, held) = (file.place.batch, file.descriptors)
    guard let slot = files.insert(file) else { preconditionFailure("no room for a file") }
    order.append((slot, batch, held))
    descriptors += held
  }

  /// Gives back the file that came first.
  ///
  /// - Precondition: There is one.
  mutating func removeFirst() -> WaitingFile {
    let (slot, _, held) = order[head]
    head += 1
    // Most of the time all of them go together; else what is gone is forgotten now and then.
    if head == order.count || head > files.capacity {
      order.removeFirst(head)
      head = 0
    }
    descriptors -= held
    return files.remove(slot)
  }
}
