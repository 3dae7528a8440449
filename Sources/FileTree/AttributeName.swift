// SPDX-License-Identifier: Apache-2.0

public import Kernel
internal import SystemPackage

/// A name of an attribute.
struct AttributeName: Equatable, Sendable {
  /// Its bytes, which need not be UTF-8 and are not text to be compared as such.
  let key: EntryName
  /// What it is called at the source.
  let sourceKey: EntryName
  /// Whether an ACL is kept in it.
  private(set) var isDisguisedList = false

  /// Takes a name that both sides have.
  init(key: EntryName) { (self.key, sourceKey) = (key, key) }

  /// Whether two are the same at the target.
  static func == (one: AttributeName, other: AttributeName) -> Bool { one.key == other.key }

  /// Which class the attribute belongs to; `nil` for those that are left alone.
  var attributeClass: AttributeCopier.Classes? {
    if isDisguisedList || isAccessList || isEqual("system.posix_acl_default") {
      return .accessControlLists
    }
    if starts("user.") { return .user }
    // XFS shows its ACLs a second time under these names; to remove them removes the ACL.
    if starts("trusted.SGI_ACL_") { return nil }
    // Labels belong to the policy of the machine.
    if isEqual("security.selinux") { return nil }
    return starts("trusted.") || starts("security.") ? .privileged : .filesystem
  }

  /// Whether rsync stores metadata in it.
  var isStoredMetadata: Bool { starts("user.rsync.%") }

  /// Whether it is one that a filesystem has for itself.
  var isOfFilesystem: Bool { attributeClass == .filesystem }

  /// Whether it is the kernel's or a server's view of something else, such as `system.nfs4_acl`:
  /// these are never set.
  var isOfSystem: Bool { starts("system.") }

  /// Whether it is the ACL that is in force, a part of which is the mode.
  var isAccessList: Bool { isEqual("system.posix_acl_access") }

  /// Whether it says how btrfs compresses data.
  var isCompression: Bool { isEqual("btrfs.compression") }

  fileprivate func starts(_ prefix: StaticString) -> Bool {
    unsafe key.bytes.starts(
      with: UnsafeBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount)
    )
  }

  fileprivate func isEqual(_ name: StaticString) -> Bool {
    key.count == name.utf8CodeUnitCount && starts(name)
  }
}

extension AttributeName {
  /// What an attribute is called in an entry that stands in for another, as rsync has it; `nil`
  /// where it does not count.
  ///
  /// - Parameters:
  ///   - found: Its name.
  ///   - classes: What counts.
  ///   - isSource: Whether it was found at the source, where what is not disguised yet counts too.
  init?(disguised found: EntryName, _ classes: AttributeCopier.Classes, isSource: Bool) {
    let prefix = Array("user.rsync.".utf8)
    let name = AttributeName(key: found)
    if name.isEqual("user.rsync.%aacl") || name.isEqual("user.rsync.%dacl") {
      guard classes.contains(.accessControlLists) else { return nil }
      self = name
      isDisguisedList = true
      return
    }
    guard classes.contains(.user), !name.isEqual("user.rsync.%stat") else { return nil }
    if name.starts("user.") {
      let isTwice = isSource && name.starts("user.rsync.user.")
      let key = isTwice ? EntryName(found.bytes.dropFirst(prefix.count)) : found
      self.init(key: key, sourceKey: found)
      return
    }
    guard isSource, classes.contains(.privileged), !name.isOfSystem,
      let own = name.attributeClass, own != .accessControlLists
    else { return nil }
    self.init(key: EntryName(prefix + found.bytes), sourceKey: found)
  }

  private init(key: EntryName, sourceKey: EntryName) {
    (self.key, self.sourceKey) = (key, sourceKey)
  }
}

extension EntryLocation {
  /// Whether it is a file or directory whose data is written over in its place, as far as that can
  /// be told (`openat2`, FS_IOC_GETFLAGS).
  var isWrittenInPlace: Bool {
    guard !name.isEmpty else { return FileCalls.isWrittenInPlace(directory) }
    guard let kind = try? metadata().kind, kind == .file || kind == .directory,
      let opened = try? openForReading()
    else { return false }
    defer { withExtendedLifetime(opened) {} }
    return FileCalls.isWrittenInPlace(opened.rawValue)
  }

  /// Whether the entry has attributes, as new ones may from the start: from a default ACL of the
  /// directory, or by a property of the filesystem, such as btrfs' compression (`listxattr`).
  public var hasAttributes: Bool {
    var list = InlineArray<64, CChar>(repeating: 0)
    var span = list.mutableSpan
    let count: Int
    do throws(Errno) {
      count = unsafe try span.withUnsafeMutableBufferPointer { (buffer) throws(Errno) in
        unsafe try listAttributes(into: buffer)
      }
    } catch {
      return error != .notSupported
    }
    guard count > 0 else { return false }
    // Every entry has a label where the machine has a policy, and labels are left alone.
    let label = "security.selinux".utf8CString
    return count != label.count || (0..<count).contains { list[$0] != label[$0] }
  }
}
