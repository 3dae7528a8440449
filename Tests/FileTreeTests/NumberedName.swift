// SPDX-License-Identifier: Apache-2.0

import FileTree
import Kernel

/// A directory of names.
final class NameDirectory: Sendable {
  static let only = NameDirectory()
}

/// A name that is a number, and some bytes more where it is large.
struct NumberedName: PackableName, ExpressibleByIntegerLiteral {
  let directory: NameDirectory
  let number: Int

  init(_ number: Int, in directory: NameDirectory = .only) {
    self.directory = directory
    self.number = number
  }

  init(integerLiteral number: Int) { self.init(number) }

  init(in directory: NameDirectory, packed: ArraySlice<UInt8>) {
    self.init(
      Int(String(decoding: packed, as: UTF8.self).split(separator: "x")[0]) ?? 0,
      in: directory
    )
  }

  var packed: [UInt8] {
    Array("\(number)".utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: abs(number) % 300)
  }

  static func == (one: NumberedName, other: NumberedName) -> Bool {
    one.number == other.number && one.directory === other.directory
  }

  static func ~= (number: Int, name: NumberedName) -> Bool { number == name.number }
}

extension HardLinkTable where Name == NumberedName {
  func claim(_ identity: InodeIdentity, links: UInt32, name: Int) -> Claim {
    claim(identity, links: links, name: NumberedName(name))
  }

  func overflowed(_ identity: InodeIdentity, at published: Int, name: Int) -> Claim {
    overflowed(identity, at: NumberedName(published), name: NumberedName(name))
  }

  func published(_ identity: InodeIdentity, as name: Int) -> [Int] {
    published(identity, as: NumberedName(name)).map(\.number)
  }

  func failed(_ identity: InodeIdentity) -> Int? {
    let name: NumberedName? = failed(identity)
    return name?.number
  }
}
