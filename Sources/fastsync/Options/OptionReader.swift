// SPDX-License-Identifier: Apache-2.0

import CLiburing

/// Reads the words of a command line by popt's grammar, which is rsync's: options in their order
/// first, operands then.
@safe
struct OptionReader: ~Copyable {
  private let reader: OpaquePointer

  /// Begins to read the words behind the command's name; `spellings` are the ways to type an
  /// option, with `=` at the end of those that take a value, and `?` of those that may.
  init(spellings: [String], words: [[UInt8]]) throws(Refusal) {
    var names: [UInt8] = []
    for spelling in spellings {
      names += spelling.utf8
      names.append(0)
    }
    var text: [UInt8] = []
    for word in words {
      text += word
      text.append(0)
    }
    let opened = unsafe names.withUnsafeBytes { names in
      unsafe text.withUnsafeBytes { text in
        unsafe cl_options_open(
          names.baseAddress,
          names.count,
          UInt32(spellings.count),
          text.baseAddress,
          text.count,
          UInt32(words.count)
        )
      }
    }
    guard let opened = unsafe opened else {
      throw Refusal("there is no memory for the command line", .memory)
    }
    unsafe reader = opened
  }

  deinit { unsafe cl_options_close(reader) }

  /// The number of the next option's spelling, and its value, empty without one; `nil` behind the
  /// last.
  mutating func next() throws(Refusal) -> (spelling: Int, value: [UInt8])? {
    let code = unsafe cl_options_next(reader)
    if code == cl_options_end { return nil }
    guard code >= 0 else {
      let word = unsafe cl_options_bad_word(reader).map { unsafe [UInt8](cString: $0) } ?? []
      let problem = unsafe String(cString: cl_options_problem(code))
      throw Refusal(word, ": \(problem)")
    }
    guard let value = unsafe cl_options_value(reader) else { return (Int(code), []) }
    return (Int(code), unsafe Array(cString: value))
  }

  /// The operands, once there is no next option.
  mutating func operands() -> [Operand] {
    var operands: [Operand] = []
    while let operand = unsafe cl_options_operand(reader) {
      operands.append(Operand(bytes: unsafe Array(cString: operand)))
    }
    return operands
  }
}
