// SPDX-License-Identifier: Apache-2.0

public import Kernel
internal import Synchronization

/// An open directory, which several places may hold on to.
public final class OpenDirectory: Sendable {
  /// Its descriptor.
  public let descriptor: Descriptor

  /// Takes over an open directory.
  public init(_ descriptor: consuming Descriptor) {
    self.descriptor = descriptor
  }
}

/// An earlier source that is copied to the same place: what it has is not copied again.
public struct EarlierSource: Sendable {
  /// The open directory.
  public let directory: OpenDirectory
  /// The one name that counts, or `nil` for all.
  public let onlyName: EntryName?

  /// Names an earlier source.
  public init(directory: OpenDirectory, onlyName: EntryName?) {
    self.directory = directory
    self.onlyName = onlyName
  }

  /// What the source has of a name, if the name counts (`statx`).
  public func metadata(of name: EntryName) -> EntryMetadata? {
    guard onlyName == nil || onlyName == name else { return nil }
    return try? EntryLocation(directory: directory.descriptor.rawValue, name: name).metadata()
  }

  /// The subdirectory of a name, if the name counts and is one (`openat2`).
  public func subdirectory(_ name: EntryName) -> EarlierSource? {
    guard onlyName == nil || onlyName == name else { return nil }
    let location = EntryLocation(directory: directory.descriptor.rawValue, name: name)
    guard let opened = try? location.openForReading(directory: true) else { return nil }
    return EarlierSource(directory: OpenDirectory(opened), onlyName: nil)
  }
}

/// One directory, open on all sides where a name of it is looked up.
public final class DirectorySides: Sendable {
  private let sourceDirectory: OpenDirectory
  /// `nil` where the target has no such directory.
  private let targetDirectory: OpenDirectory?
  /// What the target was when it was opened.
  public let targetMetadata: EntryMetadata?
  /// Earlier sources that merge into this directory.
  public let earlier: [EarlierSource]
  private let protectsTemporaries = Mutex(false)

  /// Takes over the open sides; what the target is is asked for (`statx`).
  public init(source: OpenDirectory, target: OpenDirectory?, earlier: [EarlierSource] = []) {
    sourceDirectory = source
    targetDirectory = target
    self.earlier = earlier
    targetMetadata = target.flatMap {
      try? EntryLocation(open: $0.descriptor.rawValue).metadata()
    }
  }

  /// Keeps other runs from removing temporary names in the target, until the directory is closed
  /// (`flock`); to be called before each is made.
  ///
  /// Where no lock can be had, a temporary name is in danger only while another run begins there.
  public func protectTemporaries() {
    let isFirst = protectsTemporaries.withLock { protects in
      defer { protects = true }
      return !protects
    }
    if isFirst { try? FileCalls.lock(target, isShared: true) }
  }

  /// The number of the source's descriptor.
  public var source: Int32 { sourceDirectory.descriptor.rawValue }
  /// The number of the target's descriptor, -1 without one.
  public var target: Int32 { targetDirectory?.descriptor.rawValue ?? -1 }

  /// The directory whose attributes the target gets: that of the first source, where several merge.
  public var metadataSource: Int32 {
    let first = earlier.first { $0.onlyName == nil }
    return first?.directory.descriptor.rawValue ?? source
  }
}
