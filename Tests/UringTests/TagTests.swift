// SPDX-License-Identifier: Apache-2.0

import SystemPackage
import Testing
import Uring

@Suite struct TagTests {
  @Test(arguments: Submission.Operation.allCases)
  func packsItsParts(_ operation: Submission.Operation) {
    for (slot, generation, block) in [
      (0, UInt32(0), 0), (0xffff, .max, 0xff), (0x1234, 0x89ab_cdef, 0x56),
    ] {
      let tag = Tag(slot: slot, generation: generation, block: block, operation: operation)
      let again = Tag(rawValue: tag.rawValue)
      #expect(again.slot == slot)
      #expect(again.generation == generation)
      #expect(again.block == block)
      #expect(again.operation == operation)
    }
  }

  @Test func keepsItsLayout() {
    let tag = Tag(slot: 0x1234, generation: 0x89ab_cdef, block: 0x56, operation: .write)
    #expect(tag.rawValue == 0x89ab_cdef_1234_5602)
  }

  @Test func knowsNoOperationInForeignValues() {
    #expect(Tag(rawValue: 0).operation == nil)
    #expect(Tag(rawValue: .max).operation == nil)
  }

  @Test func traps() async {
    await #expect(processExitsWith: .failure) {
      _ = Tag(slot: 65536, generation: 0, block: 0, operation: .read)
    }
  }

  @Test func completionTellsItsError() {
    let tag = Tag(rawValue: 1)
    #expect(Completion(tag: tag, result: 17).error == nil)
    #expect(Completion(tag: tag, result: 0).error == nil)
    #expect(Completion(tag: tag, result: -5).error == .ioError)
  }
}
