// SPDX-License-Identifier: Apache-2.0

import Glibc
import Kernel
import Testing
import Uring

/// How long something that is bound to come may take on a busy machine, in ms.
private let patienceMilliseconds: Int32 = 60_000

/// One end of a pair of sockets: the test sees when whoever has it closes it, without a look at any
/// clock.
final class WatchedFile: Sendable {
  private let reading: Descriptor
  private let number: Int32

  init() throws {
    var ends: [Int32] = [-1, -1]
    // In one call: a process that another test starts in between would hold the end open.
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    try #require(unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0)
    reading = Descriptor(owning: ends[0])
    number = ends[1]
  }

  /// The end to be closed; to be taken once.
  func take() -> Descriptor { Descriptor(owning: number) }

  /// Whether it is closed by now.
  ///
  /// A closed one may seem open for a moment: a process that is being started has a copy of the end
  /// until its own program begins.
  var isClosed: Bool { isHungUp(0) }

  /// Waits for the end to be closed.
  func waitUntilClosed() -> Bool { isHungUp(patienceMilliseconds) }

  private func isHungUp(_ milliseconds: Int32) -> Bool {
    var event = pollfd(fd: reading.rawValue, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&event, 1, milliseconds) == 1
  }
}

/// A socket whose closing takes until the test lets it: data is on its way that nobody takes.
final class LingeringFile: Sendable {
  private let peer: Descriptor
  private let number: Int32

  init() throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    try #require(listener >= 0)
    defer { close(listener) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var bytes = socklen_t(MemoryLayout<sockaddr_in>.size)
    // Another test may start a process at any time, and one that has the socket as well would keep
    // its closing from lingering.
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let socket = Glibc.socket(AF_INET, kind, 0)
    let isConnected = unsafe withUnsafeMutablePointer(to: &address) { address in
      unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        unsafe bind(listener, address, bytes) == 0 && listen(listener, 1) == 0
          && getsockname(listener, address, &bytes) == 0 && connect(socket, address, bytes) == 0
      }
    }
    try #require(isConnected, "there is no network within this machine (lo)")
    number = socket
    peer = Descriptor(owning: accept(listener, nil, nil))
    var linger = Glibc.linger(l_onoff: 1, l_linger: patienceMilliseconds / 1000)
    let lingerBytes = socklen_t(MemoryLayout<Glibc.linger>.size)
    try #require(unsafe setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, lingerBytes) == 0)
    _ = fcntl(socket, F_SETFL, O_NONBLOCK)
    let block = [UInt8](repeating: 0, count: 1 << 16)
    // Until neither side has room for more.
    while unsafe send(socket, block, block.count, Int32(MSG_NOSIGNAL)) > 0 {}
    _ = fcntl(socket, F_SETFL, 0)
  }

  /// The end to be closed; to be taken once.
  func take() -> Descriptor { Descriptor(owning: number) }

  /// Takes what is on its way, which lets whoever closes the socket go on.
  func release() {
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while unsafe read(peer.rawValue, &block, block.count) > 0 {}
  }
}
