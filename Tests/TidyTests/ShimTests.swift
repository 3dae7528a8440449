// SPDX-License-Identifier: Apache-2.0

import Testing

@Suite("The shim has nothing that is missing or not used")
struct ShimTests {
  @Test func declarationsAreDefined() throws {
    expectNone(ShimRules.undefined(in: try Repository.here.get()))
  }

  @Test func declarationsAreUsed() throws {
    expectNone(ShimRules.unused(in: try Repository.here.get()))
  }

  private let header = """
    struct cl_ring;
    int cl_open(struct cl_ring *ring, int (*then)(int));
    extern const int cl_flag;
    enum { CL_ONE = 1, CL_TWO };
    #define CL_THREE 3
    """

  private func shim(_ source: String, _ swift: String) -> Repository {
    Repository([
      "CLiburing/include/a.h": header, "CLiburing/a.c": source, "Sources/Kernel/A.swift": swift,
    ])
  }

  private let whole = """
    #include "a.h"
    const int cl_flag = 1;
    int cl_open(struct cl_ring *ring, int (*then)(int)) { return 0; }
    """

  @Test func aWholeShimIsLeft() {
    let swift = "cl_open(a, cl_flag); f(CL_ONE, CL_TWO, CL_THREE)"
    #expect(ShimRules.undefined(in: shim(whole, swift)).isEmpty)
    #expect(ShimRules.unused(in: shim(whole, swift)).isEmpty)
  }

  @Test func aMissingDefinitionIsFound() {
    let source = "// int cl_open() { }\nint f(void) { return cl_open(0) + cl_flag; }"
    let found = ShimRules.undefined(in: shim(source, ""))
    let places = ["CLiburing/include/a.h:2", "CLiburing/include/a.h:3"]
    expectOnly(found, places, saying: "is not defined")
  }

  @Test func whatIsNotUsedIsFound() {
    let found = ShimRules.unused(in: shim(whole, "// cl_open\nlet a = \"CL_ONE\"; CL_TWO"))
    let lines = [4, 2, 3, 5].map { "CLiburing/include/a.h:\($0)" }
    expectOnly(found, lines, saying: "no Swift uses")
  }
}
