// SPDX-License-Identifier: Apache-2.0 What a disk is: read from a small text file, one `key value`
// a line, and read again when it changes.
#ifndef DISK_SETTINGS_H
#define DISK_SETTINGS_H

#include <stdint.h>

struct disk_settings {
  double rate_mb_s;       // bandwidth of the medium, 10^6 bytes a second; 0 is without limit
  double seek_ms;         // mean seek between two random places; 0 is a disk that does not seek
  double flush_ms;        // cost of a flush request
  uint64_t smr_band_mb;   // size of a shingled band, MiB; 0 is a conventional disk
  uint64_t smr_cache_mb;  // persistent cache of a shingled disk, MiB
  int untimed;            // 1 while a disk is prepared: requests take no time and are not counted
};

// Reads `text` over the defaults (all zero). Unknown keys, and a last line that lacks its newline
// (somebody is still writing it), are left out. Returns the number of keys understood.
int disk_settings_parse(struct disk_settings *settings, const char *text);

#endif
