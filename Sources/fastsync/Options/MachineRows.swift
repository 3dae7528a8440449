// SPDX-License-Identifier: Apache-2.0

/// Rows of `OptionTable`: what is written for machines.
enum MachineRows {
  static let machine: [OptionRow] = [
    OptionRow(
      ["json"],
      nil,
      OptionValue("FILE", .file, isOptional: true),
      in: .reporting,
      help: "Tell what happens as JSON, an event a line, in place of the output or in a file.",
      manual: #"""
        Tell what happens as JSON, one event a line: how the run begins, each second how far it has
        come, each entry, what is deleted or fails, and how it ends.
        Without a file, or with
        .BR \- ,
        that is all there is on the standard output.
        A file is written anew.
        docs/json.md and docs/json.schema.json have the fields.
        Where the events cannot be written that is said once, and the exit status is 11 unless
        something else went wrong.
        """#
    ) { options, typed in
      let isOutput = typed.value.isEmpty || typed.value.elementsEqual("-".utf8)
      options.output.json = isOutput ? .standardOutput : .file(typed.value)
    },

    OptionRow(
      ["metrics"],
      nil,
      OptionValue("FILE", .file),
      in: .reporting,
      help: "Write figures of the run for Prometheus when it ends.",
      manual: #"""
        Write figures of the run in the text format of Prometheus when it ends, well or not, for the
        textfile collector of node_exporter.
        The file appears at once and whole.
        The time of the last run that ended well is kept from the file that was there.
        docs/metrics.md has the names.
        """#
    ) { options, typed throws(Refusal) in
      guard !typed.value.isEmpty else { throw Refusal("--metrics: the name of a file is empty") }
      options.output.metricsFile = typed.value
    },

    OptionRow(
      ["trace"],
      nil,
      OptionValue("FILE", .file),
      in: .reporting,
      help: "Write each second what the run does, as comma-separated values.",
      manual: #"""
        Write a line each second, as comma-separated values with a line of names before them:
        throughput, how long reads, writes and flushes took, how many are under way, what is dirty
        in memory, and what each disk does.
        A file is written anew.
        docs/trace.md has the columns;
        .B bench/plot
        draws them.
        """#
    ) { options, typed throws(Refusal) in
      guard !typed.value.isEmpty else { throw Refusal("--trace: the name of a file is empty") }
      options.output.traceFile = typed.value
    },
  ]
}
