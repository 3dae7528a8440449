// SPDX-License-Identifier: Apache-2.0

import Glibc
import Kernel
import SystemPackage

/// The standard output and the standard error of the run, for all threads.
///
/// Output is gathered, put into rsync's order and written in large pieces, or line by line on a
/// terminal. Errors are written at once. When nobody reads any more (a closed pipe), the output
/// ends and the run does not.
final class Output: Sendable {
  private static let bufferBytesMax = 32 << 10
  /// How long a full pipe that does not block may stay full.
  private static let stallMillisecondsMax: Int32 = 30_000

  private struct State {
    /// What is in its order already.
    var buffer: [UInt8] = []
    /// Lines of entries, still to be put into order.
    var pending: [OrderedLine] = []
    var pendingBytes = 0
    var isOpen = true
    var gathers: Bool
    var highBits = HighBits.kept
    var descriptor: Int32 = 1
    /// Whether the last line is not ended yet, since the next one of its kind takes its place.
    var isInLine = false
    /// What a terminal shows below all other lines, and whether it shows it now.
    var footer: [UInt8]?
    var footerDescriptor: Int32 = 2
    var isFooterShown = false
    var isFooterSuspended = false
    var mayHaveFooter = true
  }

  private static let eraser = Array("\r\u{1b}[J".utf8)

  private let isTerminal: Bool
  private let state: Lock<State>

  /// Takes the process's own descriptors 1 and 2.
  ///
  /// Where one of the first three is closed it becomes /dev/null, lest a file of the copy gets its
  /// number, and the output.
  init() {
    for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) < 0 {
      _ = unsafe open("/dev/null", O_RDWR)
    }
    isTerminal = isatty(1) == 1
    state = Lock(State(gathers: !isTerminal))
  }

  /// Follows what was asked for of the way in which output is written.
  func configure(_ verbosity: Verbosity) {
    state.withLock { state in
      state.highBits = verbosity.highBits
      if verbosity.allToStandardError { state.descriptor = 2 }
      switch verbosity.buffering {
      case .automatic: break
      case .lines: state.gathers = false
      case .blocks: state.gathers = true
      }
    }
  }

  /// Adds to the output; the bytes are whole lines, and stay behind what came before.
  func write(_ bytes: [UInt8]) {
    state.withLock { state in
      Output.settle(&state)
      Output.endLine(&state)
      state.buffer += state.highBits.shown(bytes)
      Output.flushIfDue(&state)
    }
  }

  /// Writes a text that is all the output.
  ///
  /// - Returns: Why it could not be written; `nil` also where nobody reads any more (EPIPE).
  func writeAtOnce(_ bytes: [UInt8]) -> Errno? {
    guard !Output.writeAll(bytes, to: 1) else { return nil }
    let failure = Errno(rawValue: errno)
    return failure == .brokenPipe ? nil : failure
  }

  /// Adds lines of an entry to the output, which may change places with those of others.
  func write(_ line: OrderedLine) {
    state.withLock { state in
      Output.endLine(&state)
      state.pending.append(line)
      state.pendingBytes += line.bytes.count
      Output.flushIfDue(&state)
    }
  }

  /// Shows a line in place of the last one of this kind, at once; other output comes below it.
  func writeOver(_ bytes: [UInt8]) {
    state.withLock { state in
      Output.settle(&state)
      state.buffer.append(UInt8(ascii: "\r"))
      state.buffer += bytes
      state.isInLine = true
      Output.flush(&state)
    }
  }

  /// Writes to the standard error at once; the bytes are whole lines.
  func writeError(_ bytes: [UInt8]) {
    state.withLock { state in
      if !state.gathers {
        Output.settle(&state)
        Output.endLine(&state)
        Output.flush(&state)
      }
      Output.eraseFooter(&state)
      _ = Output.writeAll(state.highBits.shown(bytes), to: 2)
      Output.drawFooter(&state)
    }
  }

  /// Writes what was gathered.
  func flush() {
    state.withLock { state in
      Output.settle(&state)
      Output.endLine(&state)
      Output.flush(&state)
    }
  }

  private static func flushIfDue(_ state: inout State) {
    let bytes = state.buffer.count + state.pendingBytes
    // What comes while there is a footer is written with the next one: line by line the two would
    // be drawn more often than anybody can see.
    let waits = state.gathers || state.isFooterShown
    guard !waits || bytes >= bufferBytesMax else { return }
    settle(&state)
    flush(&state)
  }

  private static func endLine(_ state: inout State) {
    if state.isInLine { state.buffer.append(UInt8(ascii: "\n")) }
    state.isInLine = false
  }

  /// Puts what is pending into its order.
  private static func settle(_ state: inout State) {
    guard !state.pending.isEmpty else { return }
    for line in OrderedLine.sorted(state.pending) {
      state.buffer += state.highBits.shown(line.bytes)
    }
    state.pending.removeAll(keepingCapacity: true)
    state.pendingBytes = 0
  }

  private static func flush(_ state: inout State) {
    if state.isOpen, !state.buffer.isEmpty {
      eraseFooter(&state)
      state.isOpen = writeAll(state.buffer, to: state.descriptor)
      drawFooter(&state)
    }
    state.buffer.removeAll(keepingCapacity: true)
  }

  /// Writes everything, and returns whether that was possible.
  static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { buffer in
        unsafe Glibc.write(descriptor, buffer.baseAddress, buffer.count)
      }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno == EAGAIN {
        var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard unsafe poll(&ready, 1, stallMillisecondsMax) != 0 else { return false }
      } else if errno != EINTR {
        return false
      }
    }
    return true
  }
}

// The lines below all others.
extension Output {
  /// Shows something below all other lines, in place of what was shown there, behind what was
  /// written before.
  ///
  /// - Parameters:
  ///   - bytes: What draws it, with the cursor at its beginning before and after, or nothing.
  ///   - descriptor: Where it is shown.
  func showFooter(_ bytes: [UInt8]?, on descriptor: Int32) {
    state.withLock { state in
      guard state.mayHaveFooter else { return }
      let isNew = bytes != state.footer || !state.isFooterShown
      if bytes == nil { Output.eraseFooter(&state) }
      if !state.gathers {
        Output.settle(&state)
        Output.flush(&state)
      }
      state.footer = bytes
      state.footerDescriptor = descriptor
      if isNew { Output.drawFooter(&state) }
    }
  }

  /// Erases what is shown below all other lines until `resumeFooter`.
  func suspendFooter() {
    state.withLock { state in
      state.isFooterSuspended = true
      Output.eraseFooter(&state)
    }
  }

  /// Allows to show it again; whether the terminal is ours to write to again is seen then.
  func resumeFooter() {
    state.withLock { state in
      state.isFooterSuspended = false
      Output.eraseFooter(&state)
      state.footer = nil
    }
  }

  /// Erases what is shown below all other lines, for good.
  func endFooter() {
    state.withLock { state in
      state.mayHaveFooter = false
      Output.eraseFooter(&state)
      state.footer = nil
      if !state.gathers {
        Output.settle(&state)
        Output.flush(&state)
      }
    }
  }

  private static func eraseFooter(_ state: inout State) {
    guard state.isFooterShown else { return }
    state.isFooterShown = false
    _ = writeAll(eraser, to: state.footerDescriptor)
  }

  private static func drawFooter(_ state: inout State) {
    guard let footer = state.footer, !state.isFooterSuspended else { return }
    state.isFooterShown = true
    _ = writeAll(footer, to: state.footerDescriptor)
  }
}

/// What becomes of bytes beyond ASCII, which a terminal may take for something else; as in rsync
/// the last of ASCII (DEL) is none of them.
enum HighBits: Sendable {
  /// They are shown as they are.
  case kept
  /// Those that are no UTF-8 become `\#ooo`.
  case unlessUnicode
  /// All become `\#ooo`.
  case escaped

  /// What suits the user's locale.
  static let ofLocale: HighBits = {
    for name in ["LC_ALL", "LC_CTYPE", "LANG"] {
      guard let value = unsafe getenv(name), unsafe value.pointee != 0 else { continue }
      // `contains` would bring regular expressions into the binary, two megabytes of them.
      let locale = unsafe String(cString: value).lowercased()
      let isUnicode = locale.indices.contains { start in
        locale[start...].hasPrefix("utf-8") || locale[start...].hasPrefix("utf8")
      }
      return isUnicode ? .unlessUnicode : .escaped
    }
    return .escaped
  }()

  /// A text as it is shown.
  func shown(_ text: [UInt8]) -> [UInt8] {
    if self == .kept || text.allSatisfy({ $0 < 0x80 }) { return text }
    var shown: [UInt8] = []
    var rest = text[...]
    while let byte = rest.first {
      let length = byte < 0x80 ? 1 : self == .unlessUnicode ? HighBits.length(rest) : 0
      if length > 0 {
        shown += rest.prefix(length)
      } else {
        shown += Message.octal(byte)
      }
      rest = rest.dropFirst(max(length, 1))
    }
    return shown
  }

  /// How many bytes the character takes that some bytes begin with; 0 where that is none.
  private static func length(_ bytes: ArraySlice<UInt8>) -> Int {
    var decoder = UTF8()
    var iterator = bytes.prefix(4).makeIterator()
    guard case .scalarValue(let scalar) = decoder.decode(&iterator) else { return 0 }
    return UTF8.width(scalar)
  }
}
