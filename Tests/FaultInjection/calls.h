// SPDX-License-Identifier: Apache-2.0
//
// The kinds of calls, and what each can give by the manual pages of Linux and by what filesystems
// are known to give beyond them.
//
// Left out: what only a wrong argument gives (EBADF, EFAULT); ENOSYS where the shim asks once in
// the life of a process; and what would be a lie and not a failure, as when an attribute that was
// listed is said not to be there (ENODATA), data not to be data (ENXIO), a directory that was just
// looked at to be none (ENOTDIR), or one to be there (EEXIST) that is not.

#pragma once

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

#define FULL ENOSPC, EDQUOT
#define REFUSED EACCES, EPERM

#define FI_CALLS(X) \
  X(open, REFUSED, EINTR, EIO, ELOOP, EMFILE, ENFILE, ENOENT, ENOMEM, ENOTDIR, ENXIO, ESTALE) \
  X(open_beneath, REFUSED, EAGAIN, EINTR, EIO, ELOOP, EMFILE, ENFILE, ENOENT, ENOMEM, ENXIO, \
    ESTALE, EXDEV) \
  X(create, REFUSED, FULL, EEXIST, EINTR, EIO, EMFILE, ENFILE, ENOENT, ENOMEM, EROFS) \
  X(create_unnamed, REFUSED, FULL, EINTR, EIO, EISDIR, EMFILE, ENFILE, ENOENT, ENOMEM, EOPNOTSUPP, \
    EROFS) \
  X(close, EINTR, EIO, FULL) \
  X(duplicate, EMFILE) \
  X(set_direct, EINVAL) \
  X(statx, REFUSED, EIO, ELOOP, ENOENT, ENOMEM, ENOTDIR, ESTALE) \
  X(flock, EINTR, ENOLCK, EWOULDBLOCK) \
  X(fstatvfs, EINTR, EIO, ENOMEM, ESTALE) \
  X(fstatfs, EINTR, EIO, ENOMEM, ESTALE) \
  X(getdents, EIO, ENOENT, ENOMEM, ESTALE, fi_short) \
  X(seek, EINVAL, EIO, EOVERFLOW) \
  X(seek_data, EINVAL, EIO) \
  X(seek_hole, EINVAL, EIO, ENXIO) \
  X(mkdir, REFUSED, FULL, EIO, EMLINK, ENOENT, ENOMEM, EROFS) \
  X(symlink, REFUSED, FULL, EEXIST, EIO, ENAMETOOLONG, ENOENT, ENOMEM, EROFS) \
  X(mknod, REFUSED, FULL, EEXIST, EIO, ENOENT, ENOMEM, EROFS) \
  X(link, REFUSED, FULL, EEXIST, EIO, EMLINK, ENOENT, ENOMEM, EROFS, EXDEV) \
  X(unlink, REFUSED, EBUSY, EIO, EISDIR, ENOENT, ENOMEM, EROFS) \
  X(rmdir, REFUSED, EBUSY, EIO, ENOENT, ENOMEM, ENOTDIR, ENOTEMPTY, EROFS) \
  X(rename, REFUSED, FULL, EBUSY, EINVAL, EIO, EISDIR, EMLINK, ENOENT, ENOMEM, ENOTEMPTY, EROFS, \
    EXDEV) \
  X(chown, REFUSED, EDQUOT, EIO, ENOENT, ENOMEM, EROFS) \
  X(chmod, REFUSED, EIO, ENOENT, ENOMEM, EROFS) \
  X(utimens, REFUSED, EIO, ENOENT, EROFS) \
  X(readlink, EACCES, EINVAL, EIO, ENOENT, ENOMEM, ENOTDIR) \
  X(list_xattr, REFUSED, E2BIG, EIO, ENOENT, ENOMEM, ERANGE) \
  X(get_xattr, REFUSED, E2BIG, EIO, ENOENT, ENOMEM, ENOTSUP, ERANGE) \
  X(set_xattr, REFUSED, FULL, E2BIG, EINVAL, EIO, ENOENT, ENOMEM, ENOTSUP, ERANGE, EROFS) \
  X(remove_xattr, REFUSED, EIO, ENOENT, ENOMEM, ENOTSUP, EROFS) \
  X(truncate, EDQUOT, EFBIG, EINTR, EINVAL, EIO, ENOSPC, EPERM) \
  X(allocate, FULL, EFBIG, EINTR, EIO, ENODEV, EOPNOTSUPP, EPERM) \
  X(read, EINTR, EINVAL, EIO, EISDIR, EOPNOTSUPP, ESTALE, fi_short) \
  X(write, FULL, EFBIG, EINTR, EINVAL, EIO, EOPNOTSUPP, EPERM, fi_short) \
  X(advise, EINVAL, ESPIPE) \
  X(sync_range, FULL, EINTR, EINVAL, EIO, ENOMEM) \
  X(syncfs, FULL, EIO) \
  X(fsync, FULL, EINTR, EIO, EROFS) \
  X(clone, FULL, EINVAL, EIO, EOPNOTSUPP, EPERM, EXDEV) \
  X(ioctl, EINVAL, EIO, ENOTTY, EOPNOTSUPP, EPERM) \
  X(cachestat, ENOSYS, EOPNOTSUPP, EPERM) \
  X(io_setup, EAGAIN, EINVAL, ENOMEM, ENOSYS) \
  X(io_submit, EAGAIN, EINVAL, ENOSYS, fi_short) \
  X(io_getevents, EINTR) \
  X(aio_result, FULL, EINVAL, EIO, EOPNOTSUPP) \
  X(mmap, EAGAIN, ENOMEM) \
  X(thread, EAGAIN)

#define FI_KIND(name, ...) FI_##name,
enum fi_kind { FI_CALLS(FI_KIND) FI_KINDS };
#undef FI_KIND

/// The errno that the next call of a kind gives, `fi_short`, or 0 where nothing goes wrong.
int fi_next(enum fi_kind kind);
/// Notes that the run opened a descriptor, if RESULT is one; returns RESULT.
int fi_opened(int result);
/// Notes that the run closed one.
void fi_closed(void);
/// Whether the run is to take itself for that of an ordinary user.
int fi_is_user(void);

/// Whether the run has answers, made up.
int fi_answers(void);
/// Gives the next answer, of at most ROOM bytes.
///
/// Returns its length, 0 where a file ends, or -1 with ENOENT where there is none, and with ERANGE
/// where it does not fit.
long fi_answer(void *buffer, size_t room);

struct fi_run;
/// The run that the calling thread belongs to, or none.
struct fi_run *fi_current(void);
void fi_enter(struct fi_run *run);

// The C library's own function of a name.
#define REAL(name) \
  ({ \
    static __typeof__(name) *real; \
    if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name); \
    real; \
  })

// Fails as a call that returns -1 and sets errno.
#define FAIL(kind) \
  do { \
    int error = fi_next(FI_##kind); \
    if (error > 0) return errno = error, -1; \
  } while (0)
