// SPDX-License-Identifier: Apache-2.0

/// Asks rsync whether it would still have something to do.
enum RsyncJudge {
  /// What keeps it from judging here, or nil.
  static let obstacle: String? = has("rsync") ? nil : "rsync is not installed"

  /// The lines that `rsync -aHAXnci --delete` prints: none if the target is as the source.
  ///
  /// The options say dry run, and compare contents by checksum.
  static func complaints(
    _ source: String,
    _ target: String,
    options: String = "-aHAXnci",
    ignoring: [String] = []
  ) throws -> [String] {
    let excluded = ignoring.map { "--exclude=/\($0)" }
    // XFS shows ACLs a second time as attributes, which other filesystems do not have. With a
    // filter of one's own rsync forgets which attributes it leaves out by itself.
    let isFiltered = isRoot && options.contains("X")
    let shadows = isFiltered ? ["--filter=-x system.*", "--filter=-x trusted.SGI_ACL_*"] : []
    let arguments = [options, "--delete"] + shadows + excluded + ["\(source)/", "\(target)/"]
    let result = try run("rsync", arguments, timeoutSeconds: 900)
    var lines = result.outputText.split(separator: "\n").map(String.init)
    if result.status != 0 { lines.append("rsync: \(result.status): \(result.errorText)") }
    return lines
  }
}
