// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "calls.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/aio_abi.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "FaultInjection.h"

// Newer than Debian 12's headers; the same numbers on every architecture.
enum {
  CACHESTAT = 451,
  FCHMODAT2 = 452,
  SETXATTRAT = 463,
  GETXATTRAT = 464,
  LISTXATTRAT = 465,
  REMOVEXATTRAT = 466
};

// Every function here, for those who ask what is covered.
#define COVERED(X) \
  X(open) X(openat) X(close) X(fcntl) X(statx) X(fstatfs) X(fstatvfs) X(flock) X(lseek) \
  X(mkdirat) X(symlinkat) \
  X(mknodat) X(linkat) X(unlinkat) X(renameat) X(renameat2) X(fchown) X(fchownat) X(fchmod) \
  X(chmod) X(futimens) X(utimensat) X(readlink) X(readlinkat) X(flistxattr) X(llistxattr) \
  X(fgetxattr) X(lgetxattr) X(fsetxattr) X(lsetxattr) X(fremovexattr) X(lremovexattr) \
  X(ftruncate) X(fallocate) X(read) X(pread) X(preadv2) X(pwrite) X(pwritev2) X(posix_fadvise) \
  X(sync_file_range) X(syncfs) X(fsync) X(ioctl) X(mmap) X(pthread_create) X(geteuid) X(syscall)

bool fi_covers(const char *function) {
#define IS(name) if (strcmp(function, #name) == 0) return true;
  COVERED(IS)
#undef IS
  return false;
}

static mode_t mode_of(int flags, va_list rest) {
  return flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)) ? va_arg(rest, mode_t) : 0;
}

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = mode_of(flags, rest);
  va_end(rest);
  FAIL(open);
  if (fi_answers()) return fi_opened(REAL(open)("/", O_RDONLY | O_CLOEXEC));
  return fi_opened(REAL(open)(path, flags, mode));
}

int openat(int directory, const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = mode_of(flags, rest);
  va_end(rest);
  if ((flags & O_TMPFILE) == O_TMPFILE) FAIL(create_unnamed);
  else FAIL(open_beneath);
  return fi_opened(REAL(openat)(directory, path, flags, mode));
}

int close(int descriptor) {
  // It is closed in any case.
  int result = REAL(close)(descriptor);
  if (result == 0) fi_closed();
  FAIL(close);
  return result;
}

int fcntl(int descriptor, int command, ...) {
  va_list rest;
  va_start(rest, command);
  long argument = va_arg(rest, long);
  va_end(rest);
  if (command == F_DUPFD_CLOEXEC) FAIL(duplicate);
  if (command == F_SETFL && argument & O_DIRECT) FAIL(set_direct);
  int result = REAL(fcntl)(descriptor, command, argument);
  return command == F_DUPFD_CLOEXEC ? fi_opened(result) : result;
}

int statx(int directory, const char *restrict path, int flags, unsigned mask,
          struct statx *restrict out) {
  FAIL(statx);
  return REAL(statx)(directory, path, flags, mask, out);
}

int fstatfs(int descriptor, struct statfs *out) {
  FAIL(fstatfs);
  return REAL(fstatfs)(descriptor, out);
}

int fstatvfs(int descriptor, struct statvfs *out) {
  FAIL(fstatvfs);
  return REAL(fstatvfs)(descriptor, out);
}

int flock(int descriptor, int operation) {
  FAIL(flock);
  return REAL(flock)(descriptor, operation);
}

off_t lseek(int descriptor, off_t offset, int whence) {
  if (whence == SEEK_DATA) FAIL(seek_data);
  else if (whence == SEEK_HOLE) FAIL(seek_hole);
  else FAIL(seek);
  return REAL(lseek)(descriptor, offset, whence);
}

int ftruncate(int descriptor, off_t size) {
  FAIL(truncate);
  return REAL(ftruncate)(descriptor, size);
}

int fallocate(int descriptor, int mode, off_t offset, off_t length) {
  FAIL(allocate);
  return REAL(fallocate)(descriptor, mode, offset, length);
}

// Half of what was asked, where the call is to do less.
static size_t lessened(int error, size_t bytes) {
  return error == fi_short && bytes > 1 ? bytes / 2 : bytes;
}

#define MOVE(kind, bytes) \
  int error = fi_next(FI_##kind); \
  if (error > 0) return errno = error, -1; \
  size_t moved = lessened(error, bytes)

ssize_t read(int descriptor, void *buffer, size_t bytes) {
  if (fi_answers()) return fi_answer(buffer, bytes);
  MOVE(read, bytes);
  return REAL(read)(descriptor, buffer, moved);
}

ssize_t pread(int descriptor, void *buffer, size_t bytes, off_t offset) {
  MOVE(read, bytes);
  return REAL(pread)(descriptor, buffer, moved, offset);
}

ssize_t pwrite(int descriptor, const void *buffer, size_t bytes, off_t offset) {
  MOVE(write, bytes);
  return REAL(pwrite)(descriptor, buffer, moved, offset);
}

// The shim gives one part only.
ssize_t preadv2(int descriptor, const struct iovec *parts, int count, off_t offset, int flags) {
  if (count != 1) return REAL(preadv2)(descriptor, parts, count, offset, flags);
  MOVE(read, parts->iov_len);
  struct iovec part = {parts->iov_base, moved};
  return REAL(preadv2)(descriptor, &part, 1, offset, flags);
}

ssize_t pwritev2(int descriptor, const struct iovec *parts, int count, off_t offset, int flags) {
  if (count != 1) return REAL(pwritev2)(descriptor, parts, count, offset, flags);
  MOVE(write, parts->iov_len);
  struct iovec part = {parts->iov_base, moved};
  return REAL(pwritev2)(descriptor, &part, 1, offset, flags);
}

int posix_fadvise(int descriptor, off_t offset, off_t length, int advice) {
  int error = fi_next(FI_advise);
  return error > 0 ? error : REAL(posix_fadvise)(descriptor, offset, length, advice);
}

int sync_file_range(int descriptor, off_t offset, off_t length, unsigned flags) {
  FAIL(sync_range);
  return REAL(sync_file_range)(descriptor, offset, length, flags);
}

int syncfs(int descriptor) {
  FAIL(syncfs);
  return REAL(syncfs)(descriptor);
}

int fsync(int descriptor) {
  FAIL(fsync);
  return REAL(fsync)(descriptor);
}

int ioctl(int descriptor, unsigned long request, ...) {
  va_list rest;
  va_start(rest, request);
  void *argument = va_arg(rest, void *);
  va_end(rest);
  if (request == FICLONE) FAIL(clone);
  else FAIL(ioctl);
  return REAL(ioctl)(descriptor, request, argument);
}

void *mmap(void *address, size_t bytes, int protection, int flags, int descriptor, off_t offset) {
  int error = fi_next(FI_mmap);
  if (error > 0) return errno = error, MAP_FAILED;
  return REAL(mmap)(address, bytes, protection, flags, descriptor, offset);
}

uid_t geteuid(void) { return fi_is_user() ? 1000 : REAL(geteuid)(); }

// A thread belongs to the run of the one that starts it.
struct started {
  void *(*body)(void *);
  void *argument;
  struct fi_run *run;
};

static void *run_started(void *argument) {
  struct started started = *(struct started *)argument;
  free(argument);
  fi_enter(started.run);
  return started.body(started.argument);
}

int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attributes,
                   void *(*body)(void *), void *restrict argument) {
  struct fi_run *run = fi_current();
  if (!run) return REAL(pthread_create)(thread, attributes, body, argument);
  int error = fi_next(FI_thread);
  if (error > 0) return error;
  struct started *started = malloc(sizeof *started);
  if (!started) return EAGAIN;
  *started = (struct started){body, argument, run};
  error = REAL(pthread_create)(thread, attributes, run_started, started);
  if (error) free(started);
  return error;
}

static long get_events(long arguments[6]) {
  FAIL(io_getevents);
  long got = REAL(syscall)(SYS_io_getevents, arguments[0], arguments[1], arguments[2], arguments[3],
                           arguments[4]);
  struct io_event *events = (struct io_event *)arguments[3];
  for (long i = 0; i < got; i++) {
    int error = fi_next(FI_aio_result);
    if (error > 0) events[i].res = -error;
  }
  return got;
}

static long submit(long arguments[6]) {
  MOVE(io_submit, (size_t)arguments[1]);
  return REAL(syscall)(SYS_io_submit, arguments[0], (long)moved, arguments[2]);
}

// Lays names that end with a slash out as the kernel would; at most as many as there is room for.
static long answer_directory(char *buffer, size_t room) {
  char names[8192];
  long length = fi_answer(names, sizeof names);
  size_t filled = 0;
  for (char *name = names; name < names + length;) {
    char *end = memchr(name, '/', (size_t)(names + length - name));
    size_t bytes = (size_t)((end ? end : names + length) - name);
    if (bytes > NAME_MAX) bytes = NAME_MAX;
    struct { uint64_t inode, offset; uint16_t record; uint8_t type; } head = {filled + 1, 0, 0, 0};
    enum { HEAD = 19 };
    size_t record = (HEAD + bytes + 1 + 7) / 8 * 8;
    if (bytes > 0 && filled + record <= room) {
      head.record = (uint16_t)record;
      memset(buffer + filled, 0, record);
      memcpy(buffer + filled, &head, HEAD);
      memcpy(buffer + filled + HEAD, name, bytes);
      filled += record;
    }
    name = end ? end + 1 : names + length;
  }
  return length < 0 ? 0 : (long)filled;
}

static long read_directory(long arguments[6]) {
  if (fi_answers()) return answer_directory((char *)arguments[1], (size_t)arguments[2]);
  int error = fi_next(FI_getdents);
  if (error > 0) return errno = error, -1;
  // Room for a name or two.
  long bytes = error == fi_short && arguments[2] > 600 ? 600 : arguments[2];
  return REAL(syscall)(SYS_getdents64, arguments[0], arguments[1], bytes);
}

static long open_beneath(long arguments[6]) {
  const struct { uint64_t flags, mode, resolve; } *how = (void *)arguments[2];
  if (how->flags & O_CREAT) FAIL(create);
  else FAIL(open_beneath);
  return fi_opened((int)REAL(syscall)(SYS_openat2, arguments[0], arguments[1], arguments[2],
                                      arguments[3]));
}

long syscall(long number, ...) {
  long a[6];
  va_list rest;
  va_start(rest, number);
  for (int i = 0; i < 6; i++) a[i] = va_arg(rest, long);
  va_end(rest);
  // On no file at all it is only asked whether there is such a call, once in a process.
  if (fi_current() && a[0] != -1) {
    switch (number) {
      case SYS_openat2: return open_beneath(a);
      case SYS_getdents64: return read_directory(a);
      case SYS_io_submit: return submit(a);
      case SYS_io_getevents: return get_events(a);
      case SYS_io_setup: FAIL(io_setup); break;
      case CACHESTAT: FAIL(cachestat); break;
      case FCHMODAT2: FAIL(chmod); break;
      case SETXATTRAT: FAIL(set_xattr); break;
      case GETXATTRAT: FAIL(get_xattr); break;
      case LISTXATTRAT: FAIL(list_xattr); break;
      case REMOVEXATTRAT: FAIL(remove_xattr); break;
      default: break;
    }
  }
  return REAL(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
