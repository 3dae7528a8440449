// SPDX-License-Identifier: Apache-2.0
// The disk model: how long each request keeps the disk busy, and what it counted. No I/O and no
// clock in here, so that tests need neither.
#ifndef DISK_MODEL_H
#define DISK_MODEL_H

#include <stdint.h>

#include "settings.h"
#include "smr.h"

struct disk_counters {
  uint64_t reads, writes, flushes, discards;
  uint64_t read_bytes, write_bytes;
  uint64_t read_seeks, write_seeks;
  uint64_t smr_streamed_bytes, smr_cached_bytes, smr_band_rewrites;
  double busy_s;
};

struct disk_model {
  uint64_t bytes;
  struct disk_settings settings;
  struct disk_counters counters;
  struct smr smr;
  uint64_t head;      // the byte behind the last one that passed under the head
  int head_in_cache;  // the head stands at the shingled disk's persistent cache
};

struct disk_model *disk_model_open(uint64_t bytes);
void disk_model_close(struct disk_model *model);

// New settings take effect at the next request. A changed band size starts with empty bands. When
// `untimed` ends, the counters start at zero and the persistent cache is clean.
// Returns 0, or -1 when memory is short (the old settings stay).
int disk_model_configure(struct disk_model *model, const struct disk_settings *settings);

// Seconds that the disk is busy with the request.
double disk_model_read(struct disk_model *model, uint64_t offset, uint64_t bytes);
double disk_model_write(struct disk_model *model, uint64_t offset, uint64_t bytes);
double disk_model_flush(struct disk_model *model);
double disk_model_discard(struct disk_model *model, uint64_t offset, uint64_t bytes);

const struct disk_counters *disk_model_counters(const struct disk_model *model);

#endif
