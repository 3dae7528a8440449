// SPDX-License-Identifier: Apache-2.0

internal import Storage

extension WritebackQueue {
  /// How much data makes a batch, and how much may wait or be on its way.
  struct Bounds: Equatable {
    /// Data that starts a batch, in bytes.
    let batchBytes: Int
    /// Beyond this many bytes workers wait.
    let bytesMax: Int
    /// Of fewer files each is sent off by itself: `syncfs` costs as much as so many.
    static let syncFilesMin = 32
    /// So many files that have been sent off make a batch, since nothing is gained by more.
    static let sentFilesMin = 32

    /// What keeps a disk busy during the walk.
    ///
    /// One that seeks goes to its journal and back for each batch; where it is read as well, all is
    /// read first and written then.
    ///
    /// - Parameters:
    ///   - disks: What the disks are like.
    ///   - bytesMax: How much may wait or be on its way, where there is little memory.
    init(_ disks: DiskTraits, bytesMax: Int = .max) {
      self.bytesMax = min(disks.targetSeeks ? 56 << 20 : 24 << 20, bytesMax)
      batchBytes = disks.sharesDisk ? self.bytesMax : self.bytesMax / 2
    }
  }

  /// How a file gets to the disk.
  enum Way {
    /// With the others of its batch (`syncfs`).
    case together
    /// By itself, at once, until the filesystem has noted where the data lies (`sync_file_range`,
    /// FIEMAP).
    case noted
    /// It was sent off when it was written (RWF_DONTCACHE).
    case sent
    /// With the others of its batch, and by itself then (`syncfs`, `fsync`): what the filesystem
    /// notes of it would else come in any order.
    case whole
    /// By itself, and its server is asked (`fsync`, `close`).
    case server

    /// Whether its data is on its way when it is taken.
    var isSentOff: Bool { self == .noted || self == .sent }

    /// The same for a file that has its name already, so that only its data matters.
    var ofData: Way { self == .whole || self == .server ? .together : self }
  }

  /// What a file has in the cache.
  struct Load {
    /// How much of it, in bytes.
    let byteCount: Int
    let way: Way
    /// Whether it goes from the cache when it is on the disk.
    var isDropped = true
  }
}
