// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Makes a tree with every kind of entry, name, size, time and attribute that a copy can lose.
///
/// The tree follows from the seed alone. Two parts are too much for the tools that judge it from
/// outside: `deep`, whose paths are far beyond PATH_MAX, and `huge`, with a sparse file of 1 TiB.
struct NastyTree {
  /// The parts that rsync cannot read, or not in acceptable time.
  static let beyondRsync = ["deep", "huge"]

  /// What could not be made here, and why.
  private(set) var leftOut: [String] = []
  let contents: SeededContents
  private let symbolicLinkBytesMax: Int

  /// Makes trees in which no target of a symbolic link is longer than what all filesystems of the
  /// test can keep; XFS has room for 1023 bytes.
  init(seed: UInt64, symbolicLinkBytesMax: Int = 4095) {
    contents = SeededContents(seed: seed)
    self.symbolicLinkBytesMax = symbolicLinkBytesMax
  }

  /// Fills an empty directory.
  mutating func make(at path: String) throws {
    let root = try OpenDirectory(path)
    try makeSizes(root)
    try makeNames(root)
    try makeSymbolicLinks(root)
    try makeHardLinks(root)
    try makeSpecials(root)
    try makeModes(root)
    try makeTimes(root)
    try makeSparseFiles(root)
    try makeWide(root)
    try makeDeep(root, levels: 300, nameBytes: 100)
    try makeEmptyDirectories(root)
    try makeAttributes(root)
    if isRoot {
      try makeOwners(root)
    } else {
      leftOut.append("owners, devices, trusted and security attributes: only root can make them")
    }
    try stampDirectories(root)
  }

  mutating func leaveOut(_ what: String) { leftOut.append(what) }

  // Around the sizes of pages and of the buffers that copies are made with.
  private func makeSizes(_ root: OpenDirectory) throws {
    let directory = try root.makeDirectory(Bytes(text: "sizes"))
    let mebibyte = 1 << 20
    let sizes = [
      0, 1, 511, 4095, 4096, 4097, 65_535, 65_536, mebibyte - 1, mebibyte, mebibyte + 1,
      8 * mebibyte + 3, 20 * mebibyte,
    ]
    for (number, size) in sizes.enumerated() {
      try contents.makeFile(number, directory, Bytes(text: "size-\(size)"), size: size)
    }
    try directory.makeFile(Bytes(text: "empty-too"))
  }

  /// Names that are easily taken for something else; the longest leave no room for a suffix.
  static let names: [Bytes] =
    [
      " ", " leading", "trailing ", "new\nline", "\n", "tab\tand\u{1}\u{7f}", "-rf", "--delete",
      "-",
      "...", ".hidden", "~", "*?[a-z]{x,y}", "back\\slash", "\\#012", "quote'\"`$(id)", "host:path",
      "#", "%s%n", "ünï", ".file.ABC123", "e\u{301}", "a=b", ".~tmp~",
    ].map { Bytes(text: $0) } + [
      [0xff, 0xfe, 0x80], [0xc3, 0x28], Bytes(1...0x2e), Bytes(0x30...0xff),
      Bytes(repeating: 0x6e, count: 255), Bytes(repeating: 0xe9, count: 255),
      Bytes(repeating: 0x2e, count: 255), Bytes(repeating: 0x6c, count: 247),
    ]

  private func makeNames(_ root: OpenDirectory) throws {
    let files = try root.makeDirectory(Bytes(text: "names"))
    for (number, name) in NastyTree.names.enumerated() {
      try contents.makeFile(number, files, name, size: 10 + number)
    }
    let directories = try root.makeDirectory(Bytes(text: "directory-names"))
    for (number, name) in NastyTree.names.enumerated() {
      try contents.makeFile(number, directories.makeDirectory(name), name, size: number)
    }
  }

  private func makeSymbolicLinks(_ root: OpenDirectory) throws {
    let directory = try root.makeDirectory(Bytes(text: "symlinks"))
    let targets: [(String, Bytes)] = [
      ("relative", Bytes(text: "../sizes/size-4096")), ("dangling", Bytes(text: "no/such")),
      ("directory", Bytes(text: "../names")), ("absolute", Bytes(text: "/etc/passwd")),
      ("loop", Bytes(text: "loop")), ("parent", Bytes(text: "..")), ("bytes", [0xff, 0x0a, 0x20]),
      ("long", Bytes(repeating: 0x78, count: 4095)), ("slash", Bytes(text: "../names/")),
    ]
    for (number, (name, target)) in targets.enumerated() {
      let link = Bytes(text: name)
      try directory.makeSymbolicLink(link, to: Bytes(target.prefix(symbolicLinkBytesMax)))
      if isRoot { try directory.changeOwner(link, 1000 + uid_t(number), 2000) }
      try directory.changeTimes(link, 1_000_000_000 + number, 1_234_567 + number)
    }
  }

  private func makeHardLinks(_ root: OpenDirectory) throws {
    let directory = try root.makeDirectory(Bytes(text: "hardlinks"))
    let other = try directory.makeDirectory(Bytes(text: "other"))
    try contents.makeFile(900, directory, Bytes(text: "a"), size: 70_000)
    try directory.makeLink(Bytes(text: "b"), to: Bytes(text: "a"))
    try other.makeLink(Bytes(text: "c"), to: Bytes(text: "a"), in: directory)
    try root.makeLink(Bytes(text: "zz-last"), to: Bytes(text: "a"), in: directory)
    try directory.makeFile(Bytes(text: "empty"))
    try directory.makeLink(Bytes(text: "empty-too"), to: Bytes(text: "empty"))
    try directory.makeSymbolicLink(Bytes(text: "symlink"), to: Bytes(text: "nowhere"))
    try other.makeLink(Bytes(text: "symlink-too"), to: Bytes(text: "symlink"), in: directory)
    try directory.makeNode(Bytes(text: "fifo"), S_IFIFO | 0o640)
    try other.makeLink(Bytes(text: "fifo-too"), to: Bytes(text: "fifo"), in: directory)
    try contents.makeFile(901, directory, Bytes(text: "many"), size: 5)
    for number in 0..<200 {
      try other.makeLink(Bytes(text: "many-\(number)"), to: Bytes(text: "many"), in: directory)
    }
    if isRoot {
      try directory.makeNode(Bytes(text: "device"), S_IFCHR | 0o600, major: 1, minor: 3)
      try other.makeLink(Bytes(text: "device-too"), to: Bytes(text: "device"), in: directory)
    }
  }

  private func makeWide(_ root: OpenDirectory) throws {
    let directory = try root.makeDirectory(Bytes(text: "wide"))
    for number in 0..<5_000 {
      let name = Bytes(text: "entry-\(number)")
      if number % 10 == 0 {
        try contents.makeFile(number, directory, name, size: number % 3_000)
      } else {
        try directory.makeFile(name)
      }
    }
  }

  /// Makes one directory in the other, with a file at the bottom and one at every tenth level.
  func makeDeep(_ root: OpenDirectory, levels: Int, nameBytes: Int) throws {
    var directory = try root.makeDirectory(Bytes(text: "deep"))
    for level in 0..<levels {
      let name = Bytes(repeating: 0x61 + UInt8(level % 26), count: nameBytes)
      if level % 10 == 0 || level == levels - 1 {
        try contents.makeFile(level, directory, Bytes(text: "file"), size: 100 + level)
        try directory.makeSymbolicLink(Bytes(text: "link"), to: Bytes(text: "file"))
      }
      directory = try directory.makeDirectory(name)
    }
    // From the bottom up, since each entry made changes the time of the directory above.
    for level in (0..<levels).reversed() {
      let above = try directory.open(Bytes(text: ".."))
      let name = Bytes(repeating: 0x61 + UInt8(level % 26), count: nameBytes)
      try above.changeTimes(name, 1_100_000_000 + level, level)
      directory = above
    }
  }

  private func makeEmptyDirectories(_ root: OpenDirectory) throws {
    let directory = try root.makeDirectory(Bytes(text: "empty-directories"))
    for number in 0..<20 {
      _ = try directory.makeDirectory(Bytes(text: "d\(number)")).makeDirectory([0x65])
    }
  }

  /// Gives the directories of the first two levels times of their own, when all else is done.
  private func stampDirectories(_ root: OpenDirectory) throws {
    for (number, name) in try root.names().enumerated()
    where try root.status(name).st_mode & S_IFMT == S_IFDIR {
      let directory = try root.open(name)
      for (place, below) in try directory.names().enumerated()
      where try directory.status(below).st_mode & S_IFMT == S_IFDIR {
        try directory.changeTimes(below, 1_200_000_000 + place, 999_999_999 - place)
      }
      try root.changeTimes(name, 1_300_000_000 + number, number)
    }
  }
}
