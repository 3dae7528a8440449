// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Filesystems reserve more space for data on its way than it takes in the end; that must not be
/// taken for a full disk, neither by `fallocate` nor by O_TMPFILE.
@Suite(
  .serialized,
  .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")")
)
struct ReservationTests {
  @Test(arguments: Filesystem.allCases) func whatFitsIsCopied(_ filesystem: Filesystem) throws {
    try withSandbox { sandbox in
      let small = try sandbox.makeDirectory("small")
      let files = try OpenDirectory(small)
      // On XFS each of them reserves about 20 KiB until it is written back.
      for number in 0..<8000 { try files.makeFile(Bytes(text: "f\(number)"), [1]) }
      let large = try sandbox.makeDirectory("large")
      try SeededContents(seed: testSeed).makeFile(
        1,
        OpenDirectory(large),
        Bytes(text: "image"),
        size: 100 << 20
      )
      let target = try filesystem.make(in: sandbox, as: "target")
      // One worker takes the sources in turn, so that everything small is on its way when the
      // large file asks for its space.
      let operands = [small, large, target]
      try expectFastsync(0, ["--jobs=1"] + operands, hint: filesystem.rawValue)
      try expectSame(small, "\(target)/small", hint: filesystem.rawValue)
      try expectSame(large, "\(target)/large", hint: filesystem.rawValue)
    }
  }
}
