// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// The memory of a run does not follow from what is copied.
@Suite(.serialized) struct MemoryTests {
  private static let peakKilobytesMax = 64 << 10

  /// Runs the command, and looks at its peak of resident memory (VmHWM) while it runs.
  ///
  /// The peak that wait4 tells is no use: it begins with that of the process that started it.
  private func peakKilobytes(_ arguments: [String]) throws -> Int {
    let process = try RunningProcess(
      fastsyncBinary,
      rawArguments: arguments.map { Bytes(text: $0) }
    )
    var peak = 0
    while let status = try? run("cat", ["/proc/\(process.processID)/status"]).outputText {
      let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
      guard let words = line?.split(whereSeparator: \.isWhitespace), words.count > 1 else { break }
      peak = max(peak, Int(words[1]) ?? 0)
    }
    let result = try process.wait(timeoutSeconds: 1_200)
    #expect(result.status == 0, "\(result.errorText)")
    #expect(peak > 0, "the run ended before it could be looked at")
    return peak
  }

  /// Makes directories of 1,000 empty files each; every tenth file has a second name.
  private func makeFiles(_ path: String, _ count: Int) throws {
    let root = try OpenDirectory(path)
    for number in 0..<count / 1_000 {
      let directory = try root.makeDirectory(Bytes(text: "directory-\(number)"))
      for file in 0..<1_000 {
        let name = Bytes(text: "a-file-with-a-name-of-usual-length-\(file)")
        if file % 10 == 9 {
          try directory.makeLink(
            name,
            to: Bytes(text: "a-file-with-a-name-of-usual-length-\(file - 1)")
          )
        } else {
          try directory.makeFile(name)
        }
      }
    }
  }

  @Test(arguments: engines) func aLargeFileAndManyNames(_ engine: String) throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      try makeFiles(source, 20_000)
      let contents = SeededContents(seed: testSeed)
      try contents.makeFile(1, OpenDirectory(source), Bytes(text: "large"), size: 512 << 20)
      let arguments = ["--io-engine=\(engine)", "\(source)/", "\(sandbox.path("target"))/"]
      let peak = try peakKilobytes(arguments)
      #expect(peak < MemoryTests.peakKilobytesMax, "\(peak) KiB, --io-engine=\(engine)")
      print("\(engine): \(peak) KiB at the peak")
    }
  }

  @Test(.enabled(if: isLarge, "set FASTSYNC_LARGE=1 to copy 1,000,000 names"))
  func aMillionNames() throws {
    try withSandbox { sandbox in
      let source = try sandbox.makeDirectory("source")
      try makeFiles(source, 1_000_000)
      let peak = try peakKilobytes(["\(source)/", "\(sandbox.path("target"))/"])
      #expect(peak < 128 << 10, "\(peak) KiB")
      print("1,000,000 names: \(peak) KiB at the peak")
    }
  }
}
