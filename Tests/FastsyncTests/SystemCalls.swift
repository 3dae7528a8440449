// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A name or a path as the kernel has it: any bytes but NUL.
typealias Bytes = [UInt8]

extension [UInt8] {
  /// The bytes of a text.
  init(text: String) { self = Array(text.utf8) }

  /// The bytes as C takes them, with a NUL at the end.
  var c: [CChar] { map { CChar(bitPattern: $0) } + [0] }

  /// The bytes for a message: what is not printable ASCII as `\xNN`, the middle of long ones left
  /// out.
  var shown: String {
    if count > 200 { return Array(prefix(80)).shown + "[...]" + Array(suffix(80)).shown }
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in self {
      if byte >= 0x20 && byte < 0x7f {
        text.append(byte)
      } else {
        text += [0x5c, 0x78, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}

/// A call that the tests themselves made, and that failed.
struct CallFailure: Error, CustomStringConvertible {
  let call: String
  let name: Bytes
  let code: Int32

  var description: String {
    "\(call) \(name.shown): \(unsafe String(cString: strerror(code)))"
  }
}

/// Throws when a call returned a negative value.
@discardableResult
func check<Result: SignedInteger>(
  _ result: Result,
  _ call: String,
  _ name: Bytes = []
) throws -> Result {
  if result < 0 { throw CallFailure(call: call, name: name, code: errno) }
  return result
}

/// Functions and constants that Swift's Glibc module does not show, because it is built without
/// _GNU_SOURCE.
enum Hidden {
  typealias SetAttribute =
    @convention(c) @Sendable (
      UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafeRawPointer?, Int, Int32
    ) -> Int32
  typealias GetAttribute =
    @convention(c) @Sendable (
      UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafeMutableRawPointer?, Int
    ) -> Int
  typealias ListAttributes =
    @convention(c) @Sendable (UnsafePointer<CChar>, UnsafeMutableRawPointer?, Int) -> Int
  typealias Allocate = @convention(c) @Sendable (Int32, Int32, Int, Int) -> Int32
  typealias SystemCall = @convention(c) @Sendable (Int, Int, Int, Int, Int) -> Int

  static let setAttribute = unsafe symbol("lsetxattr", as: SetAttribute.self)
  static let getAttribute = unsafe symbol("lgetxattr", as: GetAttribute.self)
  static let listAttributes = unsafe symbol("llistxattr", as: ListAttributes.self)
  static let allocate = symbol("fallocate", as: Allocate.self)
  static let systemCall = symbol("syscall", as: SystemCall.self)

  static let openNoAccessTime: Int32 = 0o1_000_000
  static let seekData: Int32 = 3
  static let seekHole: Int32 = 4

  private static func symbol<Function>(_ name: String, as type: Function.Type) -> Function {
    guard let address = unsafe dlsym(nil, name) else { fatalError("libc has no \(name)") }
    return unsafe unsafeBitCast(address, to: type)
  }
}

/// The path by which any entry of an open directory can be named to calls without a descriptor.
private func path(_ directory: Int32, _ name: Bytes) -> [CChar] {
  (Bytes(text: "/proc/self/fd/\(directory)/") + name).c
}

/// Sets an extended attribute of an entry, also of a link or a device.
func setAttribute(_ directory: Int32, _ name: Bytes, _ key: String, _ value: Bytes) throws {
  try check(
    unsafe Hidden.setAttribute(path(directory, name), key, value, value.count, 0),
    "lsetxattr \(key)",
    name
  )
}

/// The extended attributes of an entry; none where the filesystem has no such thing.
func attributes(_ directory: Int32, _ name: Bytes) throws -> [String: Bytes] {
  let place = path(directory, name)
  var list = Bytes(repeating: 0, count: 64 << 10)
  let length = unsafe Hidden.listAttributes(place, &list, list.count)
  if length < 0 && errno == EOPNOTSUPP { return [:] }
  try check(length, "llistxattr", name)
  var all: [String: Bytes] = [:]
  for key in list[..<length].split(separator: 0) {
    var value = Bytes(repeating: 0, count: 64 << 10)
    let size = unsafe Hidden.getAttribute(place, Bytes(key).c, &value, value.count)
    try check(size, "lgetxattr", name)
    all[String(decoding: key, as: UTF8.self)] = Bytes(value[..<size])
  }
  return all
}

/// How many pages of an open file are in the page cache (cachestat), or nil before Linux 6.5.
func cachedPages(_ descriptor: Int32) throws -> Int? {
  // struct cachestat_range and struct cachestat; a length of 0 goes up to the end of the file.
  var range: [UInt64] = [0, 0]
  var counts: [UInt64] = [0, 0, 0, 0, 0]
  let result = unsafe range.withUnsafeMutableBytes { range in
    unsafe counts.withUnsafeMutableBytes { counts in
      Hidden.systemCall(
        451,
        Int(descriptor),
        Int(bitPattern: range.baseAddress),
        Int(bitPattern: counts.baseAddress),
        0
      )
    }
  }
  if result < 0 && errno == ENOSYS { return nil }
  try check(result, "cachestat")
  return Int(counts[0])
}

/// Whether the kernel lets this process have a ring.
let ringIsAllowed: Bool = {
  // Without parameters the call fails with EFAULT or EINVAL where it is allowed at all.
  let result = Hidden.systemCall(425, 1, 0, 0, 0)
  if result >= 0 { close(Int32(result)) }
  return result >= 0 || (errno != ENOSYS && errno != EPERM)
}()

/// Whether the tests may mount, make devices and give files away.
let isRoot = geteuid() == 0

/// Whether a program is in PATH.
func has(_ program: String) -> Bool {
  (try? run("sh", ["-c", "command -v -- \"$0\" >/dev/null", program]).status) == 0
}

/// The values of `--io-engine` that this machine can run.
let engines = ringIsAllowed ? ["uring", "sync"] : ["sync"]
