// SPDX-License-Identifier: Apache-2.0

public import Kernel
internal import Synchronization
public import SystemPackage

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
  /// Its path, for messages.
  public let path: FilePath
  /// The one name that counts, or `nil` for all.
  public let onlyName: EntryName?

  /// Names an earlier source.
  public init(directory: OpenDirectory, path: FilePath, onlyName: EntryName?) {
    self.directory = directory
    self.path = path
    self.onlyName = onlyName
  }

  /// The path of a name, for messages.
  public func path(of name: EntryName) -> FilePath { path.appending(FilePath(name).components) }

  /// What the source has of a name, if it has it and the name counts (`statx`).
  ///
  /// - Throws: Why that is not known.
  public func metadata(of name: EntryName) throws(Errno) -> EntryMetadata? {
    guard onlyName == nil || onlyName == name else { return nil }
    return try location(name).metadataIfPresent()
  }

  /// The subdirectory of a name, if the name counts and is one that may be read (`openat2`).
  ///
  /// One that may not be read is told of when the source itself is copied.
  ///
  /// - Throws: Why that is not known.
  public func subdirectory(_ name: EntryName) throws(Errno) -> EarlierSource? {
    guard onlyName == nil || onlyName == name else { return nil }
    do {
      let opened = try location(name).openForReading(directory: true)
      return EarlierSource(directory: OpenDirectory(opened), path: path(of: name), onlyName: nil)
    } catch .noSuchFileOrDirectory, .notDirectory, .tooManySymbolicLinkLevels, .permissionDenied {
      return nil
    }
  }

  private func location(_ name: EntryName) -> EntryLocation {
    EntryLocation(directory: directory.descriptor.rawValue, name: name)
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
  /// What the files have that are made in the target.
  public let newFiles = NewFiles()
  private let protectsTemporaries = Atomic<Bool>(false)

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
  ///
  /// - Throws: `Errno.notPermitted` where a name can neither be changed nor removed, since the
  ///   directory only gets more of them: a temporary one would stay.
  public func protectTemporaries() throws(Errno) {
    guard targetMetadata?.flags.contains(.appendOnly) != true else { throw .notPermitted }
    let isFirst = !protectsTemporaries.exchange(true, ordering: .relaxed)
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
