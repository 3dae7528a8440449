// SPDX-License-Identifier: Apache-2.0

/// Rows of `OptionTable`.
enum DeviceRows {
  /// Copying what is on devices.
  static let devices: [OptionRow] = [
    OptionRow(
      ["copy-devices"],
      in: .devices,
      help: "Copy what is on a block device, and onto one, not its node.",
      manual: #"""
        Where the source or the target is a block device, copy what is on it, to another device or
        to and from
        an image file, instead of making its node.
        That source, of one byte or more, is alone then: a drive without a medium has none, and is
        refused.
        A target device must be at least as large as the source, and must not be mounted, carry
        anything that is
        mounted, or be otherwise in use; what is behind the size of the source is left as it is.
        A target that lies on the bytes of the source is refused: a partition and its disk, a loop
        device and its
        file, a volume or an array and what it is made of, an image on the device that is read.
        Two partitions of one disk are no such case.
        .IP
        A copy to a device that ends early leaves it half written: with neither what it had nor all
        of the source.
        .IP
        An image has the exact size of its source, and gets its name when it is complete; runs of
        zeros become
        holes unless
        .B \-\-no\-sparse
        is given.
        A new one can be read and written by its owner alone (mode 0600), whatever the umask, since
        a device may hold
        what others must not see; one that replaces another keeps the owner, group and permissions
        of that, as far as
        they can be set.
        The holes of an image are zeros on the device.
        A source that is mounted, or carries what is mounted, is copied with a warning.
        .IP
        A device is copied by one worker and without sharing of extents:
        .B \-\-jobs
        with more than one,
        .BR \-\-reflink=always ,
        .B \-\-cache=dontcache
        and, for an image that is written,
        .B \-\-cache=direct
        are refused with exit status 4.
        .IP
        Where sources are several or directories, devices among them and in their trees become
        files, as in rsync, with what is on block devices and with nothing of character devices.
        Their time is the present one, since that of a node says nothing of what is on the device,
        so that they are copied at each run;
        .B \-c
        compares first.
        """#
    ) { options, _ in options.copiesDevices = true },

    OptionRow(
      ["discard"],
      in: .devices,
      help: "Have the target device forget what it holds first.",
      manual: """
        Have the target device forget all that it holds before it is written, also what is behind
        the size of
        the source; shingled and solid disks are faster then.
        """
    ) { options, _ in options.discards = true },
  ]
}
