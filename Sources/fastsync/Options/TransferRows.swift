// SPDX-License-Identifier: Apache-2.0

import CopyEngine
import Storage

/// Rows of `OptionTable`.
enum TransferRows {
  /// How the run goes about it.
  static let transfer: [OptionRow] = [
    OptionRow(
      ["cache"],
      nil,
      OptionValue("MODE", .wordsBySide(TransferOptions.CacheMode.words), standard: "auto"),
      in: .transfer,
      help: "How to read and write with regard to the page cache; also SOURCE:TARGET.",
      manual: #"""
        How files are read and written with regard to the page cache.
        .I MODE
        may be two, as in
        .BR \-\-cache=direct:advise :
        one for reading the source and one for writing the target.
        .RS
        .TP
        .B auto
        (the default) takes what is fastest of what kernel and filesystem can do, for each
        filesystem;
        .B \-\-explain
        tells what that is.
        .TP
        .B advise
        starts writing to the disk early and drops from the page cache what this copy brought in.
        This works everywhere, and is what the other modes fall back to.
        .TP
        .B dontcache
        has the kernel drop what it read and wrote (RWF_DONTCACHE of Linux 6.14; not on btrfs).
        .TP
        .B direct
        goes past the page cache (O_DIRECT).
        Files up to 128K, files with holes, and all files on btrfs are not written directly.
        .TP
        .B keep
        leaves all that to the kernel.
        .RE
        """#
    ) { options, typed throws(Refusal) in options.cache = try typed.wordsBySide() },

    OptionRow(
      ["profile"],
      nil,
      OptionValue("DISK", .wordsBySide(DiskProfile.words), standard: "auto"),
      in: .transfer,
      help: "What kind of disk is read and written; also SOURCE:TARGET.",
      manual: #"""
        What kind of disk is read and written, where the kernel does not know better.
        .I DISK
        may be two, as in
        .BR \-\-profile=hdd:ssd :
        one for the source and one for the target.
        .RS
        .TP
        .B auto
        (the default) follows partitions, logical volumes, encryption, arrays, loop devices and
        btrfs down
        to the disks; of several the slowest counts.
        A disk says itself whether it seeks.
        Virtual disks and USB bridges are not believed: 4 to 12 random reads of 4 KiB, 60 ms at the
        most,
        show what they are.
        That takes a right to open the disk, which only root has; else they are believed.
        .TP
        .B nvme
        a solid disk with many deep queues.
        .TP
        .B ssd
        a solid disk.
        .TP
        .B hdd
        a disk with heads.
        .TP
        .B smr
        a disk with heads and overlapping (shingled) tracks.
        In
        .B auto
        that is a disk with zones, and one that seeks and takes discards.
        .RE
        """#
    ) { options, typed throws(Refusal) in options.profile = try typed.wordsBySide() },

    OptionRow(
      ["explain"],
      in: .transfer,
      help: "Print what it does to which disks, how, and why.",
      manual: #"""
        Print what the run does to which disks, how it goes about it, and why: the disks below each
        place, what they are taken for, whether both sides are one disk, workers, buffers, and how
        each filesystem is read and written.
        With
        .B \-n
        that is what would be done, as far as it can be told without making a file at the target.
        """#
    ) { options, _ in options.explains = true },

    OptionRow(
      ["noreuse"],
      in: .transfer,
      help: "Also give NOREUSE advice (for measurements).",
      manual: """
        Also give
        .B POSIX_FADV_NOREUSE
        advice.
        It does nothing for a copy by read and write, and is there to be measured.
        """
    ) { options, _ in options.advisesNoReuse = true },

    OptionRow(
      ["memory"],
      nil,
      OptionValue("SIZE"),
      in: .transfer,
      help: "All data buffers together, 64K to 1G (default: 8M, or 64M on one disk that seeks).",
      manual: """
        The size of all data buffers together, from 64K to 1G; the default is
        .BR 8M ,
        or
        .B 64M
        where one disk that seeks is read and written, and less where the control group may have
        little memory or
        .B ulimit -v
        lets little be mapped: an eighth of that.
        K, M and G count in 1024, KB, MB and GB in 1000.
        """
    ) { options, typed throws(Refusal) in
      options.memoryBytes = try typed.bytes(64 << 10...1 << 30, "at least 64K and at most 1G")
    },

    OptionRow(
      ["jobs"],
      nil,
      OptionValue("N"),
      in: .transfer,
      help: "Workers, 1 to 256 (default: as the disks need).",
      manual: #"""
        The number of workers, from 1 to 256.
        The default is one where a disk has to seek, and one for each processor, from 4 to 8 (on
        btrfs
        from 2), where none has to.
        With more than one where a disk has to seek, several large files are written at once, and
        it seeks
        between them.
        There are fewer than were asked for where there is no page of
        .B \-\-memory
        for each, or the limit on open files is too low.
        """#
    ) { options, typed throws(Refusal) in options.jobs = try typed.number(1...256) },

    OptionRow(
      ["io-engine"],
      nil,
      OptionValue("ENGINE", .words(TransferOptions.Engine.words), standard: "auto"),
      in: .transfer,
      help: "Use io_uring or plain system calls.",
      manual: """
        .B uring
        uses io_uring or fails (but plain system calls do what the kernel may start no thread for),
        .B sync
        uses plain system calls,
        .B auto
        (the default) uses io_uring where the kernel allows it.
        """
    ) { options, typed throws(Refusal) in options.engine = try typed.word() },

    OptionRow(
      ["reflink"],
      nil,
      OptionValue("WHEN", .words(TransferOptions.Reflink.words), standard: "auto"),
      in: .transfer,
      help: "Share extents instead of copying them.",
      manual: """
        .B auto
        (the default) shares extents where both sides are on one filesystem that can,
        .B always
        fails for files that cannot be shared,
        .B never
        copies.
        """
    ) { options, typed throws(Refusal) in options.reflink = try typed.word() },

    OptionRow(
      ["min-free"],
      nil,
      OptionValue("SIZE"),
      in: .transfer,
      help: "Stop before less than this would stay free of the target.",
      manual: """
        Stop, with exit status 11, before a file is begun with which less than
        .I SIZE
        would stay free of its filesystem at the target, for who is not root.
        A file counts with all that it occupies at the source, also while it is on its way, and what
        it replaces is free only when it is copied, so that a run may stop where a slower one would
        not; names that are linked and files whose extents are shared take nothing.
        """
    ) { options, typed throws(Refusal) in
      options.minFreeBytes = try typed.bytes(1...1 << 59, "at least 1 byte")
    },

    OptionRow(
      ["check-space"],
      in: .transfer,
      help: "Refuse, before anything is written, what does not fit.",
      manual: #"""
        Look through the sources first, and when what is missing at the target takes more bytes or
        inodes than its filesystem has free, or than
        .B \-\-min\-free
        allows, copy nothing, with exit status 11.
        What is replaced is taken off, and so is what can share extents; that the target may
        compress is not foreseen, and filesystems mounted below the target are not looked at.
        It takes as long as
        .BR \-n ,
        which finds out the same if both are given.
        """#
    ) { options, _ in options.checksRoom = true },

    OptionRow(
      ["on-change"],
      nil,
      OptionValue("WHAT", .words(TransferOptions.ChangePolicy.words), standard: "retry"),
      in: .transfer,
      help: "What becomes of a file that changes while it is copied.",
      manual: """
        What becomes of a file whose source changes while it is copied.
        .B retry
        (the default) copies it once more; when it changes again, the copy is kept, and counts for
        exit status 23.
        .B warn
        keeps the first copy and tells that the source has changed, which is no failure.
        .B fail
        does not copy it.
        A copy that is kept has the time that the source had before, so that the next run copies it
        again.
        """
    ) { options, typed throws(Refusal) in options.onChange = try typed.word() },

    OptionRow(
      ["on-read-error"],
      nil,
      OptionValue("WHAT", .words(TransferOptions.ReadErrorPolicy.words), standard: "fail"),
      in: .transfer,
      help: "What becomes of a file that cannot be read in part.",
      manual: #"""
        What becomes of a file or device of which a part cannot be read.
        .B fail
        (the default) does not copy the file; a device is left half written.
        .B skip
        copies the rest, and leaves a hole in the place of that part, or on a device what was there.
        .B zero\-fill
        copies the rest, and writes zeros in its place.
        What cannot be read is found in steps of 4 KiB, named by its place, and counts for exit
        status 23.
        A file that is not all there keeps the time of its copy, so that the next run tries again.
        """#
    ) { options, typed throws(Refusal) in options.onReadError = try typed.word() },

    OptionRow(
      ["mapfile"],
      nil,
      OptionValue("PATH", .file),
      in: .transfer,
      help: "Where to write down what could not be read, as GNU ddrescue does.",
      manual: #"""
        Where to write down what
        .B \-\-on\-read\-error=skip
        or
        .B zero\-fill
        left out, in the format of the mapfiles of GNU ddrescue, which can go on from there.
        With
        .B \-\-copy\-devices
        .I PATH
        is the mapfile; else it is a directory, which gets a mapfile for each file of which a part
        could not be read, under the name that this has below the target.
        """#
    ) { options, typed in options.mapfile = typed.value },

    OptionRow(
      ["durability"],
      nil,
      OptionValue("WHEN", .words(PublishOptions.Durability.words), standard: "run"),
      in: .transfer,
      help: "When what was written has to be on disk.",
      manual: """
        .B run
        (the default) gives a file its name when its data is written, so that no power cut leaves a
        name without its contents, and ends with a sync of each filesystem that was written to, so
        that exit status 0 means that everything is on stable storage.
        .B file
        also brings each file's name to stable storage before the file is reported as done.
        .B none
        leaves it all to the kernel: after a power cut a file may have its name, its size and its
        time, and not its contents.
        """
    ) { options, typed throws(Refusal) in options.durability = try typed.word() },

    OptionRow(
      ["fsync"],
      in: .transfer,
      help: "The same as --durability=file.",
      manual: #"""
        The same as
        .BR \-\-durability=file .
        """#
    ) { options, _ in options.durability = .file },
  ]
}
