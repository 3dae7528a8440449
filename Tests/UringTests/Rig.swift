// SPDX-License-Identifier: Apache-2.0

import Glibc
import SimulatedKernel
import SystemPackage
import Testing
import Uring

/// A queue with a pool of buffers, and files without a name, real or simulated.
struct Rig: ~Copyable {
  static let blockBytes = 65536

  var queue: TestedQueue
  let pool: BufferPool
  private let engine: Engine
  private let files = OpenFiles()

  private final class OpenFiles {
    var descriptors: [Int32] = []

    deinit {
      for descriptor in descriptors { close(descriptor) }
    }
  }

  init(_ engine: Engine, depth: Int = 16, isRegistered: Bool = true) throws {
    var queue = try TestedQueue(engine, depth: depth)
    let pool = try BufferPool(count: 4, bytesEach: Self.blockBytes)
    if isRegistered { queue.register(pool) }
    self.engine = engine
    self.queue = queue
    self.pool = pool
  }

  /// Opens a new file with these bytes.
  mutating func open(_ contents: [UInt8] = [], isWritable: Bool = false) throws -> Int32 {
    guard engine != .simulated else {
      return queue.open(SimulatedFile(contents: contents, isWritable: isWritable))
    }
    let descriptor = try openUnnamedFile(contents)
    files.descriptors.append(descriptor)
    return descriptor
  }

  /// What is in a file now.
  func contents(of descriptor: Int32) throws -> [UInt8] {
    switch queue {
    case .simulated(let kernel): try #require(kernel.files[descriptor]).contents
    case .ring: try readWhole(descriptor)
    case .systemCalls: try readWhole(descriptor)
    }
  }

  /// Submits, and takes everything that completes in the order it comes.
  mutating func run(waitFor count: Int) throws -> [Completion] {
    try queue.submit(waitFor: count)
    var completions: [Completion] = []
    while let completion = queue.nextCompletion() { completions.append(completion) }
    return completions
  }
}

/// The ring's; Swift Testing has another `Tag`.
typealias Tag = Uring.Tag

/// A tag that is told apart by its number.
func tag(_ number: Int) -> Tag {
  Tag(slot: number, generation: 7, block: 0, operation: .read)
}

/// Opens a file without a name that holds these bytes, to read and write.
func openUnnamedFile(_ contents: [UInt8]) throws -> Int32 {
  var template = Array("/tmp/uring-tests-XXXXXX".utf8CString)
  let descriptor = unsafe mkstemp(&template)
  try #require(descriptor >= 0)
  unsafe unlink(template)
  var written = 0
  while written < contents.count {
    let count = unsafe contents[written...].withUnsafeBytes {
      unsafe pwrite(descriptor, $0.baseAddress, $0.count, off_t(written))
    }
    try #require(count > 0)
    written += count
  }
  return descriptor
}

/// Reads a whole file.
func readWhole(_ descriptor: Int32) throws -> [UInt8] {
  let size = Int(lseek(descriptor, 0, SEEK_END))
  var read = 0
  return try unsafe [UInt8](unsafeUninitializedCapacity: size) { bytes, count in
    while read < size, let start = bytes.baseAddress {
      let got = unsafe pread(descriptor, start + read, size - read, off_t(read))
      try #require(got > 0)
      read += got
    }
    count = read
  }
}

/// Bytes that do not repeat.
func sampleBytes(_ count: Int) -> [UInt8] {
  var random = SplitMix64(seed: 42)
  return random.bytes(count)
}

/// Where two files begin to differ; `==` in an expectation would look for the shortest edit between
/// them, for hours.
func firstDifference(_ left: [UInt8], _ right: [UInt8]) -> Int? {
  if left == right { return nil }
  return zip(left, right).enumerated().first { $0.element.0 != $0.element.1 }?.offset
    ?? min(left.count, right.count)
}

/// How many pages of a range of a file are in the page cache (`mincore`), or -1.
func cachedPages(of descriptor: Int32, at offset: Int, byteCount size: Int) -> Int {
  guard let mapping = unsafe mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, off_t(offset)),
    unsafe mapping != MAP_FAILED
  else { return -1 }
  defer { unsafe munmap(mapping, size) }
  var pages = [UInt8](repeating: 0, count: (size + 4095) / 4096)
  guard unsafe mincore(mapping, size, &pages) == 0 else { return -1 }
  return pages.count { $0 & 1 == 1 }
}
