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
    let words = CommandWords(words)
    if words.options.isEmpty {
      self = .copy(try CopyPlan(words.operands, CopyOptions()), Verbosity())
      return
    }
    if words.operands.isEmpty, words.optionWords == ["-h"] {
      self = .text(FastsyncCommand.helpMessage())
      return
    }
    try ForeignOption.refuse(in: words.options)
    let command: FastsyncCommand
    do {
      command = try FastsyncCommand.parse(words.optionWords)
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
      let plan = try CopyPlan(words.operands, try command.options())
      var verbosity = Verbosity(command.reporting.toggles)
      verbosity.explains = command.engine.explain
      self = .copy(plan, verbosity)
    }
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
  /// What was typed, in the engine's terms.
  func options() throws(Refusal) -> CopyOptions {
    var options = CopyOptions()
    try options.select(selection.toggles)
    options.devices.copiesContents = devices.copyDevices
    options.devices.discards = devices.discard
    if options.devices.discards && !options.devices.copiesContents {
      throw Refusal("--discard is about a device that is written by --copy-devices")
    }
    options.isDryRun = reporting.toggles.contains { $0.option == .dryRun }
    options.transfer.reading = engine.cache.source
    options.transfer.writing = engine.cache.target
    options.transfer.sourceProfile = engine.profile.source
    options.transfer.targetProfile = engine.profile.target
    options.transfer.advisesNoReuse = engine.advisesNoReuse
    options.transfer.memoryBytes = engine.memory
    options.transfer.jobs = engine.jobs
    options.transfer.engine = engine.ioEngine
    options.transfer.reflink = engine.reflink
    options.publish.durability = engine.durability
    return options
  }
}

extension CopyPlan {
  /// Plans a run with the sources and the target that were typed.
  fileprivate init(_ operands: [Operand], _ options: CopyOptions) throws(Refusal) {
    for operand in operands {
      if operand.bytes.isEmpty { throw Refusal("an empty source or target was given") }
      if operand.isRemote {
        throw Refusal(
          "\(ArgumentBytes.text(operand.bytes)) is on another machine, and fastsync only copies "
            + "locally (a local name with a colon is written ./NAME)",
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
    self.init(
      sources: operands.dropLast().map(\.source),
      target: target.target,
      targetIsDirectory: target.mustBeDirectory,
      options: options
    )
  }
}
