// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import SystemPackage

/// Says on the standard output, the standard error and in a log what happens during a run, as far
/// as it was asked for.
struct ConsoleSink: EventSink {
  let output: Output
  let verbosity: Verbosity
  let log: LogFile?
  let progress: ProgressText?
  /// What the run is for, which begins what is explained.
  let purpose: PurposeText
  let failures = FailureTally()
  /// What is preserved, which some escapes show.
  let context: OutputFormat.Context
  /// Where removed names stand among the others.
  let deletionPhase: OutputOrder.Phase
  /// Whether files are only named, so that there is no progress to be told of them.
  let onlyNames: Bool

  private var isHeard: Bool { !verbosity.isQuiet || log != nil }

  var wants: RunEvent.Kinds {
    var wanted: RunEvent.Kinds = .failures
    if explains { wanted.formUnion([.start, .explanations]) }
    if progress != nil { wanted.formUnion([.entries, .unchanged]) }
    guard isHeard else { return wanted }
    let info = verbosity.info
    wanted.formUnion([.warnings, .skips])
    if verbosity.level > 0 { wanted.insert(.notes) }
    let isListed = verbosity.format != nil || log != nil
    if isListed { wanted.insert(.entries) }
    if isListed && verbosity.tellsUnchanged { wanted.insert(.unchanged) }
    if isListed || info[.del] > 0 || info[.remove] > 0 { wanted.insert(.deletions) }
    if info[.backup] > 0 { wanted.insert(.backups) }
    let isTold = info[.name] > 0 || verbosity.itemizes > 0
    if isTold && !verbosity.isQuiet { wanted.insert(.targetCreation) }
    if verbosity.debug[.filter] > 0 { wanted.insert(.filters) }
    if shows("f") { wanted.insert(.sourcePaths) }
    if shows("C") { wanted.insert(.contents) }
    return wanted
  }

  /// Whether a format has an escape.
  private func shows(_ letter: String) -> Bool {
    verbosity.format?.has(letter) == true || verbosity.log?.format.has(letter) == true
  }

  private var explains: Bool { verbosity.explains }

  func receive(_ event: RunEvent) {
    switch event {
    case .started(let start):
      if explains { output.write(Message.explanation(purpose.line(start.locations)).line) }
    case .entry(let entry): tell(entry)
    case .skipped(let entry):
      if isWanted(entry) {
        say(LeftOutText.skip(entry), .remarkOn(entry.path))
      }
    case .filtered(let name): say(LeftOutText.filtered(name), .remarkOn(name.path))
    case .deletion(let deletion): tell(deletion)
    case .backedUp(let path, let kept):
      say(LeftOutText.backedUp(path, to: kept), .entry(path, isDirectory: false))
    case .createdTarget(let path, let count):
      say(LeftOutText.createdTarget(path, count), .targetCreation)
    case .failed(let error): tell(error)
    case .warning(let warning): output.writeError(Message.warning(warning).line)
    case .note(let note): say(Message.note(note))
    case .explanation(let explanation):
      for line in explanation.lines { output.write(Message.explanation(line).line) }
    }
  }

  /// Says something that belongs to no entry.
  func say(_ message: Message) {
    if !verbosity.isQuiet { output.write(message.line) }
    log?.write(message.bytes)
  }

  /// Says something on the standard error.
  func complain(_ message: Message) {
    output.writeError(message.line)
    log?.write(message.bytes)
  }

  /// Says what failed: with `-v` all of it, else of each kind the first; all of it in the log.
  private func tell(_ error: CopyError) {
    let isPrinted = failures.takes(error) || verbosity.level > 0
    guard isPrinted || log != nil else { return }
    let message = Message.failure(error)
    if isPrinted { output.writeError(message.line) }
    log?.write(message.bytes)
  }

  /// Says how much more failed, and what may help.
  func summarizeFailures() {
    if verbosity.level == 0 {
      for line in failures.rest(verbosity.figures) {
        output.writeError(Message.error(line.utf8).line)
      }
    }
    guard !verbosity.isQuiet else { return }
    for hint in failures.hints { complain(Message.error("hint: \(hint)".utf8)) }
  }

  /// Says something that has its place among the lines of entries.
  func say(_ message: Message, _ subject: OrderedLine.Subject) {
    if !verbosity.isQuiet { output.write(OrderedLine(subject: subject, bytes: message.line)) }
    log?.write(message.bytes)
  }

  private func isWanted(_ entry: SkippedEntry) -> Bool {
    // Of directories rsync tells it whatever the levels are.
    if entry.reason == .kind && entry.isDirectory { return true }
    let flag: InfoFlag =
      switch entry.reason {
      case .kind: .nonreg
      case .isNewer, .exists, .isMissing, .isOverMaxSize, .isUnderMinSize: .skip
      case .unsafeLink: .symsafe
      case .mountPoint: .mount
      }
    return verbosity.info[flag] > 0
  }
}

// Entries.
extension ConsoleSink {
  private func tell(_ entry: EntryEvent) {
    let isDirectory = if case .directory = entry.kind { true } else { false }
    let subject = OrderedLine.Subject.entry(entry.path, isDirectory: isDirectory)
    if isShown(entry, isDirectory) {
      show(entry, isDirectory, subject)
    } else if verbosity.itemizes == 0, verbosity.info[.name] > 1,
      !isDirectory || !entry.change.isEmpty
    {
      var message = Message()
      message.append(entry.path)
      if isDirectory { message.append("/") }
      if !entry.change.isTold { message.append(" is uptodate") }
      say(message, .remarkOn(entry.path))
    }
    showProgress(entry, subject)
  }

  /// Whether an entry is shown: without letters that would say what changes, only what is made or
  /// copied, and directories.
  private func isShown(_ entry: EntryEvent, _ isDirectory: Bool) -> Bool {
    if verbosity.itemizes > 0 {
      return entry.change.isTold || verbosity.tellsUnchanged
    }
    // What a tree beside the target has in the same way counts as there.
    guard entry.change.isTold else { return false }
    let isMade = !entry.change.isDisjoint(with: [.contents, .linkedToBasis, .copiedFromBasis])
    return isMade || isDirectory && !entry.change.isEmpty
  }

  private func show(_ entry: EntryEvent, _ isDirectory: Bool, _ subject: OrderedLine.Subject) {
    var item = OutputItem(entry, isDirectory: isDirectory)
    let format = verbosity.isQuiet ? nil : verbosity.format
    var logFormat = log == nil ? nil : verbosity.log?.format
    // As in rsync, files that a dry run does not copy are not in the log.
    if onlyNames && item.isTransferred { logFormat = nil }
    if entry.change.isEmpty && logFormat?.has("i") == false { logFormat = nil }
    if format?.has("C") == true || logFormat?.has("C") == true {
      item.checksum = context.checksum.digits(of: entry)
    }
    if let format {
      output.write(
        OrderedLine(subject: subject, bytes: Message(escaping: format.line(item, context)).line)
      )
    }
    if let logFormat { log?.write(Message(escaping: logFormat.line(item, context)).bytes) }
  }

  private func showProgress(_ entry: EntryEvent, _ subject: OrderedLine.Subject) {
    guard let progress, !verbosity.isQuiet, !onlyNames else { return }
    if verbosity.info[.progress] > 1 {
      if let line = progress.totalLine(with: entry) { output.writeOver(line) }
    } else if let line = progress.line(of: entry) {
      output.write(OrderedLine(subject: subject, bytes: line))
    }
  }

  private func tell(_ deletion: DeletionEvent) {
    guard case .deleted(let path, let isDirectory) = deletion else {
      guard let message = DeletionText.line(deletion, verbosity) else { return }
      switch deletion {
      case .keptDirectory(let path), .keptMountPoint(let path):
        return say(message, .deletion(path, isDirectory: true, deletionPhase))
      case .removedSource(let path), .sourceIsGone(let path):
        return say(message, .entry(path, isDirectory: false))
      case .deleted, .heldBack: return say(message)
      }
    }
    let item = OutputItem(
      operation: .delete,
      path: path,
      isDirectory: isDirectory,
      flags: Itemizer.deletion
    )
    func line(_ format: OutputFormat) -> Message {
      guard format.has("io") else { return DeletionText.line(of: path, isDirectory: isDirectory) }
      return Message(escaping: format.line(item, context))
    }
    let subject = OrderedLine.Subject.deletion(path, isDirectory: isDirectory, deletionPhase)
    if !verbosity.isQuiet, verbosity.info[.del] > 0 || verbosity.format != nil {
      let message = line(verbosity.format ?? .names)
      output.write(OrderedLine(subject: subject, bytes: message.line))
    }
    if let log, let format = verbosity.log?.format, !onlyNames { log.write(line(format).bytes) }
  }
}

extension OutputItem {
  /// What an event tells.
  init(_ entry: EntryEvent, isDirectory: Bool) {
    path = entry.path
    self.isDirectory = isDirectory
    sourcePath = entry.sourcePath
    source = entry.source
    flags = Itemizer.flags(entry)
    switch entry.kind {
    case .symbolicLink(let contents): link = (" -> ", contents)
    case .hardLink(let first): link = (" => ", first)
    case .file: isTransferred = entry.change.contains(.contents)
    case .directory, .device, .special: break
    }
  }
}
