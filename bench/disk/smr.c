// SPDX-License-Identifier: Apache-2.0
#include "smr.h"

#include <stdlib.h>

int smr_open(struct smr *smr, uint64_t disk_bytes, uint64_t band_bytes, uint64_t cache_bytes) {
  *smr = (struct smr){.band_bytes = band_bytes, .cache_bytes = cache_bytes};
  smr->bands = (disk_bytes + band_bytes - 1) / band_bytes;
  smr->valid_bytes = calloc(smr->bands, sizeof *smr->valid_bytes);
  smr->cached_bytes = calloc(smr->bands, sizeof *smr->cached_bytes);
  if (smr->valid_bytes && smr->cached_bytes) return 0;
  smr_close(smr);
  return -1;
}

void smr_close(struct smr *smr) {
  free(smr->valid_bytes);
  free(smr->cached_bytes);
  *smr = (struct smr){0};
}

static uint64_t fullest_band(const struct smr *smr) {
  uint64_t fullest = 0;
  for (uint64_t band = 1; band < smr->bands; band++)
    if (smr->cached_bytes[band] > smr->cached_bytes[fullest]) fullest = band;
  return fullest;
}

// Rewrites bands, the one with most waiting first, until half of the cache is free again.
static uint64_t clean(struct smr *smr) {
  uint64_t rewritten = 0;
  while (smr->cache_used_bytes > smr->cache_bytes / 2) {
    uint64_t band = fullest_band(smr);
    smr->cache_used_bytes -= smr->cached_bytes[band];
    smr->cached_bytes[band] = 0;
    rewritten++;
  }
  return rewritten;
}

// The part of a write that falls into one band.
static void write_band(struct smr *smr, uint64_t band, uint64_t start, uint64_t bytes,
                       struct smr_write *result) {
  uint64_t valid = smr->valid_bytes[band];
  uint64_t below = start >= valid ? 0 : valid - start < bytes ? valid - start : bytes;
  smr->cached_bytes[band] += below;
  smr->cache_used_bytes += below;
  result->cached_bytes += below;
  result->streamed_bytes += bytes - below;
  if (start + bytes > valid) smr->valid_bytes[band] = start + bytes;
}

struct smr_write smr_write(struct smr *smr, uint64_t offset, uint64_t bytes) {
  struct smr_write result = {0};
  while (bytes) {
    uint64_t start = offset % smr->band_bytes;
    uint64_t part = smr->band_bytes - start < bytes ? smr->band_bytes - start : bytes;
    write_band(smr, offset / smr->band_bytes, start, part, &result);
    offset += part;
    bytes -= part;
  }
  if (smr->cache_used_bytes > smr->cache_bytes) result.bands_rewritten = clean(smr);
  return result;
}

void smr_discard(struct smr *smr, uint64_t offset, uint64_t bytes) {
  uint64_t end = offset + bytes;
  for (uint64_t band = offset / smr->band_bytes; band < smr->bands; band++) {
    uint64_t start = band * smr->band_bytes;
    if (start >= end) break;
    if (start < offset || start + smr->valid_bytes[band] > end) continue;
    smr->cache_used_bytes -= smr->cached_bytes[band];
    smr->cached_bytes[band] = 0;
    smr->valid_bytes[band] = 0;
  }
}

void smr_clean_idle(struct smr *smr) {
  for (uint64_t band = 0; band < smr->bands; band++) smr->cached_bytes[band] = 0;
  smr->cache_used_bytes = 0;
}
