// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

let megabyte = 1 << 20
/// The source of device copies: data, 40 MiB of zeros, data, and an end that is no whole page.
let deviceSourceBytes = 64 * megabyte + 512

/// Makes a file of some bytes, with seeded data up to `dataBytes` and at the end.
func makeImage(_ sandbox: Sandbox, _ name: String, _ bytes: Int, data: Int) throws {
  let file = try check(
    unsafe open(sandbox.path(name), O_RDWR | O_CREAT | O_CLOEXEC, 0o600),
    "open",
    Bytes(text: name)
  )
  defer { close(file) }
  let contents = SeededContents(seed: testSeed)
  try contents.write(bytes, to: file, count: data)
  try contents.write(bytes + 1, to: file, at: bytes - 70_000, count: 70_000)
}

/// Lends a loop device on a file.
func withDevice(
  _ file: String,
  options: [String] = [],
  _ body: (String) throws -> Void
) throws {
  let device =
    try succeed("losetup", options + ["--find", "--show", file]).outputText
    .split(separator: "\n").first.map(String.init) ?? ""
  defer { _ = try? run("losetup", ["--detach", device]) }
  try body(device)
}

/// Lends a loop device with partitions, in sectors of 512 bytes, that go with it.
func withPartitions(
  _ file: String,
  _ partitions: [(start: Int, sectors: Int)],
  _ body: (_ disk: String, _ partitions: [String]) throws -> Void
) throws {
  try withDevice(file, options: ["--partscan"]) { disk in
    defer {
      for number in partitions.indices { _ = try? run("delpart", [disk, "\(number + 1)"]) }
    }
    for (index, part) in partitions.enumerated() {
      try succeed("addpart", [disk, "\(index + 1)", "\(part.start)", "\(part.sectors)"])
    }
    try body(disk, partitions.indices.map { "\(disk)p\($0 + 1)" })
  }
}

/// Lends a source of 64 MiB and a target of 80 MiB that has other data everywhere.
func withDevicePair(
  _ body: (Sandbox, _ source: String, _ target: String) throws -> Void
) throws {
  try withSandbox { sandbox in
    try makeImage(sandbox, "a", deviceSourceBytes, data: 20 * megabyte)
    try makeImage(sandbox, "b", 80 * megabyte, data: 80 * megabyte - 70_000)
    try withDevice(sandbox.path("a")) { source in
      try withDevice(sandbox.path("b")) { target in try body(sandbox, source, target) }
    }
  }
}

/// Expects that two files or devices have the same first bytes.
func expectEqualBytes(
  _ one: String,
  _ other: String,
  count: Int = deviceSourceBytes,
  _ hint: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let result = try run("cmp", ["-n", "\(count)", one, other])
  let told = "\(result.outputText)\(result.errorText) \(hint)"
  #expect(result.status == 0, "\(told)", sourceLocation: sourceLocation)
}

/// What is on a device or in a file, as a sum.
func digest(_ path: String) throws -> String {
  String(try succeed("sha256sum", [path]).outputText.prefix(64))
}
