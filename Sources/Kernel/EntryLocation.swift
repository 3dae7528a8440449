// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
internal import Glibc
public import SystemPackage

/// Where an entry is: a name below an open directory, or the open file itself.
///
/// Nothing here follows a symbolic link, unless that is asked for: then what the name leads to is
/// looked at and read. The directory must stay open while the location is used.
public struct EntryLocation {
  /// The open directory, or with an empty name the open file.
  public let directory: Int32
  /// The name below the directory.
  public let name: EntryName
  /// Whether it is what the name leads to, where that is a symbolic link.
  public let followsLinks: Bool

  /// Names an entry below an open directory.
  public init(directory: Int32, name: EntryName, followsLinks: Bool = false) {
    self.directory = directory
    self.name = name
    self.followsLinks = followsLinks
  }

  /// Names an open file.
  public init(open descriptor: Int32) {
    self.init(directory: descriptor, name: .itself)
  }

  /// What the entry's inode says of itself (`statx`).
  public func metadata() throws(Errno) -> EntryMetadata {
    var raw = cl_stat()
    if followsLinks {
      try unsafe call { unsafe cl_stat_following(directory, $0, &raw) }
    } else {
      try unsafe call { unsafe cl_stat_at(directory, $0, &raw) }
    }
    return EntryMetadata(raw)
  }

  /// When its inode was changed last (`statx`).
  public func changeTime() throws(Errno) -> Timestamp {
    var raw = cl_stat()
    try unsafe call { unsafe cl_stat_at(directory, $0, &raw) }
    return Timestamp(seconds: raw.ctime_s, nanoseconds: raw.ctime_ns)
  }

  /// The metadata, or `nil` where there is no such entry.
  public func metadataIfPresent() throws(Errno) -> EntryMetadata? {
    do {
      return try metadata()
    } catch .noSuchFileOrDirectory {
      return nil
    }
  }

  /// Opens a file or directory for reading, without changing its access time where that is allowed
  /// (`openat2` with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS).
  ///
  /// `O_NONBLOCK` keeps a FIFO that took the place of a file from blocking the run.
  ///
  /// - Parameters:
  ///   - isDirectory: Whether it has to be a directory.
  ///   - isDirect: Whether it is read past the page cache (`O_DIRECT`).
  /// - Returns: The open file.
  /// - Throws: The error of the call, such as `Errno.noSuchFileOrDirectory`.
  public func openForReading(
    directory isDirectory: Bool = false,
    direct isDirect: Bool = false
  ) throws(Errno) -> Descriptor {
    let kind = (isDirectory ? O_DIRECTORY : 0) | (isDirect ? cl_o_direct : 0)
    let flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | kind
    do {
      return try open(flags: flags | cl_o_noatime)
    } catch .notPermitted {
      // O_NOATIME is for the owner and for CAP_FOWNER.
      return try open(flags: flags)
    }
  }

  /// Opens a directory for reading, unless something is mounted on it (`openat2` with
  /// RESOLVE_NO_XDEV).
  ///
  /// - Throws: `Errno.improperLink` (EXDEV) where something is.
  public func openDirectoryOnMount() throws(Errno) -> Descriptor {
    let flags = O_RDONLY | O_NOCTTY
    do throws(Errno) {
      return Descriptor(
        owning: try unsafe call { unsafe cl_open_on_mount(directory, $0, flags | cl_o_noatime) }
      )
    } catch .notPermitted {
      return Descriptor(owning: try unsafe call { unsafe cl_open_on_mount(directory, $0, flags) })
    }
  }

  /// Opens a directory, only to name entries in (`openat2` with O_PATH).
  public func openForLookup() throws(Errno) -> Descriptor {
    try open(flags: cl_o_path | O_DIRECTORY | O_NOFOLLOW)
  }

  /// Opens a file or device for writing (`openat2` with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS).
  public func openForWriting() throws(Errno) -> Descriptor {
    try open(flags: O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
  }

  /// Creates a file that must not exist, for writing (`O_CREAT | O_EXCL`, mode 0600).
  public func create() throws(Errno) -> Descriptor {
    try open(flags: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
  }

  /// Creates a file without a name in this open directory, for writing (`O_TMPFILE`).
  ///
  /// - Parameter mode: Its permissions, of which the umask or a default ACL may take some away.
  /// - Returns: The open file.
  /// - Throws: The error of the call; `Errno.notSupported` where the filesystem has no such thing.
  public func createUnnamed(mode: UInt32 = 0o600) throws(Errno) -> Descriptor {
    let descriptor = cl_open_unnamed(directory, mode)
    guard descriptor >= 0 else { throw Errno(rawValue: -descriptor) }
    return Descriptor(owning: descriptor)
  }

  private func open(flags: Int32, mode: UInt32 = 0) throws(Errno) -> Descriptor {
    guard !followsLinks else {
      let number = unsafe name.withCString { unsafe openat(directory, $0, flags | O_CLOEXEC) }
      guard number >= 0 else { throw Errno(rawValue: errno) }
      return Descriptor(owning: number)
    }
    return Descriptor(
      owning: try unsafe call { unsafe cl_open_beneath(directory, $0, flags, mode) }
    )
  }

  /// Makes a directory (`mkdirat`), and gives an ordinary user who is to fill it what a default ACL
  /// has taken from him (`statx`, `fchmodat2`).
  public func makeDirectory(mode: UInt32) throws(Errno) {
    try unsafe callSettingErrno { unsafe mkdirat(directory, $0, mode_t(mode)) }
    guard mode & 0o700 == 0o700, !ProcessFacts.isPrivileged else { return }
    guard let made = try? metadata(), made.permissions & 0o700 != 0o700 else { return }
    try? setPermissions(made.permissions | 0o700)
  }

  /// Makes a symbolic link with the given contents (`symlinkat`).
  public func makeSymbolicLink(to contents: EntryName) throws(Errno) {
    try unsafe callSettingErrno { name in
      unsafe contents.withCString { unsafe symlinkat($0, directory, name) }
    }
  }

  /// Makes a device, FIFO or socket like another (`mknodat`).
  public func makeNode(like metadata: EntryMetadata) throws(Errno) {
    try unsafe call {
      unsafe cl_make_node(
        directory,
        $0,
        metadata.typeBits | 0o600,
        metadata.deviceMajor,
        metadata.deviceMinor
      )
    }
  }

  /// Makes this a further name of an existing file (`linkat`).
  public func makeHardLink(to existing: EntryLocation) throws(Errno) {
    try unsafe callSettingErrno { name in
      unsafe existing.name.withCString { unsafe linkat(existing.directory, $0, directory, name, 0) }
    }
  }

  /// Gives an unnamed file (`O_TMPFILE`) this name (`linkat`).
  public func linkUnnamed(_ descriptor: Int32) throws(Errno) {
    try unsafe call { unsafe cl_link_unnamed(descriptor, directory, $0) }
  }

  /// Removes a name (`unlinkat`).
  public func remove() throws(Errno) {
    try unsafe callSettingErrno { unsafe unlinkat(directory, $0, 0) }
  }

  /// Removes an empty directory (`unlinkat` with AT_REMOVEDIR).
  public func removeDirectory() throws(Errno) {
    try unsafe callSettingErrno { unsafe unlinkat(directory, $0, AT_REMOVEDIR) }
  }

  /// Gives the entry another name in its directory, in place of what has it (`renameat2`).
  public func rename(to newName: EntryName) throws(Errno) {
    try unsafe call { old in unsafe newName.withCString { unsafe cl_rename(directory, old, $0, 0) }
    }
  }

  /// Gives the entry another place of the same filesystem, in place of what is there (`renameat`).
  public func rename(to other: EntryLocation) throws(Errno) {
    try unsafe callSettingErrno { old in
      unsafe other.name.withCString { unsafe renameat(directory, old, other.directory, $0) }
    }
  }

  /// Has two names of the directory change places (`renameat2` with RENAME_EXCHANGE).
  public func exchange(with other: EntryName) throws(Errno) {
    try unsafe call { one in unsafe other.withCString { unsafe cl_exchange(directory, one, $0) } }
  }

  /// The contents of a symbolic link (`readlinkat`).
  public func symbolicLinkContents() throws(Errno) -> EntryName {
    // PATH_MAX bounds the contents of a link on every filesystem.
    let contentsBytesMax = Int(PATH_MAX)
    var count = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: contentsBytesMax) {
      buffer,
      initialized in
      unsafe buffer.withMemoryRebound(to: CChar.self) { chars in
        guard let start = chars.baseAddress else { return }
        count = unsafe name.withCString { unsafe readlinkat(directory, $0, start, chars.count) }
      }
      initialized = max(0, count)
    }
    guard count >= 0 else { throw Errno(rawValue: errno) }
    return EntryName(bytes)
  }

  /// Sets owner and group (`fchown`, `fchownat`).
  public func setOwner(_ owner: UInt32?, group: UInt32?) throws(Errno) {
    let owner = owner ?? UInt32.max
    let group = group ?? UInt32.max
    guard !name.isEmpty else {
      guard fchown(directory, owner, group) == 0 else { throw Errno(rawValue: errno) }
      return
    }
    try unsafe callSettingErrno {
      unsafe fchownat(directory, $0, owner, group, AT_SYMLINK_NOFOLLOW)
    }
  }

  /// Sets the permission bits with setuid, setgid and sticky (`fchmod`, `fchmodat2`).
  public func setPermissions(_ permissions: UInt32) throws(Errno) {
    try unsafe call { unsafe cl_change_mode(directory, $0, permissions) }
  }

  /// Sets the permission bits, and where setuid or setgid is among them reads back which of the two
  /// it has not got (`fchmod`, `fchmodat2`, `statx`).
  ///
  /// Without CAP_FSETID the kernel leaves setgid out for who is not in the group, and says nothing.
  ///
  /// - Returns: The bits that are missing.
  public func setPermissionsReadingBack(_ permissions: UInt32) throws(Errno) -> UInt32 {
    try setPermissions(permissions)
    let special = permissions & 0o6000
    return special == 0 ? 0 : special & ~(try metadata().permissions)
  }

  /// Sets times; `nil` leaves one as it is (`futimens`, `utimensat`).
  public func setTimes(access: Timestamp?, modification: Timestamp?) throws(Errno) {
    let omit = (1 << 30) - 2  // UTIME_OMIT, a macro with a cast that Swift does not import
    func value(_ time: Timestamp?) -> timespec {
      time.map { timespec(tv_sec: Int($0.seconds), tv_nsec: Int($0.nanoseconds)) }
        ?? timespec(tv_sec: 0, tv_nsec: omit)
    }
    let times: InlineArray<2, timespec> = [value(access), value(modification)]
    let start = times.span
    let result = unsafe start.withUnsafeBufferPointer { times in
      guard !name.isEmpty else { return unsafe futimens(directory, times.baseAddress) }
      return unsafe name.withCString {
        unsafe utimensat(directory, $0, times.baseAddress, AT_SYMLINK_NOFOLLOW)
      }
    }
    guard result == 0 else { throw Errno(rawValue: errno) }
  }
}

extension EntryLocation {
  /// Runs a call that returns a negated errno.
  @discardableResult
  private func call(_ body: (UnsafePointer<CChar>) -> Int32) throws(Errno) -> Int32 {
    let result = unsafe name.withCString { unsafe body($0) }
    guard result >= 0 else { throw Errno(rawValue: -result) }
    return result
  }

  /// Runs a call that returns -1 and sets `errno`.
  private func callSettingErrno(_ body: (UnsafePointer<CChar>) -> Int32) throws(Errno) {
    let result = unsafe name.withCString { unsafe body($0) }
    guard result == 0 else { throw Errno(rawValue: errno) }
  }
}

extension EntryLocation {
  /// Whether it is a directory that is another, or lies below that (`openat2`, as
  /// `Descriptor.isInside`); not where it cannot be opened.
  public func isInside(_ identity: InodeIdentity) -> Bool {
    guard let opened = try? openForReading(directory: true) else { return false }
    return opened.isInside(identity)
  }
}
