// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static const double counters_age_max_s = 0.1;

static double now_s(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void sleep_until(double moment_s) {
  struct timespec moment = {.tv_sec = (time_t)moment_s};
  moment.tv_nsec = (long)((moment_s - (double)moment.tv_sec) * 1e9);
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &moment, NULL) == EINTR) continue;
}

// Whether the file is not the one that was read last. A file that is not there reads as empty.
static int changed(struct watched_file *file, char *text, size_t text_bytes) {
  struct stat is = {0};
  if (!file->path) return 0;
  if (stat(file->path, &is) && errno != ENOENT) return 0;
  const struct stat *was = &file->seen;
  if (is.st_ino == was->st_ino && is.st_size == was->st_size &&
      is.st_mtim.tv_sec == was->st_mtim.tv_sec && is.st_mtim.tv_nsec == was->st_mtim.tv_nsec)
    return 0;
  file->seen = is;
  text[0] = 0;
  int fd = open(file->path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT;
  ssize_t got = read(fd, text, text_bytes - 1);
  close(fd);
  text[got > 0 ? got : 0] = 0;
  return 1;
}

static void cut_power_if_due(struct disk *disk) {
  const struct faults *faults = &disk->faults;
  if (!faults->cut || disk->dead || disk->written_bytes < faults->cut_after_bytes) return;
  disk->dead = 1;
  if (undo_cut(&disk->undo, disk->faults.cut_seed, disk->faults.cut_keep_percent, &disk->loss))
    perror("disk-server: putting back what the power cut takes");
}

static void reload(struct disk *disk) {
  char text[32768];
  if (changed(&disk->settings_file, text, sizeof text)) {
    struct disk_settings settings;
    disk_settings_parse(&settings, text);
    if (disk_model_configure(disk->model, &settings))
      fprintf(stderr, "disk-server: not enough memory for the new settings\n");
  }
  if (changed(&disk->faults_file, text, sizeof text)) {
    faults_parse(&disk->faults, text);
    disk->written_bytes = 0;
    cut_power_if_due(disk);
    if (!disk->faults.cut) disk->dead = 0;
  }
}

int disk_open(struct disk *disk, const char *image_path, const char *settings_path,
              const char *faults_path, const char *counters_path) {
  struct stat image;
  *disk = (struct disk){.settings_file.path = settings_path,
                        .faults_file.path = faults_path,
                        .counters_path = counters_path};
  disk->image = open(image_path, O_RDWR | O_CLOEXEC);
  if (disk->image < 0 || fstat(disk->image, &image)) {
    perror(image_path);
    return -1;
  }
  disk->bytes = (uint64_t)image.st_size / undo_block_bytes * undo_block_bytes;
  disk->model = disk_model_open(disk->bytes);
  if (!disk->model || (faults_path && undo_open(&disk->undo, disk->image, disk->bytes))) {
    perror("disk-server");
    return -1;
  }
  reload(disk);
  return 0;
}

void disk_write_counters(struct disk *disk) {
  const struct disk_counters *c = disk_model_counters(disk->model);
  char fresh[4096];
  disk->counters_written_s = now_s();
  // Written beside and renamed, so that a reader never sees half of it.
  snprintf(fresh, sizeof fresh, "%s.new", disk->counters_path);
  FILE *file = fopen(fresh, "we");
  if (!file) return;
  fprintf(file, "reads %" PRIu64 "\nwrites %" PRIu64 "\nflushes %" PRIu64 "\ndiscards %" PRIu64 "\n",
          c->reads, c->writes, c->flushes, c->discards);
  fprintf(file, "read_bytes %" PRIu64 "\nwrite_bytes %" PRIu64 "\n", c->read_bytes, c->write_bytes);
  fprintf(file, "read_seeks %" PRIu64 "\nwrite_seeks %" PRIu64 "\n", c->read_seeks, c->write_seeks);
  fprintf(file, "smr_streamed_bytes %" PRIu64 "\nsmr_cached_bytes %" PRIu64 "\n",
          c->smr_streamed_bytes, c->smr_cached_bytes);
  fprintf(file, "smr_band_rewrites %" PRIu64 "\nbusy_s %.6f\n", c->smr_band_rewrites, c->busy_s);
  fprintf(file, "power_cut %d\ncut_lost_blocks %" PRIu64 "\ncut_kept_blocks %" PRIu64 "\n", disk->dead,
          disk->loss.lost_blocks, disk->loss.kept_blocks);
  if (fclose(file) == 0) rename(fresh, disk->counters_path);
}

void disk_turn(struct disk *disk) {
  reload(disk);
  if (now_s() - disk->counters_written_s > counters_age_max_s) disk_write_counters(disk);
}

static int move(struct disk *disk, const struct nbd_request *request, void *payload) {
  off_t offset = (off_t)request->offset;
  ssize_t moved = request->type == NBD_READ ? pread(disk->image, payload, request->bytes, offset)
                                            : pwrite(disk->image, payload, request->bytes, offset);
  if (moved == (ssize_t)request->bytes) return 0;
  // A loop device by itself takes a write of which a part fits into its full file for a whole one.
  return request->type == NBD_READ || (moved < 0 && errno != ENOSPC) ? EIO : ENOSPC;
}

static int read_bytes(struct disk *disk, const struct nbd_request *request, void *payload) {
  if (disk->dead || faults_hit(&disk->faults, FAULT_READ, request->offset, request->bytes)) return EIO;
  return move(disk, request, payload);
}

static int write_bytes(struct disk *disk, const struct nbd_request *request, void *payload) {
  disk->written_bytes += request->bytes;
  cut_power_if_due(disk);
  if (disk->dead || faults_hit(&disk->faults, FAULT_WRITE, request->offset, request->bytes)) return EIO;
  int remembers = disk->faults_file.path && !request->fua;
  if (remembers && undo_remember(&disk->undo, request->offset, request->bytes)) return EIO;
  return move(disk, request, payload);
}

// The medium has to take zeroes as it takes any bytes.
static int write_zeroes(struct disk *disk, const struct nbd_request *request) {
  static unsigned char zeroes[1 << 16];
  struct nbd_request part = *request;
  uint32_t left = request->bytes;
  for (; left; left -= part.bytes, part.offset += part.bytes) {
    part.bytes = left < sizeof zeroes ? left : sizeof zeroes;
    int error = write_bytes(disk, &part, zeroes);
    if (error) return error;
  }
  return 0;
}

// What was discarded reads as zeroes: the loop driver zeroes ranges by it as well.
static int discard(struct disk *disk, uint64_t offset, uint64_t bytes) {
  if (disk->dead || faults_hit(&disk->faults, FAULT_WRITE, offset, bytes)) return EIO;
  int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  return bytes && fallocate(disk->image, mode, (off_t)offset, (off_t)bytes) ? EIO : 0;
}

static int flush(struct disk *disk) {
  if (disk->dead || disk->faults.flush_fails) return EIO;
  if (disk->faults_file.path) undo_forget(&disk->undo);
  return 0;
}

int disk_serve(struct disk *disk, const struct nbd_request *request, void *payload) {
  double arrived_s = now_s(), cost_s = 0;
  uint64_t offset = request->offset, bytes = request->bytes;
  int error = 0;
  if (offset > disk->bytes || bytes > disk->bytes - offset) return EINVAL;
  switch (request->type) {
  case NBD_READ:
    cost_s = disk_model_read(disk->model, offset, bytes);
    error = read_bytes(disk, request, payload);
    break;
  case NBD_WRITE:
    cost_s = disk_model_write(disk->model, offset, bytes);
    error = write_bytes(disk, request, payload);
    break;
  case NBD_WRITE_ZEROES:
    cost_s = disk_model_write(disk->model, offset, bytes);
    error = write_zeroes(disk, request);
    break;
  case NBD_FLUSH:
    cost_s = disk_model_flush(disk->model);
    error = flush(disk);
    break;
  case NBD_TRIM:
    cost_s = disk_model_discard(disk->model, offset, bytes);
    error = discard(disk, offset, bytes);
    break;
  default:
    return EINVAL;
  }
  if (cost_s > 0) sleep_until(pacer_finish_s(&disk->pacer, arrived_s, cost_s));
  return error;
}
