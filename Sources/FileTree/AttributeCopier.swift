// SPDX-License-Identifier: Apache-2.0

internal import CLiburing
public import SystemPackage

/// Makes the extended attributes of one entry equal to those of another; POSIX ACLs are attributes
/// with reserved names.
///
/// One worker owns it with its buffers; their pages are only touched where attributes are found.
@safe
public struct AttributeCopier: ~Copyable {
  /// Which attributes are made equal; the others are left alone.
  public struct Classes: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt8
    /// Makes a set.
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// `system.posix_acl_access` and `system.posix_acl_default`.
    public static let accessControlLists = Classes(rawValue: 1)
    /// `user.*`, which whoever may write a file may set.
    public static let user = Classes(rawValue: 2)
    /// All others: `trusted.*`, `security.*` (but for labels), and filesystem properties.
    public static let privileged = Classes(rawValue: 4)
  }

  /// An attribute that could not be carried over.
  public struct Failure: Sendable {
    /// What failed: `cannot read`, `cannot set`, `cannot remove`, with the attribute's name.
    public let operation: String
    /// Why.
    public let errno: Errno
    /// Whether it failed at the source.
    public let isSource: Bool
  }

  // XATTR_LIST_MAX and XATTR_SIZE_MAX of the kernel; no filesystem can have more.
  private static let bytesMax = 64 << 10

  private let sourceList: UnsafeMutableBufferPointer<CChar>
  private let targetList: UnsafeMutableBufferPointer<CChar>
  private let sourceValue: UnsafeMutableRawBufferPointer
  private let targetValue: UnsafeMutableRawBufferPointer

  /// Allocates the buffers: 4 times 64 KiB of address space.
  public init() {
    unsafe sourceList = .allocate(capacity: Self.bytesMax)
    unsafe targetList = .allocate(capacity: Self.bytesMax)
    unsafe sourceValue = .allocate(byteCount: Self.bytesMax, alignment: 8)
    unsafe targetValue = .allocate(byteCount: Self.bytesMax, alignment: 8)
  }

  deinit {
    unsafe sourceList.deallocate()
    unsafe targetList.deallocate()
    unsafe sourceValue.deallocate()
    unsafe targetValue.deallocate()
  }

  /// Makes the attributes of `target` equal to those of `source`
  /// (`listxattr`, `getxattr`, `setxattr`, `removexattr`).
  ///
  /// - Parameters:
  ///   - source: The entry to be like.
  ///   - target: The entry to be changed.
  ///   - classes: Which attributes count.
  ///   - targetIsBare: Whether the target is known to have none.
  ///   - dryRun: Only find out whether they differ.
  /// - Returns: Whether anything differed, and what could not be carried over.
  public mutating func synchronize(
    from source: EntryLocation,
    to target: EntryLocation,
    classes: Classes,
    targetIsBare: Bool = false,
    dryRun: Bool = false
  ) -> (changed: Bool, failures: [Failure]) {
    var failures: [Failure] = []
    let wanted: [AttributeName]
    let present: [AttributeName]
    do {
      wanted = unsafe try list(source, into: sourceList, classes)
    } catch {
      return (false, [Failure(operation: "cannot list attributes", errno: error, isSource: true)])
    }
    do {
      present = targetIsBare ? [] : unsafe try list(target, into: targetList, classes)
    } catch {
      return (false, [Failure(operation: "cannot list attributes", errno: error, isSource: false)])
    }
    var changed = false
    for name in wanted {
      do {
        if try set(name, from: source, to: target, isPresent: present.contains(name), dryRun) {
          changed = true
        }
      } catch {
        failures.append(error.failure)
      }
    }
    for name in present where !wanted.contains(name) {
      changed = true
      guard !dryRun else { continue }
      let result = unsafe name.key.withCString { key in
        unsafe target.name.withCString { unsafe cl_remove_xattr(target.directory, $0, key) }
      }
      // An ACL that is gone already when the mode changed is no failure.
      if result < 0 && result != -Errno.noData.rawValue {
        failures.append(
          Failure(
            operation: "cannot remove attribute \(name.text)",
            errno: Errno(rawValue: -result),
            isSource: false
          )
        )
      }
    }
    return (changed, failures)
  }
}

extension EntryLocation {
  /// Whether what is made in this directory may have attributes from the start: from a default ACL,
  /// or by a property of the filesystem, such as btrfs' compression (`listxattr`).
  public var givesAttributes: Bool {
    var list = InlineArray<64, CChar>(repeating: 0)
    var span = list.mutableSpan
    let count = unsafe span.withUnsafeMutableBufferPointer { buffer in
      unsafe name.withCString {
        unsafe cl_list_xattr(directory, $0, buffer.baseAddress, buffer.count)
      }
    }
    guard count > 0 else { return count < 0 && count != -Int(Errno.notSupported.rawValue) }
    // Every directory has a label where the machine has a policy, and labels are left alone.
    let label = "security.selinux".utf8CString
    return count != label.count || (0..<count).contains { list[$0] != label[$0] }
  }
}

/// A name of an attribute.
private struct AttributeName: Equatable {
  /// Its bytes, which need not be UTF-8 and are not text to be compared as such.
  let key: EntryName

  /// The name for a message.
  var text: String { String(decoding: key.bytes, as: UTF8.self) }

  var attributeClass: AttributeCopier.Classes? {
    if isEqual("system.posix_acl_access") || isEqual("system.posix_acl_default") {
      return .accessControlLists
    }
    if starts("user.") { return .user }
    // XFS shows its ACLs a second time under these names; to remove them removes the ACL.
    if starts("trusted.SGI_ACL_") { return nil }
    // Labels belong to the policy of the machine, and other system.* to the filesystem.
    if starts("system.") || isEqual("security.selinux") { return nil }
    return .privileged
  }

  private func starts(_ prefix: StaticString) -> Bool {
    unsafe key.bytes.starts(
      with: UnsafeBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount)
    )
  }

  private func isEqual(_ name: StaticString) -> Bool {
    key.count == name.utf8CodeUnitCount && starts(name)
  }
}

private struct AttributeError: Error {
  let failure: AttributeCopier.Failure
}

extension AttributeCopier {
  private func list(
    _ entry: EntryLocation,
    into buffer: UnsafeMutableBufferPointer<CChar>,
    _ classes: Classes
  ) throws(Errno) -> [AttributeName] {
    let count = unsafe entry.name.withCString {
      unsafe cl_list_xattr(entry.directory, $0, buffer.baseAddress, buffer.count)
    }
    if count < 0 {
      let errno = Errno(rawValue: Int32(-count))
      // A filesystem without attributes has none.
      if errno == .notSupported { return [] }
      throw errno
    }
    guard count > 0 else { return [] }
    return unsafe buffer[..<count].split(separator: 0).compactMap { bytes in
      let name = unsafe AttributeName(key: EntryName(bytes.map { UInt8(bitPattern: $0) }))
      guard let found = name.attributeClass, classes.contains(found) else { return nil }
      return name
    }
  }

  /// Sets one attribute where it differs.
  private func set(
    _ name: AttributeName,
    from source: EntryLocation,
    to target: EntryLocation,
    isPresent: Bool,
    _ dryRun: Bool
  ) throws(AttributeError) -> Bool {
    let size = unsafe read(name, of: source, into: sourceValue)
    guard size >= 0 else {
      let errno = Errno(rawValue: Int32(-size))
      // It was removed since it was listed.
      if errno == .noData { return false }
      throw AttributeError(
        failure: Failure(
          operation: "cannot read attribute \(name.text)",
          errno: errno,
          isSource: true
        )
      )
    }
    if isPresent {
      let present = unsafe read(name, of: target, into: targetValue)
      let isEqual =
        unsafe present == size && sourceValue[..<size].elementsEqual(targetValue[..<size])
      if isEqual { return false }
    }
    guard !dryRun else { return true }
    let result = unsafe name.key.withCString { key in
      unsafe target.name.withCString {
        unsafe cl_set_xattr(target.directory, $0, key, sourceValue.baseAddress, size)
      }
    }
    guard result == 0 else {
      throw AttributeError(
        failure: Failure(
          operation: "cannot set attribute \(name.text)",
          errno: Errno(rawValue: -result),
          isSource: false
        )
      )
    }
    return true
  }

  private func read(
    _ name: AttributeName,
    of entry: EntryLocation,
    into buffer: UnsafeMutableRawBufferPointer
  ) -> Int {
    unsafe name.key.withCString { key in
      unsafe entry.name.withCString {
        unsafe cl_get_xattr(entry.directory, $0, key, buffer.baseAddress, buffer.count)
      }
    }
  }
}
