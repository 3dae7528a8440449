// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Which pages of a file are in the page cache (`mincore`).
func cachedPages(_ file: Int32, _ size: Int) throws -> [Bool] {
  let pageBytes = sysconf(Int32(_SC_PAGESIZE))
  let mapping = unsafe mmap(nil, size, PROT_READ, MAP_SHARED, file, 0)
  guard let mapping = unsafe mapping, unsafe mapping != MAP_FAILED else {
    throw Refused(call: "mmap")
  }
  defer { unsafe munmap(mapping, size) }
  var pages = [UInt8](repeating: 0, count: (size + pageBytes - 1) / pageBytes)
  guard unsafe mincore(mapping, size, &pages) == 0 else { throw Refused(call: "mincore") }
  return pages.map { $0 & 1 == 1 }
}

/// A call that did not work.
struct Refused: Error { let call: String }
