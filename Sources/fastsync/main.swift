// SPDX-License-Identifier: Apache-2.0

import CLiburing
import Glibc

/// The words behind the command's name, in bytes, since names need not be UTF-8; also where there
/// is no `/proc`, from which `CommandLine` has them.
func processWords() -> [[UInt8]] {
  var count: Int32 = 0
  let words = unsafe cl_process_arguments(&count)
  return (1..<max(Int(count), 1)).compactMap { index in
    unsafe words?[index].map { unsafe [UInt8](cString: $0) }
  }
}

exit(Run(arguments: processWords()).execute().rawValue)
