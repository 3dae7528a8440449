// SPDX-License-Identifier: Apache-2.0
//
// The calls that make, change and remove entries.

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "calls.h"

int mkdirat(int directory, const char *path, mode_t mode) {
  FAIL(mkdir);
  return REAL(mkdirat)(directory, path, mode);
}

int symlinkat(const char *contents, int directory, const char *path) {
  FAIL(symlink);
  return REAL(symlinkat)(contents, directory, path);
}

int mknodat(int directory, const char *path, mode_t mode, dev_t device) {
  FAIL(mknod);
  return REAL(mknodat)(directory, path, mode, device);
}

int linkat(int directory, const char *path, int new_directory, const char *new_path, int flags) {
  FAIL(link);
  return REAL(linkat)(directory, path, new_directory, new_path, flags);
}

int unlinkat(int directory, const char *path, int flags) {
  if (flags & AT_REMOVEDIR) FAIL(rmdir);
  else FAIL(unlink);
  return REAL(unlinkat)(directory, path, flags);
}

int renameat(int directory, const char *path, int new_directory, const char *new_path) {
  FAIL(rename);
  return REAL(renameat)(directory, path, new_directory, new_path);
}

int renameat2(int directory, const char *path, int new_directory, const char *new_path,
              unsigned flags) {
  FAIL(rename);
  return REAL(renameat2)(directory, path, new_directory, new_path, flags);
}

int fchown(int descriptor, uid_t owner, gid_t group) {
  FAIL(chown);
  return REAL(fchown)(descriptor, owner, group);
}

int fchownat(int directory, const char *path, uid_t owner, gid_t group, int flags) {
  FAIL(chown);
  return REAL(fchownat)(directory, path, owner, group, flags);
}

int fchmod(int descriptor, mode_t mode) {
  FAIL(chmod);
  return REAL(fchmod)(descriptor, mode);
}

int chmod(const char *path, mode_t mode) {
  FAIL(chmod);
  return REAL(chmod)(path, mode);
}

int futimens(int descriptor, const struct timespec times[2]) {
  FAIL(utimens);
  return REAL(futimens)(descriptor, times);
}

int utimensat(int directory, const char *path, const struct timespec times[2], int flags) {
  FAIL(utimens);
  return REAL(utimensat)(directory, path, times, flags);
}

ssize_t readlink(const char *restrict path, char *restrict out, size_t bytes) {
  if (fi_answers()) return fi_answer(out, bytes);
  FAIL(readlink);
  return REAL(readlink)(path, out, bytes);
}

ssize_t readlinkat(int directory, const char *restrict path, char *restrict out, size_t bytes) {
  FAIL(readlink);
  return REAL(readlinkat)(directory, path, out, bytes);
}

ssize_t flistxattr(int descriptor, char *list, size_t bytes) {
  if (fi_answers()) return fi_answer(list, bytes);
  FAIL(list_xattr);
  return REAL(flistxattr)(descriptor, list, bytes);
}

ssize_t llistxattr(const char *path, char *list, size_t bytes) {
  FAIL(list_xattr);
  return REAL(llistxattr)(path, list, bytes);
}

ssize_t fgetxattr(int descriptor, const char *name, void *value, size_t bytes) {
  if (fi_answers()) return fi_answer(value, bytes);
  FAIL(get_xattr);
  return REAL(fgetxattr)(descriptor, name, value, bytes);
}

ssize_t lgetxattr(const char *path, const char *name, void *value, size_t bytes) {
  FAIL(get_xattr);
  return REAL(lgetxattr)(path, name, value, bytes);
}

int fsetxattr(int descriptor, const char *name, const void *value, size_t bytes, int flags) {
  FAIL(set_xattr);
  return REAL(fsetxattr)(descriptor, name, value, bytes, flags);
}

int lsetxattr(const char *path, const char *name, const void *value, size_t bytes, int flags) {
  FAIL(set_xattr);
  return REAL(lsetxattr)(path, name, value, bytes, flags);
}

int fremovexattr(int descriptor, const char *name) {
  FAIL(remove_xattr);
  return REAL(fremovexattr)(descriptor, name);
}

int lremovexattr(const char *path, const char *name) {
  FAIL(remove_xattr);
  return REAL(lremovexattr)(path, name);
}
