// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import Uring

/// A small file that was read, and waits to be written.
struct LoadedFile: ~Copyable {
  var file: OpenFile
  let contents: BufferSlice?
  /// Where the contents lie, to be given back.
  let slot: LoadSlot?

  consuming func takeFile() -> OpenFile { file }
}

/// Small files for a target that seeks, which are held back until the buffers are full, and then
/// made in the order of their directories: filesystems put what is in one directory together, and
/// find places in the order in which data is sent off.
struct LoadedFiles: ~Copyable {
  /// When a file that is held back is written.
  private struct WriteOrder: Comparable {
    /// Whether the filesystem puts it apart from smaller ones.
    let isApart: Bool
    /// The inode of its directory at the target.
    let directory: UInt64
    /// How many came before it.
    let number: Int
    /// Its place in the table.
    let index: Int

    static func < (one: WriteOrder, other: WriteOrder) -> Bool {
      guard one.isApart == other.isApart else { return other.isApart }
      return (one.directory, one.number) < (other.directory, other.number)
    }
  }

  private var files: SlotTable<LoadedFile>
  private var orders: [WriteOrder] = []
  /// Writes that are carried out together.
  var writes = AioWriteBatch()

  init(capacity: Int) {
    files = SlotTable(capacity: capacity)
  }

  var capacity: Int { files.capacity }
  var isFull: Bool { files.isFull }

  /// Holds back a file.
  ///
  /// - Parameters:
  ///   - file: The file.
  ///   - isApart: Whether the filesystem puts it apart from smaller ones.
  /// - Precondition: There is room.
  mutating func add(_ file: consuming LoadedFile, isApart: Bool) {
    let directory = file.file.entry.sides.targetMetadata?.identity.inode ?? 0
    guard let index = files.insert(file) else { preconditionFailure("no room for a loaded file") }
    orders.append(
      WriteOrder(isApart: isApart, directory: directory, number: orders.count, index: index)
    )
  }

  /// The places of all files in the order of writing; all have to be taken then.
  mutating func takeOrder() -> [Int] {
    guard !orders.isEmpty else { return [] }
    defer { orders = [] }
    return orders.sorted().map(\.index)
  }

  /// Takes out a file.
  mutating func take(_ index: Int) -> LoadedFile { files.remove(index) }
}
