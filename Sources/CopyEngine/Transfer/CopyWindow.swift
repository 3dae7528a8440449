// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// The blocks of one file that are on their way: what to read and write next, and what must be done
/// again after a short read, a short write or an interruption.
///
/// A pure value: it is told what completed, and says what to ask for. A block is first tried as a
/// pair, a read linked to a write that gives one completion. What a pair leaves undone is finished
/// by single reads and writes, since the kernel cancels a write whose read came up short.
///
/// Direct I/O wants aligned lengths: a read may ask for more than there is, and the end of the file
/// is left to the caller; what came up short is asked for again from the last aligned byte.
struct CopyWindow {
  /// How many blocks of one file can be on their way.
  static let depthMax = 32
  /// How often one block may be interrupted without moving a byte before that counts as an error.
  static let fruitlessTriesMax = 64

  /// What to ask the queue for.
  enum Request: Equatable {
    /// A read of `length` bytes at `offset`, linked to a write of the same.
    case pair(block: Int, offset: UInt64, length: Int)
    /// A read that goes `at` bytes into the block's buffer.
    case read(block: Int, offset: UInt64, at: Int, length: Int)
    /// A write from `at` bytes into the block's buffer. Its end is not aligned where the file ends:
    /// what is beyond the last aligned byte is not for this way of writing, and `keepEnd` takes it.
    case write(block: Int, offset: UInt64, at: Int, length: Int)
  }

  /// What goes on at a time: on one disk that seeks, reads and writes take turns.
  enum Direction {
    case both, reading, writing
  }

  /// Why a file cannot be copied.
  enum Failure: Equatable {
    case read(Errno)
    case write(Errno)
    /// A write moved nothing, again and again, and gave no reason.
    case wroteNothing
    /// The source ended at this offset, before its size.
    case sourceEnded(at: UInt64)
    /// The run was asked to stop.
    case stopped

    /// Whether the same may succeed when it is asked for again.
    var isTransient: Bool {
      switch self {
      case .read(let errno), .write(let errno):
        // A request is cancelled when the one it was linked to came up short.
        errno == .interrupted || errno == .resourceTemporarilyUnavailable || errno == .canceled
      case .wroteNothing: true
      case .sourceEnded, .stopped: false
      }
    }
  }

  enum Phase {
    case free, pair, readDue, reading, writeDue, writing, loaded
  }

  struct Block {
    var phase = Phase.free
    /// Tells completions of an earlier try from those that are awaited.
    var attempt: UInt8 = 0
    var fruitlessTries = 0
    /// Which buffer lease it holds.
    var lease = 0
    var offset: UInt64 = 0
    var length = 0
    /// How much of the block is in the buffer, once that is known.
    var filled = 0
    /// How much of it is written.
    var written = 0
    /// Whether there are holes in it.
    var spansHoles = false
  }

  var blocks = InlineArray<32, Block>(repeating: Block())
  private let blockBytes: Int
  /// Whether the end is only known when a read returns nothing.
  let isUnsized: Bool
  /// Whether blocks are only read, and kept for the caller.
  let loadsOnly: Bool
  /// What offsets and lengths of reads and of writes have to be multiples of, in bytes.
  let readAlignment: Int
  let writeAlignment: Int
  /// The run of data that blocks are being cut from.
  private var cursor: UInt64
  private var extentEnd: UInt64
  private var extentSpansHoles = false
  var hasEnded = false
  /// Blocks that hold a buffer.
  var activeBlocks = 0
  /// Blocks that wait to be asked for again.
  var dueBlocks = 0
  var failure: Failure?
  /// What the request was to move that failed.
  var failed: FailedRange?
  /// Bytes written so far.
  var bytesWritten: UInt64 = 0

  /// Starts a file.
  ///
  /// - Parameters:
  ///   - blockBytes: The size of a buffer, in bytes.
  ///   - isUnsized: Read until a read returns nothing, one block at a time.
  ///   - loadsOnly: Keep what was read in its one block instead of writing it.
  ///   - readAlignment: What reads have to be aligned to, in bytes.
  ///   - writeAlignment: What writes have to be aligned to, in bytes.
  init(
    blockBytes: Int,
    isUnsized: Bool,
    loadsOnly: Bool = false,
    readAlignment: Int = 1,
    writeAlignment: Int = 1
  ) {
    precondition(blockBytes > 0)
    precondition(blockBytes % readAlignment == 0 && blockBytes % writeAlignment == 0)
    precondition(!isUnsized || readAlignment == 1 && writeAlignment == 1)
    self.blockBytes = blockBytes
    self.isUnsized = isUnsized
    self.loadsOnly = loadsOnly
    self.readAlignment = readAlignment
    self.writeAlignment = writeAlignment
    cursor = 0
    extentEnd = isUnsized ? UInt64.max : 0
  }

  /// Where to look for the next run of data, or `nil` while there is one to work on.
  var wantsExtent: UInt64? {
    hasEnded || failure != nil || cursor < extentEnd ? nil : cursor
  }

  /// Gives the next run of data, or `nil` when there is no more.
  mutating func add(_ extent: DataExtent?) {
    guard let extent else {
      hasEnded = true
      return
    }
    precondition(extent.offset >= cursor && extent.length > 0)
    cursor = extent.offset
    extentEnd = extent.offset + extent.length
    extentSpansHoles = extent.spansHoles
  }

  /// Whether a block was read in full, and waits to be taken.
  var isLoaded: Bool { blocks[0].phase == .loaded }

  /// How much room the whole of a file takes that is only read, in bytes.
  var bytesToLoad: Int { Int(extentEnd).roundedUp(to: readAlignment) }
  /// How much was read, in bytes, once `isLoaded`.
  var bytesLoaded: Int { blocks[0].filled }

  /// Whether nothing is left to do or to wait for.
  var isDone: Bool { activeBlocks == 0 && (hasEnded || failure != nil) }

  /// Everything below this offset was begun.
  var begunUpTo: UInt64 { cursor }
  /// Everything below this offset has been read.
  var readUpTo: UInt64 { lowest { $0.phase == .pair ? 0 : $0.filled } }
  /// Everything below this offset has been written.
  var writtenUpTo: UInt64 { lowest { $0.written } }

  private func lowest(_ progress: (Block) -> Int) -> UInt64 {
    var lowest = cursor
    for index in 0..<Self.depthMax where blocks[index].phase != .free {
      lowest = min(lowest, blocks[index].offset + UInt64(progress(blocks[index])))
    }
    return lowest
  }

  /// Whether `start` would give a block.
  ///
  /// - Parameter limit: Nothing at or beyond this offset is started.
  /// - Returns: Whether a block is there to be started.
  func canStart(limit: UInt64) -> Bool {
    failure == nil && !hasEnded && cursor < extentEnd && cursor < limit
      && activeBlocks < (isUnsized ? 1 : Self.depthMax)
  }

  /// The next block of the file, which from now on holds a buffer.
  ///
  /// - Precondition: `canStart` says so.
  /// - Parameters:
  ///   - lease: Where the caller keeps the lease of the buffer.
  ///   - linksPairs: Whether reads can be linked to writes.
  /// - Returns: What to ask for.
  mutating func start(lease: Int, linksPairs: Bool) -> Request {
    var index = 0
    while blocks[index].phase != .free { index += 1 }
    let length = Int(min(extentEnd - cursor, UInt64(blockBytes)))
    var block = Block()
    block.attempt = blocks[index].attempt
    block.lease = lease
    block.offset = cursor
    block.length = length
    block.spansHoles = extentSpansHoles
    activeBlocks += 1
    cursor += UInt64(length)
    // A read that asks for more than there is would sever its link.
    let isAligned = length % readAlignment == 0 && length % writeAlignment == 0
    guard linksPairs && !isUnsized && !loadsOnly && isAligned && !extentSpansHoles else {
      block.phase = .reading
      blocks[index] = block
      return read(index)
    }
    block.phase = .pair
    blocks[index] = block
    return .pair(block: index, offset: block.offset, length: length)
  }

  /// What has to be asked for on its own, if anything.
  ///
  /// - Parameters:
  ///   - direction: What may be asked for now.
  ///   - writesInOrder: Whether no write may begin before all blocks below it are on their way.
  /// - Returns: The request, or `nil` when nothing is due.
  mutating func retry(
    _ direction: Direction = .both,
    writesInOrder: Bool = false
  ) -> Request? {
    guard dueBlocks > 0, failure == nil else { return nil }
    let writeLimit = writesInOrder ? lowestUnwritten : .max
    for index in 0..<Self.depthMax {
      var block = blocks[index]
      switch block.phase {
      case .readDue where direction != .writing:
        block.phase = .reading
        block.attempt &+= 1
        dueBlocks -= 1
        blocks[index] = block
        return read(index)
      case .writeDue where direction != .reading && block.offset <= writeLimit:
        block.phase = .writing
        block.attempt &+= 1
        dueBlocks -= 1
        blocks[index] = block
        return write(index)
      case .free, .pair, .readDue, .reading, .writeDue, .writing, .loaded:
        continue
      }
    }
    return nil
  }

  /// Where the first block begins whose write is not on its way.
  private var lowestUnwritten: UInt64 {
    var lowest = UInt64.max
    for index in 0..<Self.depthMax {
      let phase = blocks[index].phase
      if phase != .free && phase != .writing { lowest = min(lowest, blocks[index].offset) }
    }
    return lowest
  }

  /// A read of what a block still lacks.
  private func read(_ index: Int) -> Request {
    let block = blocks[index]
    let length = (block.length - block.filled).roundedUp(to: readAlignment)
    return .read(
      block: index,
      offset: block.offset + UInt64(block.filled),
      at: block.filled,
      length: length
    )
  }

  /// A write of what a block still holds.
  private func write(_ index: Int) -> Request {
    let block = blocks[index]
    return .write(
      block: index,
      offset: block.offset + UInt64(block.written),
      at: block.written,
      length: block.filled - block.written
    )
  }

  /// Where the caller keeps the lease of a block's buffer.
  @inline(__always)
  func lease(of block: Int) -> Int { blocks[block].lease }
  /// Whether there are holes in a block, which are not written.
  @inline(__always)
  func spansHoles(_ block: Int) -> Bool { blocks[block].spansHoles }
  /// What the tag of a block's requests has to carry.
  @inline(__always)
  func attempt(of block: Int) -> UInt8 { blocks[block].attempt }

  /// Leaves out bytes at the start of a write that was just handed out: they are a hole, or zeros
  /// where the target has some.
  ///
  /// - Parameters:
  ///   - index: The block.
  ///   - byteCount: How many, at most as many as were to be written.
  /// - Returns: The lease of the block's buffer, if nothing is left of it to be written.
  mutating func skip(_ index: Int, _ byteCount: Int) -> Int? {
    precondition(blocks[index].phase == .writing)
    blocks[index].written += byteCount
    guard blocks[index].written == blocks[index].filled else { return nil }
    free(index)
    return blocks[index].lease
  }

  /// Notes that the caller keeps the end of the file, to write it in another way: a write that was
  /// just handed out had no whole aligned piece.
  ///
  /// - Parameters:
  ///   - index: The block.
  ///   - byteCount: How many bytes there were to be written.
  /// - Returns: The lease of the block's buffer.
  mutating func keepEnd(_ index: Int, _ byteCount: Int) -> Int? {
    bytesWritten += UInt64(byteCount)
    return skip(index, byteCount)
  }

  /// Gives up the file: nothing more is started.
  mutating func giveUp(_ reason: Failure) {
    failure = failure ?? reason
  }

  /// The lease of a block that was to be asked for again when the file was given up, if any.
  mutating func releaseAbandoned() -> Int? {
    guard failure != nil, dueBlocks > 0 else { return nil }
    for index in 0..<Self.depthMax
    where blocks[index].phase == .readDue || blocks[index].phase == .writeDue {
      dueBlocks -= 1
      free(index)
      return blocks[index].lease
    }
    return nil
  }

  mutating func free(_ index: Int) {
    blocks[index].phase = .free
    // What an earlier owner of this place is still told must not reach the next one.
    blocks[index].attempt &+= 1
    activeBlocks -= 1
  }
}
