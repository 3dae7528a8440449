// SPDX-License-Identifier: Apache-2.0

/// How wide and how long things may be.
enum SizeRules {
  static let columnsMax = 100
  static let fileLinesMax = 350
  static let functionLinesMax = 70
  static let medianLinesMax = 150

  /// Declarative tables that may be longer than other files, as `module/name`, and why.
  static let longFiles: [String: String] = [:]

  /// Lines of Swift and C; a column is a character.
  static func lineWidths(in repository: Repository) -> [Complaint] {
    // The simulated disks have a style of their own.
    repository.code.filter { !$0.path.hasPrefix("bench/") }.flatMap { file in
      SourceFile.lines(file.bytes).enumerated().compactMap { index, line in
        guard line.count > columnsMax else { return nil }
        // Bytes that continue a character of UTF-8 take no column.
        let columns = line.count { $0 & 0xc0 != 0x80 }
        guard columns > columnsMax else { return nil }
        let what = "\(columns) columns, \(columnsMax) are allowed"
        return Complaint(file.path, index + 1, what)
      }
    }
  }

  static func fileLengths(
    in repository: Repository,
    longFiles: [String: String] = longFiles
  ) -> [Complaint] {
    let long = repository.code.filter { $0.lineCount > fileLinesMax }
    let unknown = long.filter { longFiles[$0.key] == nil }.map {
      Complaint($0.path, fileLinesMax + 1, "\($0.lineCount) lines, \(fileLinesMax) are allowed")
    }
    let stale = Set(longFiles.keys).subtracting(long.map(\.key)).sorted().map {
      Allowance.stale($0, in: "SizeRules", "no file of this name is long")
    }
    return unknown + stale
  }

  static func functionLengths(in repository: Repository) -> [Complaint] {
    repository.code.flatMap { file in
      FunctionExtent.all(in: file).filter { $0.lineCount > functionLinesMax }.map {
        let what = "\($0.name) has \($0.lineCount) lines, \(functionLinesMax) are allowed"
        return Complaint(file.path, $0.line, what)
      }
    }
  }

  /// Half of the files in Sources are at most this long, so that most can be read at once.
  static func medianLength(in repository: Repository) -> [Complaint] {
    let lengths = repository.sources.map(\.lineCount).sorted()
    guard !lengths.isEmpty else { return [Complaint("Sources", 1, "no Swift file")] }
    let median = lengths[lengths.count / 2]
    guard median > medianLinesMax else { return [] }
    let what = "the median file has \(median) lines, \(medianLinesMax) are allowed"
    return [Complaint("Sources", 1, what)]
  }
}

/// What tables of exceptions share.
enum Allowance {
  /// An exception that nothing needs any more.
  static func stale(_ entry: String, in table: String, _ why: String) -> Complaint {
    Complaint("Tests/TidyTests/\(table).swift", 1, "the exception \(entry) is stale: \(why)")
  }
}
