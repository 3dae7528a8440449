// SPDX-License-Identifier: Apache-2.0
#include "settings.h"

#include <stdio.h>
#include <string.h>

static int take(struct disk_settings *settings, const char *key, double value) {
  if (value < 0) return 0;
  if (!strcmp(key, "rate_mb_s")) settings->rate_mb_s = value;
  else if (!strcmp(key, "seek_ms")) settings->seek_ms = value;
  else if (!strcmp(key, "flush_ms")) settings->flush_ms = value;
  else if (!strcmp(key, "smr_band_mb")) settings->smr_band_mb = (uint64_t)value;
  else if (!strcmp(key, "smr_cache_mb")) settings->smr_cache_mb = (uint64_t)value;
  else if (!strcmp(key, "untimed")) settings->untimed = value != 0;
  else return 0;
  return 1;
}

int disk_settings_parse(struct disk_settings *settings, const char *text) {
  *settings = (struct disk_settings){0};
  int understood = 0;
  for (const char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
    char copy[128], key[32];
    double value;
    if ((size_t)(end - line) >= sizeof copy) continue;
    memcpy(copy, line, (size_t)(end - line));
    copy[end - line] = 0;
    if (sscanf(copy, "%31s %lf", key, &value) == 2) understood += take(settings, key, value);
  }
  return understood;
}
