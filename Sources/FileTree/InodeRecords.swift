// SPDX-License-Identifier: Apache-2.0

internal import Kernel

/// What is known of inodes, found by open addressing: 24 bytes each, at most 35 with the room that
/// is free, and the name.
struct InodeRecords<Name: PackableName> {
  /// One inode, or a place for one.
  private struct Slot {
    var inode: UInt64 = 0
    var name = PackedNames<Name>.Handle.none
    var remaining: UInt32 = 0
    /// The number of the device, from 1, above two bits; 0 where there is no inode.
    var deviceAndState: UInt32 = 0

    var isFree: Bool { deviceAndState == 0 }
    var device: UInt32 { deviceAndState >> 2 }
    var isPublished: Bool { deviceAndState & 2 != 0 }

    mutating func set(isBeingCopied: Bool, isPublished: Bool) {
      deviceAndState = device << 2 | (isPublished ? 2 : 0) | (isBeingCopied ? 1 : 0)
    }
  }

  private var slots: [Slot] = []
  private var count = 0
  /// Few, as a rule.
  private var devices: [UInt64] = []
  private var names = PackedNames<Name>()

  private static var slotsMin: Int { 16 }

  /// Where an inode is, until one is added or removed; `nil` where nothing is known of it.
  func index(of identity: InodeIdentity) -> Int? {
    guard count > 0, let device = devices.firstIndex(of: identity.device) else { return nil }
    var index = home(identity.inode)
    while !slots[index].isFree {
      if slots[index].inode == identity.inode && slots[index].device == device + 1 { return index }
      index = after(index)
    }
    return nil
  }

  /// How many names of an inode were not seen yet.
  func remaining(at index: Int) -> UInt32 { slots[index].remaining }

  /// Whether somebody is copying it.
  func isBeingCopied(at index: Int) -> Bool { slots[index].deviceAndState & 1 != 0 }

  /// The name it was copied under, once it is there.
  func published(at index: Int) -> Name? {
    slots[index].isPublished ? names[slots[index].name] : nil
  }

  /// Adds an inode that somebody is copying.
  mutating func add(_ identity: InodeIdentity, remaining: UInt32) {
    if (count + 1) * 8 > slots.count * 7 { resize(to: max(Self.slotsMin, slots.count * 5 / 4)) }
    let known = devices.firstIndex(of: identity.device)
    if known == nil { devices.append(identity.device) }
    let device = UInt32((known ?? devices.count - 1) + 1)
    var slot = Slot(inode: identity.inode, remaining: remaining, deviceAndState: device << 2)
    slot.set(isBeingCopied: true, isPublished: false)
    put(slot)
    count += 1
  }

  mutating func setRemaining(_ remaining: UInt32, at index: Int) {
    slots[index].remaining = remaining
  }

  /// Notes that somebody copies it, or that nobody does any more.
  mutating func setBeingCopied(_ isBeingCopied: Bool, at index: Int) {
    forgetName(at: index)
    slots[index].set(isBeingCopied: isBeingCopied, isPublished: false)
  }

  /// Notes that it is there under a name.
  mutating func publish(as name: Name, at index: Int) {
    forgetName(at: index)
    slots[index].name = names.add(name)
    slots[index].set(isBeingCopied: false, isPublished: true)
  }

  mutating func remove(at index: Int) {
    forgetName(at: index)
    // Those behind it move up, so that none is behind a free place.
    var hole = index
    var next = after(index)
    while !slots[next].isFree {
      let start = home(slots[next].inode)
      if distance(from: start, to: next) >= distance(from: hole, to: next) {
        slots[hole] = slots[next]
        hole = next
      }
      next = after(next)
    }
    slots[hole] = Slot()
    count -= 1
    if slots.count > 4 * Self.slotsMin && count < slots.count / 3 {
      resize(to: count * 5 / 4 + Self.slotsMin)
    }
    if names.isSparse { compactNames() }
  }

  private mutating func forgetName(at index: Int) {
    if slots[index].isPublished { names.remove(slots[index].name) }
  }

  private mutating func compactNames() {
    names.compact { move in
      for index in slots.indices where slots[index].isPublished {
        slots[index].name = move(slots[index].name)
      }
    }
  }

  private mutating func resize(to size: Int) {
    let old = slots
    slots = Array(repeating: Slot(), count: size)
    for slot in old where !slot.isFree { put(slot) }
  }

  private mutating func put(_ slot: Slot) {
    var index = home(slot.inode)
    while !slots[index].isFree { index = after(index) }
    slots[index] = slot
  }

  /// Where an inode would be if all places were free.
  private func home(_ inode: UInt64) -> Int {
    var mixed = (inode ^ inode >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed ^= mixed >> 27
    mixed = mixed &* 0x94d0_49bb_1331_11eb
    return Int(mixed.multipliedFullWidth(by: UInt64(slots.count)).high)
  }

  private func after(_ index: Int) -> Int { index + 1 == slots.count ? 0 : index + 1 }

  private func distance(from start: Int, to end: Int) -> Int {
    end >= start ? end - start : end - start + slots.count
  }
}
