// SPDX-License-Identifier: Apache-2.0

import FileTree

/// Rows of `OptionTable`.
enum FilterRows {
  /// Which names are left out.
  static let filters: [OptionRow] = rules + files + others

  private static let rules: [OptionRow] = [
    OptionRow(
      ["exclude"],
      nil,
      OptionValue("PATTERN"),
      in: .filters,
      help: "Leave out names that match PATTERN.",
      manual: #"""
        The rules of all options of this section count in the order of the line, and the first
        that is about a name decides.
        What is below a directory that is left out is not looked at.
        In a pattern
        .B *
        and
        .B ?
        stand for anything but slashes,
        .B **
        for anything, and
        .B [a\-z]
        for one of these letters.
        With a slash at its end a pattern is about directories alone; with one at its start it
        begins where the transfer does, and else matches the last names of a path.
        """#
    ) { options, typed in options.filters.add(.pattern(isIncluded: false), typed.value) },

    OptionRow(
      ["include"],
      nil,
      OptionValue("PATTERN"),
      in: .filters,
      help: "Keep names that match PATTERN, whatever later rules say."
    ) { options, typed in options.filters.add(.pattern(isIncluded: true), typed.value) },

    OptionRow(
      ["filter"],
      "f",
      OptionValue("RULE"),
      in: .filters,
      help: "Add a rule in rsync's words, such as '- *.o' or 'dir-merge .rules'.",
      manual: #"""
        .I RULE
        is one of
        .BR exclude ,
        .BR include ,
        .BR hide ,
        .BR show ,
        .BR protect ,
        .BR risk ,
        .BR merge ,
        .B dir\-merge
        and
        .BR clear ,
        or its letter
        .RB ( "\- + H S P R . : !" ),
        then, behind a comma or at once, its modifiers, a space or an underscore, and a pattern or
        the name of a file with rules.
        Rules, modifiers and files are rsync's, which its manual describes under FILTER RULES.
        """#
    ) { options, typed in options.filters.add(.rule, typed.value) },
  ]

  private static let files: [OptionRow] = [
    OptionRow(
      ["exclude-from"],
      nil,
      OptionValue("FILE", .file),
      in: .filters,
      help: "Leave out names that match a pattern in FILE.",
      manual: #"""
        Each line is a pattern; those that begin with
        .B #
        or
        .B ;
        are comments.
        .RB \(oq "+ " \(cq
        and
        .RB \(oq "\- " \(cq
        before a pattern say whether names are kept or left out.
        .B \-
        is the standard input.
        """#
    ) { options, typed in options.filters.add(.file(isIncluded: false), typed.value) },

    OptionRow(
      ["include-from"],
      nil,
      OptionValue("FILE", .file),
      in: .filters,
      help: "Keep names that match a pattern in FILE."
    ) { options, typed in options.filters.add(.file(isIncluded: true), typed.value) },

    OptionRow(
      [],
      "F",
      in: .filters,
      help: "Rules of .rsync-filter in each directory; twice: leave those files out.",
      manual: #"""
        The same as
        .B \-f ": /.rsync\-filter"
        and, the second time,
        .BR \-f "\ "\- .rsync\-filter" .
        """#
    ) { options, _ in options.filters.addStandardFiles() },
  ]

  private static let others: [OptionRow] = [
    OptionRow(
      ["cvs-exclude"],
      "C",
      in: .filters,
      help: "Leave out what CVS ignores.",
      manual: #"""
        That is a list of its own (objects, backups, directories of version control), what
        .I ~/.cvsignore
        and
        .B CVSIGNORE
        name, and in each directory what its
        .I .cvsignore
        does.
        These rules count behind all others.
        """#
    ) { options, _ in options.filters.ignoresLikeCVS = true },

    OptionRow(
      ["prune-empty-dirs"],
      "m",
      negation: .namesAndLetter,
      in: .filters,
      help: "Leave out directories in which nothing but directories is copied.",
      manual: #"""
        A
        .B protect
        rule of the command line keeps a directory.
        """#
    ) { options, typed in options.filters.prunesEmptyDirectories = typed.isOn },
  ]
}
