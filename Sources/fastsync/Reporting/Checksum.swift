// SPDX-License-Identifier: Apache-2.0

import CLiburing
import CopyEngine

/// A checksum that rsync knows (`--checksum-choice`), for `%C`.
enum Checksum: String, CaseIterable, Sendable {
  case xxh128, xxh3, xxh64, md5, md4, sha1, none

  /// What is taken where nobody chooses.
  static let automatic = xxh128

  /// The checksum of a name in small letters.
  init?(name: String) {
    self.init(rawValue: name == "xxhash" ? "xxh64" : name)
  }

  /// How many bytes it has; none is shown as one.
  private var byteCount: Int {
    switch self {
    case .xxh128, .md5, .md4: 16
    case .xxh3, .xxh64: 8
    case .sha1: 20
    case .none: 1
    }
  }

  /// What C calls it; `nil` where nothing is computed.
  private var kind: Int32? {
    switch self {
    case .xxh128: Int32(cl_digest_xxh128)
    case .xxh3: Int32(cl_digest_xxh3)
    case .xxh64: Int32(cl_digest_xxh64)
    case .md5: Int32(cl_digest_md5)
    case .md4: Int32(cl_digest_md4)
    case .sha1: Int32(cl_digest_sha1)
    case .none: nil
    }
  }

  /// What stands where there is no checksum.
  var blank: [UInt8] { [UInt8](repeating: UInt8(ascii: " "), count: 2 * byteCount) }
  /// What stands for a file that would be copied.
  var zeros: [UInt8] {
    self == .none ? blank : [UInt8](repeating: UInt8(ascii: "0"), count: 2 * byteCount)
  }

  /// Computes the checksum of a file, in hexadecimal digits.
  ///
  /// - Parameter contents: The file.
  /// - Returns: The digits; `nil` where it cannot be read, or is not what it was.
  func digits(of contents: FileContents) -> [UInt8]? {
    guard let kind else { return nil }
    let opened = unsafe cl_digest_open(kind)
    guard let digest = unsafe opened else { return nil }
    let isWhole = contents.read { bytes in
      unsafe bytes.withUnsafeBytes { bytes in
        unsafe cl_digest_add(digest, bytes.baseAddress, bytes.count)
      }
    }
    var value = [UInt8](repeating: 0, count: Int(cl_digest_bytes_max))
    let count = unsafe value.withUnsafeMutableBufferPointer { value in
      unsafe Int(cl_digest_close(digest, value.baseAddress))
    }
    guard isWhole else { return nil }
    let digits = Array("0123456789abcdef".utf8)
    return value.prefix(count).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
  }
}

/// Which checksum of which files `%C` shows.
struct ShownChecksum: Equatable, Sendable {
  var kind = Checksum.automatic
  /// Whether files that are not copied have one as well (`-c`).
  var isOfAll = false
  /// Whether nothing is copied (`-n`).
  var isDry = false

  /// The digits of an entry; `nil` where it has none.
  func digits(of entry: EntryEvent) -> [UInt8]? {
    guard let contents = entry.contents else { return nil }
    if isOfAll { return kind.digits(of: contents) }
    guard case .file = entry.kind, entry.change.contains(.contents) else { return nil }
    return isDry ? kind.zeros : kind.digits(of: contents)
  }
}
