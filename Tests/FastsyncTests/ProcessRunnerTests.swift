// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@Suite struct ProcessRunnerTests {
  @Test func capturesOutputAndStatus() throws {
    let result = try run("sh", ["-c", "echo out; echo error >&2; exit 7"])
    #expect(result.outputText == "out\n")
    #expect(result.errorText == "error\n")
    #expect(result.status == 7)
    #expect(result.signal == 0)
  }

  @Test func passesBytesDirectoryAndEnvironment() throws {
    let bytes = try run("printf", rawArguments: [Array("%s".utf8), [0xff, 0x0a, 0x41]])
    #expect(bytes.standardOutput == [0xff, 0x0a, 0x41])
    #expect(try run("pwd", [], directory: "/usr").outputText == "/usr\n")
    let environment = ["PATH": "/usr/bin:/bin", "A": "b c"]
    #expect(try run("sh", ["-c", "echo $A"], environment: environment).outputText == "b c\n")
  }

  @Test func seesSignalsAndTimeouts() throws {
    #expect(try run("sh", ["-c", "kill -9 $$"]).signal == SIGKILL)
    #expect(throws: ProcessFailure.self) { try run("sleep", ["60"], timeoutSeconds: 0.2) }
    #expect(throws: ProcessFailure.self) { try run("/no/such/program", []) }
  }

  @Test(.enabled(if: isRoot, "only root can become another user")) func runsAsAnotherUser() throws {
    #expect(try run("id", ["-u"], user: 65534).outputText == "65534\n")
  }

  @Test func findsTheCommand() {
    #expect(unsafe access(fastsyncBinary, X_OK) == 0, "\(fastsyncBinary)")
  }
}
