// SPDX-License-Identifier: Apache-2.0

internal import FileTree
internal import Kernel
internal import SystemPackage

/// What the target's filesystems make of times that they cannot hold: ext4 with inodes of 128 bytes
/// keeps whole seconds up to 2038, FAT every second one from 1980 on.
///
/// A time that was cut counts as the one that it was cut from; else every run would copy all again.
/// What becomes of a time is found out by reading back: a file without a name is given it. That is
/// only asked where the time at the target looks cut, or few filesystems can hold the source's, so
/// that where nanoseconds are held no file costs a call more.
final class TargetTimes: Sendable {
  /// A file on one filesystem that times are tried on.
  private final class Scratch: Sendable {
    let file: Descriptor
    let holdsNanoseconds: Bool

    init(_ file: consuming Descriptor) {
      let probe = Timestamp(seconds: 1_000_000_001, nanoseconds: 999_999_999)
      holdsNanoseconds = Self.held(probe, by: file) == probe
      self.file = file
    }

    /// What a time reads as once it was set (`futimens`, `statx`).
    func held(_ time: Timestamp) -> Timestamp? { Self.held(time, by: file) }

    private static func held(_ time: Timestamp, by file: borrowing Descriptor) -> Timestamp? {
      let place = EntryLocation(open: file.rawValue)
      guard (try? place.setTimes(access: nil, modification: time)) != nil else { return nil }
      return try? place.metadata().modificationTime
    }
  }

  /// By device.
  private let scratches = Lock<[UInt64: Scratch]>([:])
  private let mayMakeNames: Bool

  /// Starts with nothing known.
  ///
  /// - Parameter mayMakeNames: Whether a name may be made for a moment where there are no unnamed
  ///   files; where not, as in a dry run, what looks cut there is taken for it.
  init(mayMakeNames: Bool) {
    self.mayMakeNames = mayMakeNames
  }

  /// Takes the time of what was found for the source's, if it is what the filesystem holds of that.
  ///
  /// - Parameters:
  ///   - found: The entry at the target.
  ///   - wanted: The entry at the source.
  ///   - sides: An open directory of the same filesystem; of another one nothing is asked.
  /// - Returns: The entry, with the source's time if it holds that as well as can be.
  func asHeld(
    _ found: EntryMetadata,
    like wanted: EntryMetadata,
    in sides: DirectorySides
  ) -> EntryMetadata {
    guard found.modificationTime != wanted.modificationTime,
      isHeld(wanted.modificationTime, found, sides)
    else { return found }
    var same = found
    same.modificationTime = wanted.modificationTime
    return same
  }

  private func isHeld(
    _ time: Timestamp,
    _ found: EntryMetadata,
    _ sides: DirectorySides
  ) -> Bool {
    let looksCut = found.modificationTime.isCut(from: time)
    let device = found.identity.device
    guard looksCut || time.isUnusual, sides.targetMetadata?.identity.device == device else {
      return false
    }
    return scratches.withLock { scratches in
      if scratches[device] == nil { scratches[device] = makeScratch(in: sides.target) }
      guard let scratch = scratches[device] else { return looksCut && !mayMakeNames }
      guard !scratch.holdsNanoseconds || time.isUnusual else { return false }
      return scratch.held(time) == found.modificationTime
    }
  }

  /// Makes a file without a name (`open` with O_TMPFILE), or one that loses its name at once.
  private func makeScratch(in directory: Int32) -> Scratch? {
    let place = EntryLocation(open: directory)
    if let unnamed = try? place.createUnnamed() { return Scratch(unnamed) }
    guard mayMakeNames, let before = try? place.metadata(), !before.flags.contains(.appendOnly)
    else { return nil }
    var made: Descriptor?
    var random = SystemRandomNumberGenerator()
    let name = EntryLocation(directory: directory, name: EntryName("times".utf8))
    let claimed = try? name.claimTemporary(random: &random) { (free) throws(Errno) in
      made = try free.create()
    }
    guard let claimed, let file = made.take() else { return nil }
    try? EntryLocation(directory: directory, name: claimed).remove()
    // A name that comes and goes changes the time of its directory, which may be right already.
    try? place.setTimes(access: nil, modification: before.modificationTime)
    return Scratch(file)
  }
}

extension Timestamp {
  /// What filesystems count times in, in nanoseconds: FAT, ext4 with small inodes, exFAT, protocols
  /// and NTFS.
  private static let granules: [UInt32] = [1_000_000_000, 10_000_000, 1_000_000, 1_000, 100]

  /// Whether it is what is left of a finer time in a coarser count.
  func isCut(from time: Timestamp) -> Bool {
    guard self != time else { return false }
    if seconds == time.seconds & ~1 && nanoseconds == 0 { return true }
    return seconds == time.seconds
      && Self.granules.contains { nanoseconds == time.nanoseconds / $0 * $0 }
  }

  /// Whether there are filesystems that cannot hold its year: FAT begins with 1980, 32 bits end in
  /// 2038, both give or take a day.
  var isUnusual: Bool { !(315_705_600..<2_147_396_400).contains(seconds) }
}
