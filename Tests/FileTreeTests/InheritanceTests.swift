// SPDX-License-Identifier: Apache-2.0

import FileTree
import Glibc
import Kernel
import TestSupport
import Testing

@Suite("What new files have is asked of a few, and of the directory")
struct InheritanceTests {
  private static let attribute = "user.mark"

  /// Makes a file in a directory, and asks it as a copy does; `between` comes when the directory
  /// was asked.
  private func make(
    _ name: String,
    in directory: TestDirectory,
    _ files: NewFiles,
    between: () throws -> Void = {}
  ) throws -> CreatedMetadata? {
    let question = files.ask(directory.descriptor)
    try between()
    let file = try check(
      unsafe openat(directory.descriptor, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600),
      "openat"
    )
    defer { close(file) }
    return files.created(file, question)
  }

  /// What is relied upon after four files, which are as many as are asked.
  private func learn(
    _ directory: TestDirectory,
    _ files: NewFiles,
    between: () throws -> Void = {}
  ) throws -> Inheritance? {
    for number in 1...4 {
      #expect(files.inheritance == nil)
      let created = try make("\(number)", in: directory, files) {
        if number == 4 { try between() }
      }
      #expect(created != nil)
    }
    return files.inheritance
  }

  @Test func isKnownAfterAFew() throws {
    try withDirectory { directory in
      let files = NewFiles()
      let inheritance = try #require(try learn(directory, files))
      let status = try directory.status("4")
      let expected = CreatedMetadata(
        owner: status.st_uid,
        group: status.st_gid,
        permissions: 0o600,
        hasAttributes: false
      )
      #expect(inheritance.created(with: 0o600) == expected)
      #expect(inheritance.created(with: 0o644) == nil, "a mask may deny that")
      #expect(inheritance.isGiven(by: directory.descriptor))
      files.askEach()
      #expect(files.inheritance == nil)
      #expect(try make("5", in: directory, files) == expected)
      #expect(files.inheritance == nil)
    }
  }

  @Test func aDirectoryThatChangesGivesSomethingElse() throws {
    try withDirectory { directory in
      let inheritance = try #require(try learn(directory, NewFiles()))
      try check(fchmod(directory.descriptor, 0o2700), "fchmod")
      #expect(!inheritance.isGiven(by: directory.descriptor))
      try check(fchmod(directory.descriptor, 0o711), "fchmod")
      #expect(inheritance.isGiven(by: directory.descriptor), "that is not for files")
      guard isRoot else { return }
      try check(fchown(directory.descriptor, .max, 2002), "fchown")
      #expect(!inheritance.isGiven(by: directory.descriptor))
    }
  }

  @Test(.enabled(if: canSetAttribute(attribute), "the filesystem of TMPDIR has no attributes"))
  func aDirectoryWithAttributesIsNotReliedUpon() throws {
    try withDirectory { directory in
      try directory.makeDirectory("d")
      let descriptor = try directory.open("d")
      defer { close(descriptor) }
      let inner = TestDirectory(path: directory.path + "/d", descriptor: descriptor)
      let inheritance = try #require(try learn(inner, NewFiles()))
      try directory.setAttribute("d", Self.attribute, [1])
      #expect(!inheritance.isGiven(by: descriptor))
      for number in 1...4 { try check(unsafe unlinkat(descriptor, "\(number)", 0), "unlinkat") }
      #expect(try learn(inner, NewFiles()) == nil)
    }
  }

  /// What the last of the few shows is not what the directory gave when it was asked.
  @Test func aChangeInBetweenIsFound() throws {
    try withDirectory { directory in
      let inheritance = try learn(directory, NewFiles()) {
        try check(fchmod(directory.descriptor, 0o2700), "fchmod")
      }
      #expect(inheritance?.isGiven(by: directory.descriptor) != true)
    }
  }
}
