// SPDX-License-Identifier: Apache-2.0

/// Every file of code says what its license is.
enum HeaderRules {
  static let license = "SPDX-License-Identifier: Apache-2.0"

  private static let suffixes = [".swift", ".c", ".h", ".py", ".sh", ".1"]

  /// The license stands in the first line, or in the second one after a line for a tool.
  static func licenses(in repository: Repository) -> [Complaint] {
    repository.files.filter(needsLicense).compactMap { file in
      let head = SourceFile.lines(Array(file.bytes.prefix(400))).prefix(2)
      let isLicensed = head.contains { String(decoding: $0, as: UTF8.self).contains(license) }
      return isLicensed ? nil : Complaint(file.path, 1, "no line \"\(license)\"")
    }
  }

  /// Code, manual pages, Makefiles and scripts, which have no suffix.
  private static func needsLicense(_ file: SourceFile) -> Bool {
    file.name == "Makefile" || suffixes.contains(where: file.name.hasSuffix)
      || file.bytes.starts(with: Array("#!".utf8))
  }
}
