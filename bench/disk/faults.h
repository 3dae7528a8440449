// SPDX-License-Identifier: Apache-2.0
// Faults that a disk is asked to show: read from a text file, and read again when it changes.
//   eio_read START END     reads that touch bytes START..<END of the disk fail
//   eio_write START END    so do writes
//   eio_flush              every flush fails
//   cut SEED KEEP_PERCENT [AFTER_BYTES]
//                          power cut, once AFTER_BYTES have been written since the file was read (at
//                          once): of the blocks written since the last flush KEEP_PERCENT are kept,
//                          chosen by SEED; every request fails until the line is gone
#ifndef DISK_FAULTS_H
#define DISK_FAULTS_H

#include <stdint.h>

enum fault_kind { FAULT_READ, FAULT_WRITE };

enum { fault_ranges_max = 256 };

struct fault_range {
  enum fault_kind kind;
  uint64_t start, end;
};

struct faults {
  struct fault_range ranges[fault_ranges_max];
  int range_count;
  int flush_fails;
  int cut;
  uint64_t cut_seed;
  int cut_keep_percent;
  uint64_t cut_after_bytes;
};

// Reads `text`, forgetting what `faults` held. As with the settings, an unfinished last line waits.
// Returns the number of lines understood.
int faults_parse(struct faults *faults, const char *text);

// Whether a request that touches `bytes` from `offset` has to fail.
int faults_hit(const struct faults *faults, enum fault_kind kind, uint64_t offset, uint64_t bytes);

#endif
