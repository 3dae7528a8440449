// SPDX-License-Identifier: Apache-2.0

public import Kernel
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

/// A directory of a tree that the target is compared with (`--link-dest` and its kin).
public struct BasisDirectory: Sendable {
  /// The number of the tree.
  public let number: Int
  /// The directory.
  public let directory: OpenDirectory

  /// Names a directory of a tree.
  public init(number: Int, directory: OpenDirectory) {
    self.number = number
    self.directory = directory
  }
}

/// A directory of such a tree in the target's place.
public struct BasisSides: Sendable {
  /// The number of the tree.
  public let tree: Int
  /// Both sides; only to look names up in.
  public let sides: DirectorySides
}

/// One directory, open on both sides where a name of it is looked up.
public final class DirectorySides: Sendable {
  private let sourceDirectory: OpenDirectory
  /// `nil` where the target has no such directory.
  private let targetDirectory: OpenDirectory?
  /// What the target was when it was opened.
  public let targetMetadata: EntryMetadata?
  /// The same directory in those trees that have it and that the target's is compared with, in
  /// their order.
  public let basis: [BasisSides]
  private let protectsTemporaries = Lock(false)

  /// Takes over the open sides; what the target is is asked for (`statx`).
  public init(source: OpenDirectory, target: OpenDirectory?, basis: [BasisDirectory] = []) {
    sourceDirectory = source
    targetDirectory = target
    self.basis = basis.map { tree in
      BasisSides(
        tree: tree.number,
        sides: DirectorySides(source: source, target: tree.directory)
      )
    }
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
    protectsTemporaries.withLock { protects in
      guard !protects else { return }
      protects = true
      var tries = 1
      while isLocked(), tries < Self.lockTriesMax {
        Clock.pause(microseconds: 1_000)
        tries += 1
      }
    }
  }

  /// Who looks through a directory for names that were left there takes no longer, in milliseconds.
  private static var lockTriesMax: Int { 100 }

  /// Locks the target, unless somebody has it for himself just now.
  private func isLocked() -> Bool {
    do throws(Errno) {
      try FileCalls.lock(target, isShared: true)
      return false
    } catch {
      return error == .wouldBlock
    }
  }

  /// The number of the source's descriptor.
  public var source: Int32 { sourceDirectory.descriptor.rawValue }
  /// The number of the target's descriptor, -1 without one.
  public var target: Int32 { targetDirectory?.descriptor.rawValue ?? -1 }
}
