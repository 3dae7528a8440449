// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import Kernel

/// Buffered writes of whole small files that are carried out together, in their order.
///
/// The ring hands buffered writes to kernel threads on most filesystems. Here they are done when
/// `run` returns, and what RWF_DONTCACHE sends off of files that lie side by side on the disk
/// becomes one request (`io_submit`, which plugs the block layer meanwhile). Few of them, and where
/// the kernel has no asynchronous I/O to give, are calls of their own.
@safe
public struct AioWriteBatch: ~Copyable {
  /// How many writes it takes.
  public static let countMax = Int(cl_batch_max)

  /// There from the first `run` on.
  private var batch: cl_batch?
  private var writes: [cl_write]

  /// Makes an empty batch.
  public init() {
    unsafe writes = []
  }

  /// Ends the kernel's context (`io_destroy`), beside whatever comes next: that takes tens of
  /// milliseconds, in which the kernel only waits.
  deinit {
    guard let batch, batch.context != 0 else { return }
    let close = { @Sendable in unsafe withUnsafePointer(to: batch) { unsafe cl_batch_close($0) } }
    if let thread = try? Thread(close) { thread.detach() } else { close() }
  }

  /// Adds a write from the beginning of a file.
  ///
  /// - Parameters:
  ///   - contents: What to write, which must stay lent until `run` returns.
  ///   - file: A descriptor that is open for writing.
  ///   - dontCache: Whether it is sent to the disk at once and dropped then (RWF_DONTCACHE).
  /// - Precondition: There are fewer than `countMax`.
  public mutating func add(_ contents: BufferSlice, to file: Int32, dontCache: Bool) {
    precondition(unsafe writes.count < Self.countMax, "a batch of writes is full")
    unsafe writes.append(
      cl_write(
        start: contents.start,
        length: UInt32(contents.count),
        fd: file,
        result: 0,
        dont_cache: dontCache
      )
    )
  }

  /// Carries out all writes (`io_setup` the first time that there are many), and forgets them.
  ///
  /// - Returns: For each a count of bytes, which may be short, or a negated errno.
  public mutating func run() -> [Int32] {
    guard unsafe !writes.isEmpty else { return [] }
    var batch = batch ?? Self.open()
    self.batch = batch
    unsafe writes.withUnsafeMutableBufferPointer { writes in
      unsafe cl_batch_write(&batch, writes.baseAddress, UInt32(writes.count))
    }
    defer { unsafe writes.removeAll(keepingCapacity: true) }
    return unsafe writes.map(\.result)
  }

  private static func open() -> cl_batch {
    var batch = cl_batch()
    unsafe cl_batch_open(&batch)
    return batch
  }
}
