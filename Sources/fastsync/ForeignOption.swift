// SPDX-License-Identifier: Apache-2.0

/// Options of rsync that fastsync does not have: told apart from typing errors.
enum ForeignOption {
  /// Why fastsync does not have an option.
  private enum Kind {
    /// It belongs to transfers between machines.
    case remote
    /// It belongs to delta transfer.
    case delta
    /// It is not there yet.
    case later
  }

  private static let remoteLetters = "ezMs46"
  private static let deltaLetters = "By"
  private static let laterLetters = "bcdfikmuCEFIJKLNOPRTU08@"

  private static let remoteNames = """
    address blocking-io compress compress-choice compress-level compress-threads config contimeout \
    copy-as daemon detach dparam early-input ipv4 ipv6 motd new-compress no-blocking-io \
    no-compress no-contimeout no-detach no-motd no-old-args no-protect-args no-s no-z \
    no-secluded-args old-args old-compress password-file port protect-args protocol \
    remote-option rsh rsync-path secluded-args sender server skip-compress sockopts trust-sender \
    zc zl zt
    """

  private static let deltaNames = """
    append append-verify block-size checksum-seed fuzzy no-W no-append no-fuzzy no-whole-file no-y \
    only-write-batch read-batch write-batch
    """

  private static let laterNames = """
    8-bit-output atimes backup backup-dir bwlimit cc checksum checksum-choice chmod chown \
    compare-dest confine-root copy-dest copy-dirlinks copy-links copy-unsafe-links \
    crtimes cvs-exclude debug del delay-updates delete delete-after delete-before delete-delay \
    delete-during delete-excluded delete-missing-args dirs drop-D exclude exclude-from \
    executability existing fake-super files-from filter force from0 fsync groupmap iconv \
    ignore-errors ignore-existing ignore-missing-args ignore-non-existing ignore-times \
    implied-dirs include include-from info inplace insecure-links itemize-changes keep-dirlinks \
    link-dest list-only log-file log-file-format log-format max-alloc max-delete max-size min-size \
    mkpath modify-window msgs2stderr munge-links no-8 no-8-bit-output no-J no-N no-O no-R no-U \
    no-atimes no-backup no-bwlimit no-c no-checksum no-crtimes no-d no-delay-updates no-dirs \
    no-force no-from0 no-i no-i-d no-iconv no-ignore-errors no-implied-dirs no-inplace \
    no-insecure-links no-itemize-changes no-m no-mkpath no-msgs2stderr no-munge-links \
    no-numeric-ids no-omit-dir-times no-omit-link-times no-open-noatime no-partial no-progress \
    no-prune-empty-dirs no-relative no-super no-timeout no-write-devices numeric-ids old-d \
    old-dirs omit-dir-times omit-link-times open-noatime out-format outbuf \
    partial partial-dir preallocate progress prune-empty-dirs qsort relative remove-sent-files \
    remove-source-files safe-links size-only stats stderr stop-after stop-at suffix super temp-dir \
    time-limit timeout update usermap write-devices
    """

  /// Refuses the first of `options` that only rsync has.
  ///
  /// Options that nobody has are left to the parser, as is all that follows `--help`.
  static func refuse(in options: [CommandWords.Option]) throws(Refusal) {
    for option in options {
      if option.word == "--help" { return }
      if option.word.hasPrefix("--") {
        let name = option.word.dropFirst(2).prefix { $0 != "=" }
        if let kind = kind(name) { throw refusal("--\(name)", kind) }
      } else {
        for letter in option.word.dropFirst() {
          if let kind = kind(letter) { throw refusal("-\(letter)", kind) }
        }
      }
    }
  }

  /// What kind of option a long name is, as after `--`.
  private static func kind(_ name: Substring) -> Kind? {
    func isAmong(_ names: String) -> Bool {
      names.utf8.split(separator: UInt8(ascii: " ")).contains { $0.elementsEqual(name.utf8) }
    }
    if isAmong(remoteNames) { return .remote }
    if isAmong(deltaNames) { return .delta }
    return isAmong(laterNames) ? .later : nil
  }

  /// What kind of option a letter is, as after `-`.
  private static func kind(_ letter: Character) -> Kind? {
    if remoteLetters.contains(letter) { return .remote }
    if deltaLetters.contains(letter) { return .delta }
    return laterLetters.contains(letter) ? .later : nil
  }

  private static func refusal(_ name: String, _ kind: Kind) -> Refusal {
    switch kind {
    case .remote:
      Refusal(
        "\(name) is for transfers between machines, and fastsync only copies locally",
        .unsupported
      )
    case .delta:
      Refusal("\(name) is for delta transfer, and fastsync copies files whole", .unsupported)
    case .later:
      Refusal("\(name) is an option of rsync that fastsync does not support yet")
    }
  }
}
