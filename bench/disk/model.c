// SPDX-License-Identifier: Apache-2.0
#include "model.h"

#include <math.h>
#include <stdlib.h>

// A seek takes `settle + (rest) * sqrt(distance / disk)`: the usual curve of an arm that speeds up
// and slows down. Settling and half a turn cost something however near the place is.
static const double settle_share = 0.25;
// The mean of sqrt(|x - y|) over random x and y, so that `seek_ms` is the mean of random seeks.
static const double mean_root_distance = 8.0 / 15.0;
// Without a rate, rewriting a band has to cost something: what a plain disk would need.
static const double band_rate_default_mb_s = 150;

struct disk_model *disk_model_open(uint64_t bytes) {
  struct disk_model *model = calloc(1, sizeof *model);
  if (model) model->bytes = bytes;
  return model;
}

void disk_model_close(struct disk_model *model) {
  if (!model) return;
  smr_close(&model->smr);
  free(model);
}

int disk_model_configure(struct disk_model *model, const struct disk_settings *settings) {
  uint64_t band_bytes = settings->smr_band_mb << 20, cache_bytes = settings->smr_cache_mb << 20;
  if (band_bytes != model->smr.band_bytes) {
    struct smr smr = {0};
    if (band_bytes && smr_open(&smr, model->bytes, band_bytes, cache_bytes)) return -1;
    smr_close(&model->smr);
    model->smr = smr;
  }
  model->smr.cache_bytes = cache_bytes;
  if (model->settings.untimed && !settings->untimed) {
    model->counters = (struct disk_counters){0};
    if (band_bytes) smr_clean_idle(&model->smr);
  }
  model->settings = *settings;
  return 0;
}

static double transfer_s(const struct disk_model *model, uint64_t bytes) {
  return model->settings.rate_mb_s > 0 ? (double)bytes / (model->settings.rate_mb_s * 1e6) : 0;
}

static double seek_curve_s(const struct disk_model *model, double distance_share) {
  double mean_s = model->settings.seek_ms * 1e-3;
  double rest_s = mean_s * (1 - settle_share) / mean_root_distance;
  return mean_s * settle_share + rest_s * sqrt(distance_share);
}

// Moves the head to `offset`. Forward, letting the gap pass under the head may be cheaper.
static double seek_s(struct disk_model *model, uint64_t offset, uint64_t *seeks) {
  uint64_t head = model->head;
  if (model->head_in_cache) {
    model->head_in_cache = 0;
    ++*seeks;
    return model->settings.seek_ms * 1e-3;
  }
  if (offset == head) return 0;
  ++*seeks;
  uint64_t distance = offset > head ? offset - head : head - offset;
  double curve_s = seek_curve_s(model, (double)distance / (double)model->bytes);
  double pass_s = transfer_s(model, distance);
  return offset > head && pass_s > 0 && pass_s < curve_s ? pass_s : curve_s;
}

static double shingled_write_s(struct disk_model *model, uint64_t offset, uint64_t bytes) {
  double mean_seek_s = model->settings.seek_ms * 1e-3, cost_s = 0;
  struct smr_write written = smr_write(&model->smr, offset, bytes);
  if (written.streamed_bytes) cost_s += seek_s(model, offset, &model->counters.write_seeks);
  if (written.cached_bytes && !model->head_in_cache) {
    model->head_in_cache = 1;
    model->counters.write_seeks++;
    cost_s += mean_seek_s;
  }
  model->counters.smr_streamed_bytes += written.streamed_bytes;
  model->counters.smr_cached_bytes += written.cached_bytes;
  model->counters.smr_band_rewrites += written.bands_rewritten;
  double rate_mb_s = model->settings.rate_mb_s > 0 ? model->settings.rate_mb_s : band_rate_default_mb_s;
  // A band is read and written whole, with a seek before each.
  double rewrite_s = 2 * (double)model->smr.band_bytes / (rate_mb_s * 1e6) + 2 * mean_seek_s;
  return cost_s + (double)written.bands_rewritten * rewrite_s;
}

static double finish(struct disk_model *model, const struct disk_counters *before, double cost_s) {
  if (model->settings.untimed) {
    model->counters = *before;
    return 0;
  }
  model->counters.busy_s += cost_s;
  return cost_s;
}

double disk_model_read(struct disk_model *model, uint64_t offset, uint64_t bytes) {
  struct disk_counters before = model->counters;
  double cost_s = seek_s(model, offset, &model->counters.read_seeks) + transfer_s(model, bytes);
  model->head = offset + bytes;
  model->counters.reads++;
  model->counters.read_bytes += bytes;
  return finish(model, &before, cost_s);
}

double disk_model_write(struct disk_model *model, uint64_t offset, uint64_t bytes) {
  struct disk_counters before = model->counters;
  double cost_s = transfer_s(model, bytes);
  if (model->smr.bands) cost_s += shingled_write_s(model, offset, bytes);
  else cost_s += seek_s(model, offset, &model->counters.write_seeks);
  model->head = offset + bytes;
  model->counters.writes++;
  model->counters.write_bytes += bytes;
  return finish(model, &before, cost_s);
}

double disk_model_flush(struct disk_model *model) {
  struct disk_counters before = model->counters;
  model->counters.flushes++;
  return finish(model, &before, model->settings.flush_ms * 1e-3);
}

double disk_model_discard(struct disk_model *model, uint64_t offset, uint64_t bytes) {
  struct disk_counters before = model->counters;
  model->counters.discards++;
  if (model->smr.bands) smr_discard(&model->smr, offset, bytes);
  return finish(model, &before, 0);
}

const struct disk_counters *disk_model_counters(const struct disk_model *model) {
  return &model->counters;
}
