/* What could change a watched file behind the journal's back: it ends the program, so that no journal is incomplete. */
#define _GNU_SOURCE
#include "power_disk.h"

#include <limits.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static void must_not(const char *what, int fd) {
    char path[PATH_MAX];
    if (path_of(fd, path) && !ends(path, "-shm"))
        unseen(what, path);
}

void *mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset) {
    if (fd >= 0 && (flags & MAP_TYPE) != MAP_PRIVATE && (protection & PROT_WRITE))
        must_not("a writable mapping", fd);
    return (void *)syscall(SYS_mmap, at, bytes, protection, flags, fd, offset);
}
void *mmap64(void *at, size_t bytes, int protection, int flags, int fd, off64_t offset) {
    return mmap(at, bytes, protection, flags, fd, offset);
}
#define UNSEEN(type, name, fd, call, parameters, ...)                                                                  \
    type name parameters {                                                                                             \
        must_not(#name, fd);                                                                                           \
        return syscall(call, __VA_ARGS__);                                                                             \
    }
UNSEEN(ssize_t, writev, fd, SYS_writev, (int fd, const struct iovec *parts, int n), fd, parts, n)
UNSEEN(ssize_t, sendfile, to, SYS_sendfile, (int to, int from, off_t *at, size_t n), to, from, at, n)
UNSEEN(ssize_t, sendfile64, to, SYS_sendfile, (int to, int from, off64_t *at, size_t n), to, from, at, n)
UNSEEN(int, fallocate, fd, SYS_fallocate, (int fd, int mode, off_t at, off_t n), fd, mode, at, n)
UNSEEN(int, fallocate64, fd, SYS_fallocate, (int fd, int mode, off64_t at, off64_t n), fd, mode, at, n)
UNSEEN(ssize_t, copy_file_range, to, SYS_copy_file_range,
       (int from, off64_t *from_at, int to, off64_t *to_at, size_t n, unsigned int flags), from, from_at, to, to_at, n,
       flags)
UNSEEN(ssize_t, pwritev, fd, SYS_pwritev, (int fd, const struct iovec *parts, int n, off_t at), fd, parts, n, at, 0)
UNSEEN(ssize_t, pwritev64, fd, SYS_pwritev, (int fd, const struct iovec *parts, int n, off64_t at), fd, parts, n, at, 0)
