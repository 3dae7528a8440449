// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Takes system calls away from a program (seccomp), as containers and services do.
struct CallFilter {
  /// What becomes of a call.
  struct Rule {
    /// Its name, as in `SYS_name`.
    let call: String
    /// An argument that has to have some bits for the rule to count: its number, the bits that are
    /// looked at, and what they have to be.
    var argument: (number: Int, mask: UInt32, value: UInt32) = (0, 0, 0)
    /// The error that it fails with; `nil` if it kills the program at once.
    let error: Int32?

    /// There are no unnamed files: O_TMPFILE without O_DIRECTORY, which is a part of it.
    static let noUnnamedFiles = Rule(
      call: "openat",
      argument: (2, 0o20_000_000, 0o20_000_000),
      error: EOPNOTSUPP
    )

    /// The same for some calls, whatever their arguments.
    static func fail(_ calls: [String], _ error: Int32) -> [Rule] {
      calls.map { Rule(call: $0, error: error) }
    }
  }

  /// What keeps a filter from being made here, or nil.
  static let obstacle: String? = has("cc") ? nil : "no C compiler"

  private let launcher: String

  /// Builds a launcher in a sandbox.
  init(_ rules: [Rule], in sandbox: Sandbox) throws {
    launcher = sandbox.path("launcher.\(Self.counter.next())")
    let source = Bytes(text: launcher.split(separator: "/").last.map { "\($0).c" } ?? "")
    try OpenDirectory(sandbox.path).makeFile(source, Bytes(text: Self.program(rules)))
    try succeed("cc", ["-o", launcher, "\(launcher).c"])
  }

  /// Runs a program under the filter; the words begin with its path.
  func run(_ words: [String], user: UInt32? = nil) throws -> ProcessResult {
    try FastsyncTests.run(launcher, words, user: user)
  }

  private static let counter = Counter()

  private static func program(_ rules: [Rule]) -> String {
    let filters = rules.map { rule in
      let (number, mask, value) = rule.argument
      let outcome =
        rule.error.map { "SECCOMP_RET_ERRNO | \($0)" } ?? "SECCOMP_RET_KILL_PROCESS"
      // The lower half of the argument, on a machine whose bytes are in little endian.
      return """
        #ifdef SYS_\(rule.call)
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_\(rule.call), 0, 4),
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[\(number)])),
            BPF_STMT(BPF_ALU | BPF_AND | BPF_K, \(mask)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, \(value), 0, 1),
            BPF_STMT(BPF_RET | BPF_K, \(outcome)),
        #endif
        """
    }
    return """
      #define _GNU_SOURCE
      #include <linux/filter.h>
      #include <linux/seccomp.h>
      #include <stddef.h>
      #include <sys/prctl.h>
      #include <sys/syscall.h>
      #include <unistd.h>
      \(newerCalls)
      int main(int count, char **words) {
        struct sock_filter rules[] = {
      \(filters.joined(separator: "\n"))
          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog program = { sizeof rules / sizeof *rules, rules };
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 125;
        if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) return 126;
        execvp(words[1], words + 1);
        return 127;
      }
      """
  }

  /// Numbers that headers may be too old for; they are the same on every architecture.
  private static let newerCalls: String = {
    let numbers = [
      ("io_uring_setup", 425), ("io_uring_enter", 426), ("io_uring_register", 427),
      ("openat2", 437), ("cachestat", 451), ("fchmodat2", 452),
      ("setxattrat", 463), ("getxattrat", 464), ("listxattrat", 465), ("removexattrat", 466),
    ]
    return numbers.map { "#ifndef SYS_\($0)\n#define SYS_\($0) \($1)\n#endif" }
      .joined(separator: "\n")
  }()
}
