// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
public import SystemPackage

// Extended attributes of an entry, by the calls of Linux 6.13 or through /proc/self/fd.
extension EntryLocation {
  /// Lists the names of attributes, each with a NUL at its end (`listxattr`).
  ///
  /// - Returns: The bytes of the list.
  public func listAttributes(
    into list: UnsafeMutableBufferPointer<CChar>
  ) throws(Errno) -> Int {
    let opened = try openReferent()
    defer { withExtendedLifetime(opened) {} }
    let (directory, name) = opened?.place ?? (directory, name)
    let count = unsafe name.withCString {
      unsafe cl_list_xattr(directory, $0, list.baseAddress, list.count)
    }
    return Int(try value(of: Int64(count)))
  }

  /// Reads an attribute (`getxattr`).
  ///
  /// - Returns: The bytes of its value.
  public func readAttribute(
    _ key: EntryName,
    into buffer: UnsafeMutableRawBufferPointer
  ) throws(Errno) -> Int {
    let opened = try openReferent()
    defer { withExtendedLifetime(opened) {} }
    let (directory, name) = opened?.place ?? (directory, name)
    let count = unsafe key.withCString { key in
      unsafe name.withCString {
        unsafe cl_get_xattr(directory, $0, key, buffer.baseAddress, buffer.count)
      }
    }
    return Int(try value(of: Int64(count)))
  }

  /// Sets an attribute (`setxattr`).
  public func setAttribute(_ key: EntryName, to bytes: UnsafeRawBufferPointer) throws(Errno) {
    let result = unsafe key.withCString { key in
      unsafe name.withCString {
        unsafe cl_set_xattr(directory, $0, key, bytes.baseAddress, bytes.count)
      }
    }
    try value(of: result)
  }

  /// Removes an attribute (`removexattr`).
  public func removeAttribute(_ key: EntryName) throws(Errno) {
    let result = unsafe key.withCString { key in
      unsafe name.withCString { unsafe cl_remove_xattr(directory, $0, key) }
    }
    try value(of: result)
  }
}

// What a link leads to; only its attributes are read.
extension EntryLocation {
  /// An open file, and how its attributes are asked for.
  private final class Referent {
    private let descriptor: Descriptor
    var place: (directory: Int32, name: EntryName) { (descriptor.rawValue, .itself) }

    init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
  }

  /// Opens what a link leads to; opening a device would do something to it, and it has no
  /// attributes here.
  private func openReferent() throws(Errno) -> Referent? {
    guard followsLinks else { return nil }
    let kind = try metadata().kind
    guard kind == .file || kind == .directory else { throw .notSupported }
    return Referent(try openForReading())
  }
}
