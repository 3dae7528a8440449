// SPDX-License-Identifier: Apache-2.0
// One simulated disk: the model, the faults, and the image file that holds its bytes.
#ifndef DISK_DISK_H
#define DISK_DISK_H

#include <stdint.h>
#include <sys/stat.h>

#include "faults.h"
#include "model.h"
#include "nbd.h"
#include "pacer.h"
#include "undo.h"

// A text file that others change while the disk runs.
struct watched_file {
  const char *path;  // NULL: never there
  struct stat seen;
};

struct disk {
  int image;
  uint64_t bytes;
  struct disk_model *model;
  struct pacer pacer;
  struct faults faults;
  struct undo undo;
  uint64_t written_bytes;  // that were asked for since the faults were read
  int dead;  // between a power cut and the return of power
  struct undo_loss loss;
  struct watched_file settings_file, faults_file;
  const char *counters_path;
  double counters_written_s;
};

// `faults_path` may be NULL: then there are no faults, and nothing is remembered for a power cut.
// Returns 0, or -1 after a message to standard error.
int disk_open(struct disk *disk, const char *image_path, const char *settings_path,
              const char *faults_path, const char *counters_path);

// To be called often: takes over changed settings and faults, and writes the counters when they are
// older than a tenth of a second.
void disk_turn(struct disk *disk);

void disk_write_counters(struct disk *disk);

// Carries out one request, and returns when the simulated disk would be done with it.
// Returns 0, or the errno to answer.
int disk_serve(struct disk *disk, const struct nbd_request *request, void *payload);

#endif
