// SPDX-License-Identifier: Apache-2.0

import FaultInjection
import FileTree
import Kernel
import Storage
import SystemPackage

/// What libFuzzer calls with bytes of its own; the first of them says who parses the rest.
@_cdecl("LLVMFuzzerTestOneInput")
public func parseAnything(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe UnsafeBufferPointer(start: start, count: count)
  guard let first = unsafe bytes.first else { return 0 }
  let rest = unsafe Array(bytes.dropFirst())
  switch first % 4 {
  case 0: parseMounts(rest)
  case 1: withAnswers(rest, readDisks)
  case 2: withAnswers(rest, readAttributes)
  default: withAnswers(rest, readDirectory)
  }
  return 0
}

/// Has the kernel tell what the bytes say.
private func withAnswers(_ bytes: [UInt8], _ body: () -> Void) {
  let run = unsafe fi_begin_answers(bytes, bytes.count)
  body()
  fi_end()
  precondition(unsafe fi_descriptors(run) == 0, "descriptors are left open")
  unsafe fi_free(run)
}

/// `/proc/self/mountinfo`.
private func parseMounts(_ bytes: [UInt8]) {
  let table = MountTable(parsing: bytes)
  for identifier in UInt64(0)..<40 { _ = table.mount(identifier) }
}

/// `/sys` and the devices in it.
private func readDisks() {
  let sysfs = Sysfs { _ in nil }
  let directory = sysfs.directory(major: 8, minor: 1) ?? "devices/virtual/block/dm-0"
  _ = Disk(sysfs, directory)
  _ = sysfs.names(directory)
  _ = sysfs.bytes(directory)
  _ = sysfs.text("stat").flatMap { DiskActivity(parsing: $0) }
}

/// Attributes of two entries, ACLs among them.
private func readAttributes() {
  guard let opened = try? Descriptor(opening: "/") else { return }
  let entry = EntryLocation(open: opened.rawValue)
  var copier = AttributeCopier()
  let classes: AttributeCopier.Classes = [
    .accessControlLists, .user, .privileged, .filesystem,
  ]
  if let delta = try? copier.difference(from: entry, to: entry, classes: classes) {
    _ = delta.summary
    _ = copier.unreadable(delta, at: entry)
  }
  _ = entry.givesAttributes
  withExtendedLifetime(opened) {}
}

/// Names of a directory.
private func readDirectory() {
  guard let opened = try? Descriptor(opening: "/") else { return }
  var reader = DirectoryReader()
  while (try? reader.fill(from: opened.rawValue)) == true {
    while let entry = reader.next() { precondition(!entry.name.isEmpty) }
  }
  withExtendedLifetime(opened) {}
}
