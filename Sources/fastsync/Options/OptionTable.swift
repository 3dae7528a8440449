// SPDX-License-Identifier: Apache-2.0

/// Every option that can be typed, rsync's and fastsync's own.
///
/// The grammar, the help, the manual page, the completions and the refusals all come from here. It
/// is not touched by a command line without options.
enum OptionTable {
  /// The rows, in the order in which the texts show them.
  static let rows: [OptionRow] =
    SelectionRows.selection + NameRows.names + LinkRows.links + FilterRows.filters
    + MetadataRows.metadata + ComparisonRows.comparison + DeletionRows.deletion
    + ReportingRows.reporting + MachineRows.machine + TargetRows.target
    + TransferRows.transfer + LimitRows.limits + DeviceRows.devices
    + TargetRows.compatibility + ReportingRows.compatibility + WordRows.words + hidden
    + RefusedRows.refused

  /// The rows of a section of the help.
  static func rows(of group: OptionGroup) -> [OptionRow] { rows.filter { $0.group == group } }

  /// The rows that the help, the manual page and the completions show.
  static var shown: [OptionRow] { rows.filter { $0.group != nil } }

  private static let hidden: [OptionRow] = [
    OptionRow(
      ["generate-completion-script"],
      nil,
      OptionValue("SHELL", .words(CompletionScript.Shell.words)),
      in: nil,
      help: "Print a script that completes words on the command line of a shell."
    ) { options, typed throws(Refusal) in
      options.request = .completion(try typed.word(CompletionScript.Shell.self))
    }
  ]
}
