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
