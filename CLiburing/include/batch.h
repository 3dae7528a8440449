// SPDX-License-Identifier: Apache-2.0

// Buffered writes to many files in one call. The ring hands such writes to kernel threads one by
// one on most filesystems; io_submit carries them out at once, in their order and with one plug
// around them, so that what RWF_DONTCACHE sends off of neighbouring files becomes one request.

#pragma once

#include <stdbool.h>
#include <stdint.h>

/// A write from the beginning of a file, and what came of it: a count of bytes, or a negated errno.
struct cl_write {
  const void *start;
  uint32_t length;
  int32_t fd;
  int32_t result;
  bool dont_cache;
};

/// How many writes a batch takes.
enum { cl_batch_max = 512 };

/// What carries batches out.
struct cl_batch {
  /// The kernel's context, 0 before one is needed and where it has none to give.
  uint64_t context;
  /// Where the writes are made: ext4 has a place of its own for small files for each processor.
  int32_t processor;
};

/// Chooses the processor (sched_getcpu).
void cl_batch_open(struct cl_batch *batch);

/// io_destroy.
void cl_batch_close(const struct cl_batch *batch);

/// Carries out up to cl_batch_max writes (io_submit; io_setup first) on one processor; few of them
/// before there is a context, and those that the kernel does not take in this way, are calls of
/// their own.
void cl_batch_write(struct cl_batch *batch, struct cl_write *writes, uint32_t count);
