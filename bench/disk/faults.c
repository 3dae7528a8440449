// SPDX-License-Identifier: Apache-2.0
#include "faults.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int take(struct faults *faults, const char *line) {
  char key[32];
  uint64_t first = 0, second = 0, third = 0;
  int fields = sscanf(line, "%31s %" SCNu64 " %" SCNu64 " %" SCNu64, key, &first, &second, &third);
  if (fields >= 1 && !strcmp(key, "eio_flush")) {
    faults->flush_fails = 1;
    return 1;
  }
  if (fields < 3) return 0;
  if (!strcmp(key, "cut")) {
    faults->cut = 1;
    faults->cut_seed = first;
    faults->cut_keep_percent = second > 100 ? 100 : (int)second;
    faults->cut_after_bytes = third;
    return 1;
  }
  int reads = !strcmp(key, "eio_read"), writes = !strcmp(key, "eio_write");
  if ((!reads && !writes) || faults->range_count == fault_ranges_max) return 0;
  faults->ranges[faults->range_count++] = (struct fault_range){
      .kind = reads ? FAULT_READ : FAULT_WRITE, .start = first, .end = second};
  return 1;
}

int faults_parse(struct faults *faults, const char *text) {
  *faults = (struct faults){0};
  int understood = 0;
  for (const char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
    char copy[128];
    if ((size_t)(end - line) >= sizeof copy) continue;
    memcpy(copy, line, (size_t)(end - line));
    copy[end - line] = 0;
    understood += take(faults, copy);
  }
  return understood;
}

int faults_hit(const struct faults *faults, enum fault_kind kind, uint64_t offset, uint64_t bytes) {
  for (int i = 0; i < faults->range_count; i++) {
    const struct fault_range *range = &faults->ranges[i];
    if (range->kind == kind && offset < range->end && offset + bytes > range->start) return 1;
  }
  return 0;
}
