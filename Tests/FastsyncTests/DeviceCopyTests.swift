// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Whole devices and images, judged by `cmp`.
@Suite(.serialized, .enabled(if: filesystemObstacle == nil, "\(filesystemObstacle ?? "")"))
struct DeviceCopyTests {
  @Test(
    arguments: engines,
    [[], ["--cache=advise"], ["--cache=keep"], ["--profile=hdd"], ["--discard"]]
  )
  func toADevice(_ engine: String, _ options: [String]) throws {
    try withDevicePair { sandbox, source, target in
      let words = ["--copy-devices", "--io-engine=\(engine)"] + options
      let tail = try succeed("tail", ["-c", "+\(deviceSourceBytes + 1)", sandbox.path("b")])
      let name = target.split(separator: "/").last ?? ""
      for dry in [["-n"], []] {
        let result = try run(fastsyncBinary, words + dry + ["-v", source, target])
        #expect(result.status == 0, "\(result.errorText)")
        #expect(result.outputText.contains("\(name)\n"), "\(result.outputText)")
      }
      try expectEqualBytes(source, target, "\(words)")
      guard !options.contains("--discard") else { return }
      let after = try succeed("tail", ["-c", "+\(deviceSourceBytes + 1)", target])
      #expect(after.standardOutput == tail.standardOutput, "what is behind is left alone")
    }
  }

  @Test(arguments: engines) func toAnImageAndBack(_ engine: String) throws {
    try withDevicePair { sandbox, source, target in
      let words = ["--copy-devices", "--io-engine=\(engine)"]
      let image = sandbox.path("image")
      try expectFastsync(0, words + [source, image])
      try expectEqualBytes(source, image, engine)
      var metadata = stat()
      try check(unsafe lstat(image, &metadata), "lstat")
      #expect(metadata.st_size == deviceSourceBytes && metadata.st_mode == S_IFREG | 0o600)
      // 20 MiB and the end, in granules of 64 KiB; the rest is a hole.
      #expect(metadata.st_blocks * 512 < 22 * megabyte)
      // A hole is zeros on the device, whatever it had there.
      try expectFastsync(0, words + [image, target])
      try expectEqualBytes(image, target, engine)
      // An image that is there is replaced, in a directory under the name of the device.
      try expectFastsync(0, words + ["--no-sparse", source, image])
      try check(unsafe lstat(image, &metadata), "lstat")
      #expect(metadata.st_blocks * 512 >= deviceSourceBytes)
      let directory = try sandbox.makeDirectory("images")
      let name = source.split(separator: "/").last ?? ""
      let result = try run(fastsyncBinary, words + ["-v", source, directory])
      #expect(result.status == 0 && result.outputText.contains("\(name)\n"), "\(result)")
      try expectEqualBytes(source, "\(directory)/\(name)", engine)
    }
  }

  @Test func whatWouldDestroySomethingIsRefused() throws {
    try withDevicePair { sandbox, source, target in
      let before = try succeed("sha256sum", [target]).outputText
      let words = ["--copy-devices"]
      try expectFastsync(3, words + [target, source], saying: ["is too small", "67109376"])
      try expectFastsync(3, words + [source, source], saying: ["is source and target"])
      try expectFastsync(3, words + [source, source, target], saying: ["copied alone"])
      try expectFastsync(3, words + ["\(sandbox.path)/", target], saying: ["is a directory"])
      try expectFastsync(3, words + ["/dev/zero", target], saying: ["character device"])
      try expectFastsync(3, words + ["/dev/zero", sandbox.path("x")], saying: ["character device"])
      try expectFastsync(
        3,
        words + ["--discard", source, sandbox.path("x")],
        saying: ["is not a block device; --discard needs one"]
      )
      try expectFastsync(1, ["--discard", source, target], saying: ["--copy-devices"])
      try expectFastsync(0, words + ["-n", source, target])
      #expect(try succeed("sha256sum", [target]).outputText == before)
      try withDevice(sandbox.path("b"), options: ["--read-only"]) { locked in
        try expectFastsync(11, words + [source, locked], saying: [locked])
      }
      #expect(!(try succeed("ls", [sandbox.path]).outputText.contains("x")))
    }
  }

  @Test func whatIsMountedIsRefusedAsTargetAndToldAsSource() throws {
    try withSandbox { sandbox in
      try makeImage(sandbox, "a", deviceSourceBytes, data: megabyte)
      try succeed("truncate", ["-s", "80M", sandbox.path("b")])
      try succeed("mkfs.ext4", ["-q", sandbox.path("b")])
      try withDevice(sandbox.path("b")) { device in
        let point = try sandbox.mount([device], at: "mounted")
        let words = ["--copy-devices"]
        try expectFastsync(3, words + [sandbox.path("a"), device], saying: ["is mounted (ext4)"])
        try expectFastsync(3, words + [device, "\(point)/x"], saying: ["lies on the device"])
        let result = try fastsync(words + [device, sandbox.path("image")])
        #expect(result.status == 0 && result.errorText.contains("\(device) is mounted"))
        try Sandbox.unmount(point)
        try expectFastsync(0, words + [sandbox.path("a"), device])
        try expectEqualBytes(sandbox.path("a"), device, "no longer mounted")
      }
    }
  }
}
