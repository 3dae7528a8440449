// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Storage
import Testing

@testable import fastsync

/// Options with a value.
@Suite struct ArgumentValueTests {
  @Test(arguments: [
    ("64K", 64 << 10), ("8M", 8 << 20), ("8m", 8 << 20), ("8MiB", 8 << 20), ("8MB", 8_000_000),
    ("1G", 1 << 30), ("1.5M", 3 << 19), ("65536", 65536), ("100000b", 100_000),
  ])
  func memory(text: String, bytes: Int) throws {
    #expect(try plan("--memory=\(text) a b").options.transfer.memoryBytes == bytes)
    #expect(try plan("--memory \(text) a b").options.transfer.memoryBytes == bytes)
  }

  @Test(arguments: [
    "63K", "1025M", "2G", "0", "99999999999999999999G", "-1M", "M", "8X", "8MM", "", "0x10M", "1e9",
    ".5G", "8.", "inf", "nan",
  ])
  func memoryRefused(text: String) {
    let refusal = refusal("--memory=\(text) a b")
    #expect(refusal?.code == .usage)
    #expect(refusal?.text.contains("memory") == true)
  }

  @Test func jobs() throws {
    #expect(try plan("a b").options.transfer.jobs == nil)
    #expect(try plan("--jobs=1 a b").options.transfer.jobs == 1)
    #expect(try plan("--jobs 256 a b").options.transfer.jobs == 256)
    for bad in ["0", "257", "-1", "two", "1.5", ""] {
      #expect(refusal("--jobs=\(bad) a b")?.code == .usage, "\(bad)")
    }
  }

  @Test func choices() throws {
    #expect(try cache("a b") == [.auto, .auto])
    #expect(try cache("--cache=keep a b") == [.keep, .keep])
    #expect(try cache("--cache=keep --cache=advise a b") == [.advise, .advise])
    #expect(try cache("--cache=direct:dontcache a b") == [.direct, .dontcache])
    #expect(try cache("--cache auto:keep a b") == [.auto, .keep])
    #expect(try verbosity("--explain a b")?.explains == true)
    #expect(try verbosity("a b")?.explains == false)
    #expect(try plan("--io-engine=sync a b").options.transfer.engine == .sync)
    #expect(try plan("--io-engine uring a b").options.transfer.engine == .uring)
    #expect(try plan("--reflink=always a b").options.transfer.reflink == .always)
    #expect(try plan("--durability=none a b").options.publish.durability == .none)
    #expect(try plan("--noreuse a b").options.transfer.advisesNoReuse)
    #expect(try !plan("a b").options.transfer.advisesNoReuse)
    for bad in ["--cache=direct:", "--cache=:direct", "--cache=", "--cache=keep:keep:keep"] {
      #expect(refusal("a b \(bad)")?.code == .usage, "\(bad)")
    }
    for bad in ["--cache=drop", "--io-engine=aio", "--reflink=yes", "--durability=", "--cache"] {
      #expect(refusal("a b \(bad)")?.code == .usage, "\(bad)")
    }
    for (bad, words) in [("--cache=direct:", "'direct' or 'keep'"), ("--profile=hdd:foo", "'smr'")]
    {
      let sentence = refusal("\(bad) a b")?.text ?? ""
      #expect(sentence.contains("\(words), or two of them as SOURCE:TARGET"), "\(sentence)")
    }
    #expect(refusal("--cache=drop a b")?.text.contains("'direct' or 'keep'") == true)
  }

  @Test func profiles() throws {
    #expect(try profiles("a b") == [.auto, .auto])
    #expect(try profiles("--profile=hdd a b") == [.hdd, .hdd])
    #expect(try profiles("--profile nvme:smr a b") == [.nvme, .smr])
    #expect(try profiles("--profile=ssd:auto a b") == [.ssd, .auto])
    #expect(try profiles("--profile=hdd --profile=auto:hdd a b") == [.auto, .hdd])
    for bad in ["", "hdd:", ":hdd", "hdd:ssd:hdd", "tape", "HDD", "hdd,ssd"] {
      #expect(refusal("--profile=\(bad) a b")?.code == .usage, "\(bad)")
    }
    #expect(refusal("--profile=tape a b")?.text.contains("'hdd' or 'smr'") == true)
  }

  private func profiles(_ words: String) throws -> [DiskProfile] {
    let options = try plan(words).options
    return [options.transfer.sourceProfile, options.transfer.targetProfile]
  }

  private func cache(_ words: String) throws -> [TransferOptions.CacheMode] {
    let options = try plan(words).options
    return [options.transfer.reading, options.transfer.writing]
  }
}
