// SPDX-License-Identifier: Apache-2.0

public import Kernel
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
    @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// `system.posix_acl_access` and `system.posix_acl_default`.
    @inlinable public static var accessControlLists: Classes { Classes(rawValue: 1) }
    /// `user.*`, which whoever may write a file may set.
    @inlinable public static var user: Classes { Classes(rawValue: 2) }
    /// `trusted.*` and `security.*`, but for labels.
    @inlinable public static var privileged: Classes { Classes(rawValue: 4) }
    /// All others, each of which one kind of filesystem has for itself, such as
    /// `btrfs.compression`; as a rule whoever owns a file may set them.
    @inlinable public static var filesystem: Classes { Classes(rawValue: 8) }
    /// Those of users in which rsync stores metadata, such as `user.rsync.%stat`; without this they
    /// are not carried over, and removed.
    @inlinable public static var stored: Classes { Classes(rawValue: 16) }
    /// What users may not set is kept in attributes that they may, and taken from there: ACLs in
    /// `user.rsync.%aacl` and `%dacl`, any others below `user.rsync.`; real ACLs do not count.
    @inlinable public static var disguised: Classes { Classes(rawValue: 32) }
  }

  /// An attribute that could not be carried over.
  public struct Failure: Error, Sendable {
    /// What failed.
    public enum Operation: Equatable, Sendable {
      /// The names could not be listed.
      case list
      /// The named attribute could not be read.
      case read(EntryName)
      /// The named attribute could not be set.
      case set(EntryName)
      /// The named attribute could not be removed.
      case remove(EntryName)

      /// The name of the attribute, where it is about one.
      var key: EntryName? {
        switch self {
        case .list: nil
        case .read(let key), .set(let key), .remove(let key): key
        }
      }
    }
    /// What failed, with the attribute's name.
    public let operation: Operation
    /// Why.
    public let errno: Errno
    /// Whether it failed at the source.
    public let isSource: Bool

    /// Whether the target may not be written to (EACCES), as its permissions say.
    public var isForbiddenByMode: Bool { !isSource && errno == .permissionDenied }

    /// The attribute, where it is one of a filesystem that the target's has no use for, or not for
    /// this file, as btrfs has none for compression where data is not copied on writing.
    public var foreignAttribute: EntryName? {
      guard case .set(let key) = operation, !isSource,
        errno == .notSupported || errno == .invalidArgument,
        AttributeName(key: key).attributeClass == .filesystem
      else { return nil }
      return key
    }
  }

  // XATTR_LIST_MAX and XATTR_SIZE_MAX of the kernel; no filesystem can have more.
  private static let bytesMax = 64 << 10

  private let list: UnsafeMutableBufferPointer<CChar>
  private let sourceValue: UnsafeMutableRawBufferPointer
  private let targetValue: UnsafeMutableRawBufferPointer

  /// What one of the attributes is called that were left out, since the target's filesystem has no
  /// use for them.
  public private(set) var foreignExample: EntryName?

  /// Allocates the buffers: 3 times 64 KiB of address space.
  public init() {
    unsafe list = .allocate(capacity: Self.bytesMax)
    unsafe sourceValue = .allocate(byteCount: Self.bytesMax, alignment: 8)
    unsafe targetValue = .allocate(byteCount: Self.bytesMax, alignment: 8)
  }

  deinit {
    unsafe list.deallocate()
    unsafe sourceValue.deallocate()
    unsafe targetValue.deallocate()
  }

  /// Finds out what has to be done to make the attributes of `target` equal to those of `source`
  /// (`listxattr`, `getxattr`).
  ///
  /// - Parameters:
  ///   - source: The entry to be like.
  ///   - target: The entry to be changed.
  ///   - isBare: Whether that is known to have none.
  ///   - classes: Which attributes count.
  ///   - filter: Which of them are left out.
  /// - Returns: How they differ.
  /// - Throws: What could not be listed or read.
  public mutating func difference(
    from source: EntryLocation,
    to target: EntryLocation,
    isBare: Bool = false,
    classes: Classes,
    filter: AttributeFilter? = nil
  ) throws(Failure) -> AttributeDelta {
    var wanted = try names(of: source, classes, isSource: true)
    if !classes.contains(.stored) {
      wanted.removeAll { $0.isStoredMetadata && !$0.isDisguisedList }
    }
    var present = isBare ? [] : try names(of: target, classes, isSource: false)
    if let filter {
      wanted.removeAll { filter.isLeftOut($0) }
      present.removeAll { filter.isKept($0) }
    }
    var delta = AttributeDelta()
    delta.mayGoWithOwner = present.contains { $0.attributeClass == .privileged }
    if wanted.isEmpty && present.isEmpty { return delta }
    if (wanted + present).contains(where: \.isOfFilesystem) {
      // What the one lacks that cannot have it says nothing about the other.
      let isHeld = FilesystemCalls.areOfOneKind(source.directory, target.directory)
      let isNew = { (name: AttributeName) in name.isCompression && !present.contains(name) }
      let isNeverCompressed = isHeld && wanted.contains(where: isNew) && target.isWrittenInPlace
      let isForeign = { (name: AttributeName) in
        name.isOfFilesystem
          && (!isHeld || name.isOfSystem || name.isCompression && isNeverCompressed)
      }
      let foreign = wanted.filter(isForeign)
      delta.foreignCount = foreign.count
      foreignExample = foreignExample ?? foreign.first?.key
      wanted.removeAll(where: isForeign)
      present.removeAll(where: isForeign)
    }
    guard !isBare else {
      delta.changed = wanted
      return delta
    }
    for name in wanted {
      // What cannot be read is found again, and told, when it is to be set.
      guard present.contains(name), isEqual(name, source, target) else {
        delta.changed.append(name)
        continue
      }
    }
    delta.removed = present.filter { !wanted.contains($0) }
    guard !delta.isEmpty else { return delta }
    let lists = (delta.changed + delta.removed).filter {
      $0.attributeClass == .accessControlLists
    }
    if let list = lists.first, lists.count == 1, list.isAccessList, present.contains(list) {
      delta.listsDifferInModeOnly = differsInModeOnly(list, source, target)
    }
    return delta
  }

  /// Carries a difference out (`getxattr`, `setxattr`, `removexattr`).
  ///
  /// - Returns: What could not be carried over.
  public mutating func apply(
    _ delta: AttributeDelta,
    from source: EntryLocation,
    to target: EntryLocation
  ) -> [Failure] {
    var failures: [Failure] = []
    for name in delta.changed {
      do {
        try set(name, from: source, to: target)
      } catch {
        failures.append(error)
      }
    }
    for name in delta.removed {
      do {
        try target.removeAttribute(name.key)
      } catch .noData {
        // An ACL is gone already when the mode changed.
      } catch {
        failures.append(Failure(operation: .remove(name.key), errno: error, isSource: false))
      }
    }
    return failures
  }

  /// Finds out which attributes that would have to be set cannot be read at the source
  /// (`getxattr`).
  ///
  /// - Returns: What could not be read.
  public mutating func unreadable(
    _ delta: AttributeDelta,
    at source: EntryLocation
  ) -> [Failure] {
    delta.changed.compactMap { name in
      do throws(Errno) {
        _ = unsafe try source.readAttribute(name.sourceKey, into: sourceValue)
        return nil
      } catch {
        // It was removed since it was listed.
        guard error != .noData else { return nil }
        return Failure(operation: .read(name.sourceKey), errno: error, isSource: true)
      }
    }
  }

  /// The permissions that new entries of a directory may have by its default ACL (`getxattr`);
  /// `nil` where it has none.
  public mutating func defaultPermissions(of directory: EntryLocation) -> UInt32? {
    let size = unsafe try? directory.readAttribute(.defaultList, into: sourceValue)
    guard let size, size % 8 == 4 else { return nil }
    // struct posix_acl_xattr_header: a version (4); then entries: tag (2), permissions (2), id (4).
    var byTag: [UInt16: UInt32] = [:]
    for offset in stride(from: 4, to: size, by: 8) {
      let tag = unsafe sourceValue.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
      let bits = unsafe sourceValue.loadUnaligned(fromByteOffset: offset + 2, as: UInt16.self)
      byTag[UInt16(littleEndian: tag)] = UInt32(UInt16(littleEndian: bits))
    }
    // Owner, mask or else group, and others.
    guard let owner = byTag[0x01], let others = byTag[0x20] else { return nil }
    let group = byTag[0x10] ?? byTag[0x04] ?? 0
    return (owner << 6 | group << 3 | others) & 0o777
  }

  private func names(
    of entry: EntryLocation,
    _ classes: Classes,
    isSource: Bool
  ) throws(Failure) -> [AttributeName] {
    let count: Int
    do {
      count = unsafe try entry.listAttributes(into: list)
    } catch {
      // A filesystem without attributes has none.
      if error == .notSupported { return [] }
      throw Failure(operation: .list, errno: error, isSource: isSource)
    }
    guard count > 0 else { return [] }
    return unsafe list[..<count].split(separator: 0).compactMap { bytes in
      let key = unsafe EntryName(bytes.map { UInt8(bitPattern: $0) })
      guard !classes.contains(.disguised) else {
        return AttributeName(disguised: key, classes, isSource: isSource)
      }
      let name = AttributeName(key: key)
      guard let found = name.attributeClass, classes.contains(found) else { return nil }
      return name
    }
  }

  private func isEqual(
    _ name: AttributeName,
    _ source: EntryLocation,
    _ target: EntryLocation
  ) -> Bool {
    guard let size = unsafe try? source.readAttribute(name.sourceKey, into: sourceValue),
      let present = unsafe try? target.readAttribute(name.key, into: targetValue)
    else { return false }
    return unsafe present == size
      && sourceValue[..<size].elementsEqual(targetValue[..<size])
  }

  /// Whether two access ACLs are equal but for the permissions of owner, mask and others, which are
  /// those of the mode.
  private func differsInModeOnly(
    _ list: AttributeName,
    _ source: EntryLocation,
    _ target: EntryLocation
  ) -> Bool {
    guard let size = unsafe try? source.readAttribute(list.key, into: sourceValue),
      let present = unsafe try? target.readAttribute(list.key, into: targetValue),
      size == present, size % 8 == 4
    else { return false }
    // struct posix_acl_xattr_header: a version (4); then entries: tag (2), permissions (2), id (4).
    let inMode: Set<UInt16> = [0x01, 0x10, 0x20]
    return stride(from: 4, to: size, by: 8).allSatisfy { offset in
      let values = unsafe (sourceValue, targetValue)
      let tag = unsafe values.0.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
      guard unsafe tag == values.1.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
      else { return false }
      let compared = offset + (inMode.contains(UInt16(littleEndian: tag)) ? 4 : 2)..<offset + 8
      return unsafe values.0[compared].elementsEqual(values.1[compared])
    }
  }

  private func set(
    _ name: AttributeName,
    from source: EntryLocation,
    to target: EntryLocation
  ) throws(Failure) {
    let size: Int
    do {
      size = unsafe try source.readAttribute(name.sourceKey, into: sourceValue)
    } catch {
      // It was removed since it was listed.
      if error == .noData { return }
      throw Failure(operation: .read(name.sourceKey), errno: error, isSource: true)
    }
    do {
      unsafe try target.setAttribute(
        name.key,
        to: UnsafeRawBufferPointer(rebasing: sourceValue[..<size])
      )
    } catch {
      throw Failure(operation: .set(name.key), errno: error, isSource: false)
    }
  }
}

extension EntryLocation {
  /// Whether a directory has a default ACL (`getxattr`, which tells the size without a buffer).
  public var hasDefaultList: Bool {
    let none = unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)
    let size = unsafe try? readAttribute(.defaultList, into: none)
    // A version, and entries.
    return (size ?? 0) > 4
  }
}

extension EntryName {
  fileprivate static let defaultList = EntryName("system.posix_acl_default".utf8)
}
