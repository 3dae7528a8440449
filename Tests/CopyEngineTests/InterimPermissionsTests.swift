// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CopyEngine

@Suite("Permissions while metadata is changed in steps")
struct InterimPermissionsTests {
  /// Somebody, by what he is of the old and of the new owner and group.
  private struct Person {
    let isOldOwner, isNewOwner, isOldMember, isNewMember: Bool

    static let all = (0..<16).map { bits in
      Person(
        isOldOwner: bits & 1 != 0,
        isNewOwner: bits & 2 != 0,
        isOldMember: bits & 4 != 0,
        isNewMember: bits & 8 != 0
      )
    }

    func before(_ mode: UInt32) -> UInt32 { Self.bits(mode, isOldOwner, isOldMember) }
    func after(_ mode: UInt32) -> UInt32 { Self.bits(mode, isNewOwner, isNewMember) }

    private static func bits(_ mode: UInt32, _ isOwner: Bool, _ isMember: Bool) -> UInt32 {
      mode >> (isOwner ? 6 : isMember ? 3 : 0) & 0o7
    }
  }

  private func delta(
    _ kind: OracleEntry.Kind,
    _ old: UInt32,
    _ new: UInt32,
    changesOwner: Bool = false,
    changesGroup: Bool = false,
    _ preservation: Preservation = .everything
  ) throws -> InodeDelta {
    let target = Sketch.target(kind) {
      $0.permissions = old
      if changesOwner { $0.owner = 8 }
      if changesGroup { $0.group = 9 }
    }
    return InodeDelta(
      of: try Sketch.source(kind).with(\.permissions, new).metadata(),
      at: .entry(try target.metadata()),
      MetadataPolicy(preservation)
    )
  }

  @Test("nobody but the owner gets more than both the old and the new allow")
  func neverMore() throws {
    let modes = [0o000, 0o400, 0o070, 0o007, 0o705, 0o640, 0o644, 0o604, 0o755, 0o750, 0o2775]
    for old in modes.map(UInt32.init) {
      for new in modes.map(UInt32.init) {
        for (changesOwner, changesGroup) in [
          (false, false), (true, false), (false, true), (true, true),
        ] {
          let delta = try delta(
            .directory,
            old,
            new,
            changesOwner: changesOwner,
            changesGroup: changesGroup
          )
          let interim = delta.interimPermissions(listsDiffer: false) ?? old
          for person in Person.all
          where (changesOwner || person.isOldOwner == person.isNewOwner)
            && (changesGroup || person.isOldMember == person.isNewMember)
          {
            let allowed = person.before(old) & person.after(new)
            let hint = "\(person) \(old) \(new) \(interim)"
            if !person.isOldOwner {
              #expect(person.before(interim) & ~person.before(old) == 0, "\(hint)")
            }
            if !person.isNewOwner {
              #expect(person.after(interim) & ~allowed == 0, "\(hint)")
            }
          }
        }
      }
    }
  }

  @Test("readers of both the old and the new are not disturbed")
  func stays() throws {
    let owned = try delta(.file, 0o644, 0o644, changesOwner: true, changesGroup: true)
    #expect(owned.interimPermissions(listsDiffer: false) == nil)
    let wider = try delta(.directory, 0o700, 0o755)
    #expect(wider.interimPermissions(listsDiffer: false) == nil)
    let narrower = try delta(.directory, 0o2755, 0o1710)
    #expect(narrower.interimPermissions(listsDiffer: false) == 0o1710)
  }

  @Test("the mask keeps out whom an ACL names")
  func lists() throws {
    let found = try delta(.directory, 0o775, 0o775)
    #expect(found.interimPermissions(listsDiffer: true) == 0o705)
  }

  @Test("setuid and setgid come back with the owner")
  func setuid() throws {
    let given = try delta(.file, 0o6755, 0o6755, changesOwner: true)
    #expect(given.interimPermissions(listsDiffer: false) == 0o755)
    let kept = try delta(.file, 0o6755, 0o4755)
    #expect(kept.interimPermissions(listsDiffer: false) == 0o4755)
  }

  @Test("what is not carried over is left alone")
  func notCarriedOver() throws {
    let bare = try delta(
      .directory,
      0o777,
      0o700,
      changesOwner: true,
      .archive.subtracting(.permissions)
    )
    #expect(bare.interimPermissions(listsDiffer: true) == nil)
    let wanted = try Sketch.source(.directory).metadata()
    let new = InodeDelta(of: wanted, at: .new(nil, replacing: nil), MetadataPolicy(.everything))
    #expect(new.interimPermissions(listsDiffer: true) == nil)
    let link = try delta(.symbolicLink, 0o777, 0o777, changesOwner: true)
    #expect(link.interimPermissions(listsDiffer: false) == nil)
  }
}
