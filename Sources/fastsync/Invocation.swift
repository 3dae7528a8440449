// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CopyEngine

/// What a command line asks for.
enum Invocation {
  /// A copy.
  case copy(CopyPlan, Verbosity)
  /// A text on the standard output: the help, the version or a completion script.
  case text(String)

  static let versionText = """
    fastsync \(FastsyncCommand.version)
    Copies through io_uring where the kernel allows it, else through plain system calls.
    Apache License 2.0; there is no warranty.
    """

  /// Reads the words after the command's name.
  init(_ words: [[UInt8]]) throws(Refusal) {
    let arguments = words.map(ArgumentBytes.text)
    if arguments == ["-h"] {
      self = .text(FastsyncCommand.helpMessage())
      return
    }
    try ForeignOption.refuse(in: arguments)
    let command: FastsyncCommand
    do {
      command = try Invocation.parse(arguments)
    } catch {
      let message = FastsyncCommand.message(for: error)
      guard FastsyncCommand.exitCode(for: error).isSuccess else {
        throw Refusal(Invocation.sentence(message))
      }
      self = .text(message)
      return
    }
    if command.reporting.version {
      self = .text(Invocation.versionText)
    } else {
      self = .copy(try command.plan(), Verbosity(command.reporting.toggles))
    }
  }

  /// Has the words parsed; many operands are taken out before.
  ///
  /// The parser's time grows with the square of their number: 12,000 that a shell wrote out took it
  /// three seconds.
  private static func parse(_ arguments: [String]) throws -> FastsyncCommand {
    let operandsForParserMax = 100
    guard arguments.count > operandsForParserMax else {
      return try FastsyncCommand.parse(arguments)
    }
    var options: [String] = []
    var operands: [String] = []
    var rest = arguments[...]
    while let word = rest.popFirst() {
      if word == "--" {
        operands += rest
        break
      }
      guard word.hasPrefix("-"), word != "-" else {
        operands.append(word)
        continue
      }
      options.append(word)
      if word.hasPrefix("--"), ForeignOption.valued.contains(String(word.dropFirst(2))),
        let value = rest.popFirst()
      {
        options.append(value)
      }
    }
    var command = try FastsyncCommand.parse(options)
    command.operands = operands
    return command
  }

  /// The parser's message as one sentence in the middle of a line.
  private static func sentence(_ message: String) -> String {
    let line = message.split(whereSeparator: \.isNewline)
      .map { $0.drop(while: \.isWhitespace) }
      .joined(separator: " ")
    return line.prefix(1).lowercased() + line.dropFirst()
  }
}

extension FastsyncCommand {
  /// Resolves what was typed into a plan.
  func plan() throws(Refusal) -> CopyPlan {
    let operands = operands.map { Operand(bytes: ArgumentBytes.bytes($0)) }
    for (operand, text) in zip(operands, self.operands) {
      if operand.bytes.isEmpty { throw Refusal("an empty source or target was given") }
      if operand.isRemote {
        throw Refusal(
          "\(text) is on another machine, and fastsync only copies locally "
            + "(a local name with a colon is written ./NAME)",
          .unsupported
        )
      }
    }
    guard let target = operands.last else {
      throw Refusal("no source and no target were given; usage: \(FastsyncCommand.usage)")
    }
    guard operands.count > 1 else {
      throw Refusal(
        "only one path was given, and listing is not supported yet; usage: \(FastsyncCommand.usage)"
      )
    }
    var options = CopyOptions()
    try options.select(selection.toggles)
    options.isDryRun = reporting.toggles.contains { $0.option == .dryRun }
    options.reading = engine.cache.reading
    options.writing = engine.cache.writing
    options.explains = engine.explain
    options.advisesNoReuse = engine.advisesNoReuse
    options.memoryBytes = engine.memory
    options.jobs = engine.jobs
    options.engine = engine.ioEngine
    options.reflink = engine.reflink
    options.durability = engine.durability
    return CopyPlan(
      sources: operands.dropLast().map(\.source),
      target: target.target,
      targetIsDirectory: target.mustBeDirectory,
      options: options
    )
  }
}
