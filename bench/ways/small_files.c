// SPDX-License-Identifier: Apache-2.0

// Three ways to copy a tree of directories with small files in them, and nothing else: no checks, no
// owners, no attributes. What they differ in is who makes the calls.
//
//   small_files plain|chains|batches SOURCE TARGET THREADS
//
// plain    each thread opens, reads, creates, writes and publishes one file after the other
// chains   16 files at a time, each one chain on the ring: openat_direct of both sides, read, write,
//          renameat, close_direct of both; the times by a plain call afterwards
// batches  64 reads in flight on the ring, everything else by plain calls: what fastsync does
//
// Prints the seconds to durable, with syncfs of the target.

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 1 << 20, CHAINS = 16, READS = 64 };

struct file {
  char name[NAME_MAX + 1];
  char temporary[NAME_MAX + 16];
  int source;
  int size;
  int read;
  char *buffer;
};

static const char *way, *source_path, *target_path;
static char **directories;
static int directory_count;
static atomic_int next_directory;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int size_of(int directory, const char *name) {
  struct stat found;
  if (fstatat(directory, name, &found, AT_SYMLINK_NOFOLLOW) < 0) fail(name);
  if (found.st_size > FILE_BYTES_MAX) fail("a file is too large");
  return (int)found.st_size;
}

static const struct timespec times[2] = {{1700000000, 1}, {1700000000, 2}};

// Whether a call may succeed when it is made again: XFS reserves more for data on its way than it
// will take, and settles that when it is synced.
static int made_room(int target) { return errno == ENOSPC && syncfs(target) == 0; }

// Creates, writes and publishes a file that was read.
static void write_file(int target, struct file *file) {
  if (file->read != file->size) fail("short read");
  int created = openat(target, ".", O_TMPFILE | O_RDWR, 0644);
  if (created < 0 && made_room(target)) created = openat(target, ".", O_TMPFILE | O_RDWR, 0644);
  if (created < 0) fail("create");
  if (pwrite(created, file->buffer, file->size, 0) != file->size) fail("write");
  if (futimens(created, times) < 0) fail("times");
  int linked = linkat(created, "", target, file->name, AT_EMPTY_PATH);
  if (linked < 0 && made_room(target)) linked = linkat(created, "", target, file->name, AT_EMPTY_PATH);
  if (linked < 0) fail("link");
  close(created);
  close(file->source);
}

// The next file of a directory, or 0 at its end.
static int next_file(DIR *listing, struct file *file) {
  struct dirent *entry;
  while ((entry = readdir(listing)) != NULL) {
    if (entry->d_name[0] == '.') continue;
    snprintf(file->name, sizeof file->name, "%s", entry->d_name);
    file->size = size_of(dirfd(listing), file->name);
    return 1;
  }
  return 0;
}

static void copy_plainly(DIR *listing, int target, struct file *files) {
  struct file *file = &files[0];
  while (next_file(listing, file)) {
    file->source = openat(dirfd(listing), file->name, O_RDONLY | O_NOATIME);
    if (file->source < 0) fail("open");
    file->read = (int)pread(file->source, file->buffer, file->size, 0);
    write_file(target, file);
  }
}

static void start(struct io_uring_sqe *entry, int index, int flags, int is_last) {
  io_uring_sqe_set_data64(entry, index);
  entry->flags |= flags | (is_last ? 0 : IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS);
}

static void start_chain(struct io_uring *ring, int source, int target, struct file *file, int index) {
  int from = 2 * index, to = from + 1;
  snprintf(file->temporary, sizeof file->temporary, ".%s.temporary", file->name);
  struct io_uring_sqe *entry = io_uring_get_sqe(ring);
  io_uring_prep_openat_direct(entry, source, file->name, O_RDONLY | O_NOATIME, 0, from);
  start(entry, index, 0, 0);
  entry = io_uring_get_sqe(ring);
  io_uring_prep_openat_direct(entry, target, file->temporary, O_CREAT | O_EXCL | O_WRONLY, 0644, to);
  start(entry, index, 0, 0);
  entry = io_uring_get_sqe(ring);
  io_uring_prep_read(entry, from, file->buffer, file->size, 0);
  start(entry, index, IOSQE_FIXED_FILE, 0);
  entry = io_uring_get_sqe(ring);
  io_uring_prep_write(entry, to, file->buffer, file->size, 0);
  start(entry, index, IOSQE_FIXED_FILE, 0);
  entry = io_uring_get_sqe(ring);
  io_uring_prep_renameat(entry, target, file->temporary, target, file->name, 0);
  start(entry, index, 0, 0);
  entry = io_uring_get_sqe(ring);
  io_uring_prep_close_direct(entry, from);
  start(entry, index, 0, 0);
  entry = io_uring_get_sqe(ring);
  io_uring_prep_close_direct(entry, to);
  start(entry, index, 0, 1);
}

static void copy_in_chains(struct io_uring *ring, DIR *listing, int target, struct file *files) {
  int in_flight = 0, is_free[CHAINS], has_more = 1;
  for (int i = 0; i < CHAINS; i++) is_free[i] = 1;
  while (has_more || in_flight > 0) {
    for (int i = 0; i < CHAINS && has_more; i++) {
      if (!is_free[i]) continue;
      if (!(has_more = next_file(listing, &files[i]))) break;
      start_chain(ring, dirfd(listing), target, &files[i], i);
      is_free[i] = 0;
      in_flight++;
    }
    if (io_uring_submit_and_wait(ring, in_flight > 0) < 0) fail("submit");
    struct io_uring_cqe *done;
    while (io_uring_peek_cqe(ring, &done) == 0) {
      int index = (int)done->user_data;
      if (done->res < 0) errno = -done->res, fail("chain");
      io_uring_cqe_seen(ring, done);
      if (utimensat(target, files[index].name, times, 0) < 0) fail("times");
      is_free[index] = 1;
      in_flight--;
    }
  }
}

static void copy_in_batches(struct io_uring *ring, DIR *listing, int target, struct file *files) {
  int in_flight = 0, is_free[READS], has_more = 1;
  for (int i = 0; i < READS; i++) is_free[i] = 1;
  while (has_more || in_flight > 0) {
    for (int i = 0; i < READS && has_more; i++) {
      if (!is_free[i]) continue;
      struct file *file = &files[i];
      if (!(has_more = next_file(listing, file))) break;
      file->source = openat(dirfd(listing), file->name, O_RDONLY | O_NOATIME | O_DIRECT);
      if (file->source < 0) fail("open");
      struct io_uring_sqe *entry = io_uring_get_sqe(ring);
      io_uring_prep_read(entry, file->source, file->buffer, (file->size + 4095) & ~4095, 0);
      io_uring_sqe_set_data64(entry, i);
      is_free[i] = 0;
      in_flight++;
    }
    if (io_uring_submit_and_wait(ring, (in_flight + 3) / 4) < 0) fail("submit");
    struct io_uring_cqe *done;
    while (io_uring_peek_cqe(ring, &done) == 0) {
      struct file *file = &files[done->user_data];
      file->read = done->res;
      is_free[done->user_data] = 1;
      in_flight--;
      io_uring_cqe_seen(ring, done);
      write_file(target, file);
    }
  }
}

static void *work(void *unused) {
  struct io_uring ring;
  struct io_uring_params parameters = {
      .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN};
  if (io_uring_queue_init_params(256, &ring, &parameters) < 0) fail("ring");
  if (io_uring_register_files_sparse(&ring, 2 * CHAINS) < 0) fail("direct descriptors");
  struct file *files = calloc(READS, sizeof *files);
  for (int i = 0; i < READS; i++)
    if ((files[i].buffer = aligned_alloc(4096, FILE_BYTES_MAX)) == NULL) fail("memory");
  for (int i; (i = next_directory++) < directory_count;) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", source_path, directories[i]);
    DIR *listing = opendir(path);
    snprintf(path, sizeof path, "%s/%s", target_path, directories[i]);
    if (mkdir(path, 0755) < 0) fail(path);
    int target = open(path, O_RDONLY | O_DIRECTORY);
    if (listing == NULL || target < 0) fail(path);
    if (strcmp(way, "plain") == 0) copy_plainly(listing, target, files);
    if (strcmp(way, "chains") == 0) copy_in_chains(&ring, listing, target, files);
    if (strcmp(way, "batches") == 0) copy_in_batches(&ring, listing, target, files);
    closedir(listing);
    close(target);
  }
  io_uring_queue_exit(&ring);
  return unused;
}

int main(int count, char **words) {
  if (count != 5) return fprintf(stderr, "small_files WAY SOURCE TARGET THREADS\n"), 1;
  way = words[1], source_path = words[2], target_path = words[3];
  DIR *listing = opendir(source_path);
  if (listing == NULL) fail(source_path);
  for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
    if (entry->d_name[0] == '.') continue;
    directories = realloc(directories, (directory_count + 1) * sizeof *directories);
    directories[directory_count++] = strdup(entry->d_name);
  }
  struct timespec begin, end;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  int threads = atoi(words[4]);
  pthread_t thread[threads];
  for (int i = 0; i < threads; i++)
    if (pthread_create(&thread[i], NULL, work, NULL)) fail("thread");
  for (int i = 0; i < threads; i++) pthread_join(thread[i], NULL);
  if (syncfs(open(target_path, O_RDONLY)) < 0) fail("sync");
  clock_gettime(CLOCK_MONOTONIC, &end);
  printf("%.3f\n", end.tv_sec - begin.tv_sec + (end.tv_nsec - begin.tv_nsec) / 1e9);
  return 0;
}
