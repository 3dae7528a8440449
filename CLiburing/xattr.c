// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "missing.h"

// Linux 6.13; newer than Debian 12's headers, and the same numbers on every architecture.
enum { SETXATTRAT = 463, GETXATTRAT = 464, LISTXATTRAT = 465, REMOVEXATTRAT = 466 };

struct xattr_args {
  uint64_t value __attribute__((aligned(8)));
  uint32_t size;
  uint32_t flags;
};

// Makes DIRECTORY the working directory, since there is no /proc; returns the one it was. Threads
// share theirs, so that this one gets its own first.
static int enter(int directory) {
  static _Thread_local bool is_apart;
  if (!is_apart && unshare(CLONE_FS) < 0) return -ENOSYS;
  is_apart = true;
  int home = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (home < 0) return -errno;
  if (fchdir(directory) == 0) return home;
  int error = errno;
  close(home);
  return -error;
}

// An entry as the calls take it that have no *at form.
struct entry {
  int home;  // the working directory to go back to, or -1
  char path[PATH_MAX];
};

// Finds a path to NAME that is short whatever the depth of DIRECTORY. Written by hand: on kernels
// before 6.13 snprintf would be a third of the work for a file that is as it should be.
static int find(struct entry *entry, int directory, const char *name) {
  static const char start[] = "/proc/self/fd/";
  char digits[12], *path = entry->path;
  size_t count = 0, length = 0;
  entry->home = -1;
  if (has_proc()) {
    length = sizeof start - 1;
    for (unsigned rest = (unsigned)directory; count == 0 || rest > 0; rest /= 10)
      digits[count++] = (char)('0' + rest % 10);
    memcpy(path, start, length);
    while (count > 0) path[length++] = digits[--count];
    path[length++] = '/';
  } else if ((entry->home = enter(directory)) < 0) {
    return entry->home;
  }
  // NAME_MAX bounds a name.
  size_t name_length = strnlen(name, PATH_MAX - 1 - length);
  memcpy(path + length, name, name_length);
  path[length + name_length] = 0;
  return 0;
}

static long result(long value) { return value < 0 ? -errno : value; }

// Lets go of an entry, and passes on what a call returned.
static long done(const struct entry *entry, long value) {
  long returned = result(value);
  if (entry->home < 0) return returned;
  int error = fchdir(entry->home) < 0 ? -errno : 0;
  close(entry->home);
  return error < 0 ? error : returned;
}

long cl_list_xattr(int directory, const char *name, char *list, size_t bytes) {
  static _Atomic int known;
  if (!*name) return result(flistxattr(directory, list, bytes));
  if (!call_is_missing(&known, LISTXATTRAT))
    return result(syscall(LISTXATTRAT, directory, name, AT_SYMLINK_NOFOLLOW, list, bytes));
  struct entry e;
  int error = find(&e, directory, name);
  if (error < 0) return error;
  return done(&e, llistxattr(e.path, list, bytes));
}

long cl_get_xattr(int directory, const char *name, const char *key, void *value, size_t bytes) {
  static _Atomic int known;
  if (!*name) return result(fgetxattr(directory, key, value, bytes));
  if (!call_is_missing(&known, GETXATTRAT)) {
    struct xattr_args args = {(uint64_t)(uintptr_t)value, (uint32_t)bytes, 0};
    return result(
        syscall(GETXATTRAT, directory, name, AT_SYMLINK_NOFOLLOW, key, &args, sizeof args));
  }
  struct entry e;
  int error = find(&e, directory, name);
  if (error < 0) return error;
  return done(&e, lgetxattr(e.path, key, value, bytes));
}

int cl_set_xattr(int directory, const char *name, const char *key, const void *value,
                 size_t bytes) {
  static _Atomic int known;
  if (!*name) return (int)result(fsetxattr(directory, key, value, bytes, 0));
  if (!call_is_missing(&known, SETXATTRAT)) {
    struct xattr_args args = {(uint64_t)(uintptr_t)value, (uint32_t)bytes, 0};
    return (int)result(
        syscall(SETXATTRAT, directory, name, AT_SYMLINK_NOFOLLOW, key, &args, sizeof args));
  }
  struct entry e;
  int error = find(&e, directory, name);
  if (error < 0) return error;
  return (int)done(&e, lsetxattr(e.path, key, value, bytes, 0));
}

int cl_remove_xattr(int directory, const char *name, const char *key) {
  static _Atomic int known;
  if (!*name) return (int)result(fremovexattr(directory, key));
  if (!call_is_missing(&known, REMOVEXATTRAT))
    return (int)result(syscall(REMOVEXATTRAT, directory, name, AT_SYMLINK_NOFOLLOW, key));
  struct entry e;
  int error = find(&e, directory, name);
  if (error < 0) return error;
  return (int)done(&e, lremovexattr(e.path, key));
}
