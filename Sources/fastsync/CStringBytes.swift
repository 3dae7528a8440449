// SPDX-License-Identifier: Apache-2.0

extension [UInt8] {
  /// Copies the bytes of a C string, less the NUL at its end.
  @unsafe init(cString text: UnsafePointer<CChar>) {
    var length = 0
    while unsafe text[length] != 0 { length += 1 }
    self = unsafe UnsafeBufferPointer(start: text, count: length).map { UInt8(bitPattern: $0) }
  }
}
