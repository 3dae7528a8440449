// SPDX-License-Identifier: Apache-2.0
// A drive-managed shingled disk. Tracks overlap within a band, so a band can be written ahead of
// what it holds, but nothing below can be written without destroying its neighbours: such writes go
// to a persistent cache, and when that is full the drive rewrites whole bands to empty it.
#ifndef DISK_SMR_H
#define DISK_SMR_H

#include <stdint.h>

struct smr {
  uint64_t band_bytes;
  uint64_t cache_bytes;
  uint64_t bands;
  uint64_t *valid_bytes;   // per band: where its valid data ends
  uint64_t *cached_bytes;  // per band: bytes of it that wait in the persistent cache
  uint64_t cache_used_bytes;
};

// What one write does on a shingled disk.
struct smr_write {
  uint64_t streamed_bytes;  // at or ahead of a band's valid data: straight to the band
  uint64_t cached_bytes;    // below it: to the persistent cache
  uint64_t bands_rewritten; // to make room in the cache
};

// Returns 0, or -1 when memory is short. Bands start empty.
int smr_open(struct smr *smr, uint64_t disk_bytes, uint64_t band_bytes, uint64_t cache_bytes);
void smr_close(struct smr *smr);

struct smr_write smr_write(struct smr *smr, uint64_t offset, uint64_t bytes);

// A discard empties every band that it covers whole, and every band whose valid data it covers.
void smr_discard(struct smr *smr, uint64_t offset, uint64_t bytes);

// The drive has had time to clean: the cache is empty, and nobody waited.
void smr_clean_idle(struct smr *smr);

#endif
