// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The words behind the command's name, in bytes: names need not be UTF-8.
let words = (1..<max(Int(CommandLine.argc), 1)).compactMap { index in
  unsafe CommandLine.unsafeArgv[index].map { unsafe [UInt8](cString: $0) }
}

exit(Run(arguments: words).execute().rawValue)
