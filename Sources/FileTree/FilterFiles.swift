// SPDX-License-Identifier: Apache-2.0

public import Kernel
public import SystemPackage

/// Reads files with filter rules.
public protocol FilterFiles {
  /// Reads a file by its path, `-` being the standard input.
  func contents(at path: [UInt8]) throws(Errno) -> [UInt8]
  /// Reads a file of the directory that is being entered; `nil` where there is none, or it cannot
  /// be read.
  func contents(of name: EntryName) -> [UInt8]?
}

/// A path as text: what is in force in a directory is known by it.
enum FilterPath {
  /// A path without empty names, `.` and `..`, but for those `..` that it begins with.
  static func cleaned(_ path: some Collection<UInt8>) -> [UInt8] {
    let isAbsolute = path.first == slash
    var names: [[UInt8]] = []
    for part in path.split(separator: slash) {
      if part.elementsEqual(".".utf8) { continue }
      guard part.elementsEqual("..".utf8) else {
        names.append(Array(part))
        continue
      }
      if let last = names.last, !last.elementsEqual("..".utf8) {
        names.removeLast()
      } else if !isAbsolute {
        names.append(Array(part))
      }
    }
    let joined = Array(names.joined(separator: [slash]))
    return isAbsolute ? [slash] + joined : joined.isEmpty ? Array(".".utf8) : joined
  }

  /// A cleaned absolute path with a slash at its end.
  static func directory(_ path: some Collection<UInt8>) -> [UInt8] {
    let cleaned = cleaned(path)
    return cleaned.last == slash ? cleaned : cleaned + [slash]
  }
}
