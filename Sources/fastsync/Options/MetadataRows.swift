// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Kernel

/// Rows of `OptionTable`.
enum MetadataRows {
  /// How metadata is carried over.
  static let metadata: [OptionRow] = [
    OptionRow(
      ["executability"],
      "E",
      in: .metadata,
      help: "Keep whether files can be executed.",
      manual: #"""
        Files that are there become executable for all who may read them, or for nobody, as the
        source's are.
        With
        .B \-p
        it makes no difference.
        """#
    ) { options, _ in options.metadata.options.keepsExecutability = true },

    OptionRow(
      ["chmod"],
      nil,
      OptionValue("CHMOD"),
      in: .metadata,
      help: "Change what the source's permissions are taken for.",
      manual: #"""
        What the source's permissions are taken for, as
        .BR chmod (1)
        has it: items with commas between them, as in
        .B Dg+s,ug+w,Fo\-w,+X
        or
        .BR D2775,F664 .
        An item that begins with D is for directories, with F for all else.
        The option may be given several times.
        Without
        .B \-p
        it counts for new entries only.
        """#
    ) { options, typed throws(Refusal) in try options.metadata.change(typed) },

    OptionRow(
      ["atimes"],
      "U",
      negation: .namesAndLetter,
      in: .metadata,
      help: "Keep access times of what is no directory.",
      manual: """
        Keep access times of what is no directory, in nanoseconds.
        Reading never changes the source's where that is allowed (O_NOATIME).
        """
    ) { options, typed in options.select([.accessTimes], typed) },

    OptionRow(
      ["open-noatime"],
      negation: .names,
      in: .metadata,
      help: "Do not change access times by reading; always so.",
      manual: """
        Files are opened with O_NOATIME wherever that is allowed, with or without this option.
        """
    ) { _, _ in },

    OptionRow(
      ["omit-dir-times"],
      "O",
      negation: .namesAndLetter,
      in: .metadata,
      help: "Leave out times of directories."
    ) { options, typed in options.metadata.options.omitsDirectoryTimes = typed.isOn },

    OptionRow(
      ["omit-link-times"],
      "J",
      negation: .namesAndLetter,
      in: .metadata,
      help: "Leave out times of symbolic links."
    ) { options, typed in options.metadata.options.omitsLinkTimes = typed.isOn },

    OptionRow(
      ["no-crtimes", "no-N"],
      in: .metadata,
      help: "Leave out birth times, which nobody can set; always so."
    ) { _, _ in },

    OptionRow(
      ["numeric-ids"],
      negation: .names,
      in: .metadata,
      help: "Map owners and groups by their numbers only.",
      manual: #"""
        Owners and groups count as having no names for
        .B \-\-usermap
        and
        .BR \-\-groupmap .
        Without those it makes no difference: on one machine a number is always carried over as it
        is.
        """#
    ) { options, typed in options.metadata.mapping.isNumeric = typed.isOn },

    OptionRow(
      ["usermap"],
      nil,
      OptionValue("STRING"),
      in: .metadata,
      help: "Give what is one user's to another; implies -o.",
      manual: #"""
        Pairs
        .IR FROM : TO
        with commas between them, of which the first that is about an owner counts.
        .I FROM
        is a name, a pattern of the shell that is compared with names, a number, a range of numbers,
        or empty for owners without a name;
        .I TO
        is a name or a number.
        Implies
        .BR \-o .
        """#
    ) { options, typed throws(Refusal) in
      try options.metadata.map(typed, .users)
      options.select([.owner], typed, isImplied: true)
    },

    OptionRow(
      ["groupmap"],
      nil,
      OptionValue("STRING"),
      in: .metadata,
      help: "Give what is one group's to another; implies -g.",
      manual: #"""
        The same as
        .BR \-\-usermap ,
        for groups.
        Implies
        .BR \-g .
        """#
    ) { options, typed throws(Refusal) in
      try options.metadata.map(typed, .groups)
      options.select([.group], typed, isImplied: true)
    },

    OptionRow(
      ["chown"],
      nil,
      OptionValue("USER:GROUP"),
      in: .metadata,
      help: "Give everything to a user, a group or both.",
      manual: #"""
        The same as
        .B \-\-usermap=*:USER
        and
        .BR \-\-groupmap=*:GROUP .
        """#
    ) { options, typed throws(Refusal) in
      let (owner, group) = try options.metadata.chown(typed)
      if owner { options.select([.owner], typed, isImplied: true) }
      if group { options.select([.group], typed, isImplied: true) }
    },

    OptionRow(
      ["super"],
      negation: .names,
      in: .metadata,
      help: "Try what only root can do, or do not, whoever runs it.",
      manual: #"""
        Owners, devices and any groups are tried to be given, though the process may not be root's;
        with
        .B \-\-no\-super
        they are not, though it may be.
        """#
    ) { options, typed in options.metadata.options.superUser = typed.isOn ? .always : .never },

    OptionRow(
      ["fake-super"],
      in: .metadata,
      help: "Keep what only root can give in attributes.",
      manual: #"""
        What only root can give is kept in extended attributes whose names begin with
        .I user.rsync.\fR,
        as rsync does it: owner, group, special permissions and those that would keep out the owner,
        devices, FIFOs, sockets and symbolic links, which become plain files; with
        .B \-X
        attributes that only root may set, with
        .B \-A
        ACLs that are kept like that. At the source what is kept like that is taken for what it
        stands for.
        .B \-\-super
        and
        .B \-\-no\-super
        take the option back.
        """#
    ) { options, _ in options.metadata.options.superUser = .stored },

    OptionRow(
      ["drop-D"],
      negation: .names,
      in: .metadata,
      help: "Make no devices, FIFOs and sockets."
    ) { options, typed in options.metadata.dropsNodes = typed.isOn },
  ]
}
