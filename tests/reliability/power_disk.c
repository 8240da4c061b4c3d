/* A disk that loses power, is full or read-only, for one program: preloaded, it stands between the program and the
 * files whose path begins with POWER_PREFIX.
 *
 * POWER_JOURNAL  a file that gets every change of those files in order, and every sync, so that somebody else can tell
 *                what was on the disk at any moment. No real sync is made: the journal is the disk.
 * POWER_CUT_AT   the process ends at this change or sync, counted from 1; 0 for never. A change that is cut has reached
 *                the disk's memory and may survive, a sync that is cut has not happened.
 * POWER_CUT_ON   only changes and syncs of paths that end so are counted; empty for all.
 * POWER_SWITCH   a folder. While it holds a file `full`, as many bytes are written as that file says, and then none:
 *                the rest of a write is cut off. While it holds `read-only`, nothing changes any more. While it holds
 *                `unsyncable`, syncs fail.
 *
 * Files whose path ends in -shm are not journalled: they are mapped, and SQLite builds them anew after a crash. Whatever
 * else could change a file without being seen ends the program loudly.
 */
#define _GNU_SOURCE
#include "power_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CREATED = 1, WRITTEN, TRUNCATED, SYNCED, SYNCED_FOLDER, RENAMED, REMOVED, MADE_FOLDER, LINKED };
enum { CUT = 86 };

struct record {
    uint32_t kind, path_bytes;
    uint64_t offset;
    uint32_t data_bytes, unused;
};

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static char prefix[PATH_MAX], cut_on[64], switches[PATH_MAX];
static int journal = -1;
static long cut_at, counted, room = -1;

static const char *setting(const char *name) {
    const char *value = getenv(name);
    return value ? value : "";
}

/* Read the settings from the environment, at the start and whenever the program asks for it. */
__attribute__((constructor)) void power_arm(void) {
    snprintf(prefix, sizeof prefix, "%s", setting("POWER_PREFIX"));
    snprintf(cut_on, sizeof cut_on, "%s", setting("POWER_CUT_ON"));
    snprintf(switches, sizeof switches, "%s", setting("POWER_SWITCH"));
    cut_at = atol(setting("POWER_CUT_AT"));
    counted = 0;
    if (*setting("POWER_JOURNAL"))
        journal = syscall(SYS_openat, AT_FDCWD, setting("POWER_JOURNAL"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

int ends(const char *path, const char *with) {
    size_t whole = strlen(path), end = strlen(with);
    return whole >= end && strcmp(path + whole - end, with) == 0;
}

static int watched(const char *path) {
    return *prefix && strncmp(path, prefix, strlen(prefix)) == 0 && !ends(path, " (deleted)");
}

int path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = *prefix ? readlink(link, path, PATH_MAX - 1) : -1;
    path[length < 0 ? 0 : length] = 0;
    return length > 0 && watched(path);
}

static int resolve(int folder, const char *name, char *path) {
    char base[PATH_MAX] = "";
    if (*name != '/') {
        if (folder == AT_FDCWD)
            (void)!getcwd(base, sizeof base);
        else
            path_of(folder, base);
    }
    snprintf(path, PATH_MAX, "%s%s%.*s", base, *base ? "/" : "", PATH_MAX / 2, name);
    return watched(path);
}

void unseen(const char *what, const char *path) {
    fprintf(stderr, "power_disk: %s on %s cannot be journalled\n", what, path);
    abort();
}

static void note(uint32_t kind, const char *path, uint64_t offset, const void *data, size_t bytes) {
    if (journal < 0 || ends(path, "-shm"))
        return;
    struct record record = {kind, strlen(path), offset, bytes, 0};
    struct iovec parts[] = {{&record, sizeof record}, {(void *)path, record.path_bytes}, {(void *)data, bytes}};
    if (syscall(SYS_writev, journal, parts, 3) != (long)(sizeof record + record.path_bytes + bytes))
        unseen("a change", path);
}

static void count(const char *path) {
    if (cut_at && !ends(path, "-shm") && ends(path, cut_on) && ++counted == cut_at)
        _exit(CUT);
}

static void changed(uint32_t kind, const char *path, uint64_t offset, const void *data, size_t bytes) {
    note(kind, path, offset, data, bytes);
    count(path);
}

static int is_on(const char *mode) {
    char path[PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/%s", switches, mode);
    return *switches && access(path, F_OK) == 0;
}

/* How many bytes the full disk still takes; as many as there are while it is not full. */
static size_t fitting(size_t bytes) {
    if (!is_on("full")) {
        room = -1;
        return bytes;
    }
    if (room < 0) {
        char path[PATH_MAX + 32], said[32] = "";
        snprintf(path, sizeof path, "%s/full", switches);
        int file = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
        (void)!read(file, said, sizeof said - 1);
        close(file);
        room = atol(said);
    }
    size_t fits = bytes < (size_t)room ? bytes : (size_t)room;
    room -= fits;
    return fits;
}

static int refused(int error) {
    pthread_mutex_unlock(&one_at_a_time);
    errno = error;
    return -1;
}

static int done(int result) {
    int error = errno;
    pthread_mutex_unlock(&one_at_a_time);
    errno = error;
    return result;
}

static ssize_t put(int fd, const void *data, size_t bytes, off_t offset, int positioned) {
    char path[PATH_MAX];
    struct stat file;
    if (!*prefix || fstat(fd, &file) || !S_ISREG(file.st_mode) || !path_of(fd, path))
        return positioned ? syscall(SYS_pwrite64, fd, data, bytes, offset) : syscall(SYS_write, fd, data, bytes);
    pthread_mutex_lock(&one_at_a_time);
    if (is_on("read-only"))
        return refused(EROFS);
    size_t fits = fitting(bytes);
    if (bytes && !fits)
        return refused(ENOSPC);
    ssize_t put = positioned ? syscall(SYS_pwrite64, fd, data, fits, offset) : syscall(SYS_write, fd, data, fits);
    if (put > 0)
        changed(WRITTEN, path, positioned ? offset : lseek(fd, 0, SEEK_CUR) - put, data, put);
    return done(put);
}

ssize_t write(int fd, const void *data, size_t bytes) { return put(fd, data, bytes, 0, 0); }
ssize_t pwrite(int fd, const void *data, size_t bytes, off_t offset) { return put(fd, data, bytes, offset, 1); }
ssize_t pwrite64(int fd, const void *data, size_t bytes, off64_t offset) { return put(fd, data, bytes, offset, 1); }

int ftruncate(int fd, off_t bytes) {
    char path[PATH_MAX];
    if (!path_of(fd, path))
        return syscall(SYS_ftruncate, fd, bytes);
    pthread_mutex_lock(&one_at_a_time);
    if (is_on("read-only"))
        return refused(EROFS);
    int result = syscall(SYS_ftruncate, fd, bytes);
    if (result == 0)
        changed(TRUNCATED, path, bytes, "", 0);
    return done(result);
}
int ftruncate64(int fd, off64_t bytes) { return ftruncate(fd, bytes); }

static int sync_to_disk(int fd, int call) {
    char path[PATH_MAX];
    struct stat file;
    if (!path_of(fd, path) && !(*prefix && strncmp(prefix, path, strlen(path)) == 0))
        return syscall(call, fd);
    pthread_mutex_lock(&one_at_a_time);
    if (is_on("read-only") || is_on("unsyncable"))
        return refused(is_on("read-only") ? EROFS : EIO);
    count(path);
    fstat(fd, &file);
    note(S_ISDIR(file.st_mode) ? SYNCED_FOLDER : SYNCED, path, 0, "", 0);
    return done(0);
}
int fsync(int fd) { return sync_to_disk(fd, SYS_fsync); }
int fdatasync(int fd) { return sync_to_disk(fd, SYS_fdatasync); }

static int open_in(int folder, const char *name, int flags, mode_t mode) {
    char path[PATH_MAX];
    if (!*prefix || !resolve(folder, name, path))
        return syscall(SYS_openat, folder, name, flags, mode);
    pthread_mutex_lock(&one_at_a_time);
    int there = access(path, F_OK) == 0;
    int changing = (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC));
    if (changing && is_on("read-only"))
        return refused(EROFS);
    if (!there && (flags & O_CREAT) && is_on("full"))
        return refused(ENOSPC);
    if ((flags & O_TMPFILE) == O_TMPFILE)
        unseen("a file without a name", path);
    int fd = syscall(SYS_openat, folder, name, flags, mode);
    if (fd >= 0 && !there)
        changed(CREATED, path, 0, "", 0);
    else if (fd >= 0 && (flags & O_TRUNC))
        changed(TRUNCATED, path, 0, "", 0);
    return done(fd);
}

#define MODE(last) ({ va_list more; va_start(more, last); mode_t mode = va_arg(more, mode_t); va_end(more); mode; })
int open(const char *name, int flags, ...) { return open_in(AT_FDCWD, name, flags, MODE(flags)); }
int open64(const char *name, int flags, ...) { return open_in(AT_FDCWD, name, flags, MODE(flags)); }
int openat(int folder, const char *name, int flags, ...) { return open_in(folder, name, flags, MODE(flags)); }
int openat64(int folder, const char *name, int flags, ...) { return open_in(folder, name, flags, MODE(flags)); }
int __open_2(const char *name, int flags) { return open_in(AT_FDCWD, name, flags, 0); }
int __open64_2(const char *name, int flags) { return open_in(AT_FDCWD, name, flags, 0); }
int __openat_2(int folder, const char *name, int flags) { return open_in(folder, name, flags, 0); }
int __openat64_2(int folder, const char *name, int flags) { return open_in(folder, name, flags, 0); }
int creat(const char *name, mode_t mode) { return open_in(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *name, mode_t mode) { return creat(name, mode); }

int unlinkat(int folder, const char *name, int flags) {
    char path[PATH_MAX];
    if (!*prefix || !resolve(folder, name, path))
        return syscall(SYS_unlinkat, folder, name, flags);
    pthread_mutex_lock(&one_at_a_time);
    if (is_on("read-only"))
        return refused(EROFS);
    int result = syscall(SYS_unlinkat, folder, name, flags);
    if (result == 0)
        changed(REMOVED, path, 0, "", 0);
    return done(result);
}
int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }
int rmdir(const char *name) { return unlinkat(AT_FDCWD, name, AT_REMOVEDIR); }

static int name_anew(int from, const char *name, int to, const char *new_name, int kind, int flags) {
    char path[PATH_MAX], new_path[PATH_MAX];
    int call = kind == RENAMED ? SYS_renameat2 : SYS_linkat;
    int known = *prefix && resolve(from, name, path);
    if (*prefix && known != resolve(to, new_name, new_path))
        unseen("a name in or out", name);
    if (!known)
        return syscall(call, from, name, to, new_name, flags);
    pthread_mutex_lock(&one_at_a_time);
    if (is_on("read-only"))
        return refused(EROFS);
    int result = syscall(call, from, name, to, new_name, flags);
    if (result == 0)
        changed(kind, path, 0, new_path, strlen(new_path));
    return done(result);
}
int renameat2(int from, const char *name, int to, const char *new_name, unsigned int flags) {
    return name_anew(from, name, to, new_name, RENAMED, flags);
}
int renameat(int from, const char *name, int to, const char *new_name) {
    return name_anew(from, name, to, new_name, RENAMED, 0);
}
int rename(const char *name, const char *new_name) {
    return name_anew(AT_FDCWD, name, AT_FDCWD, new_name, RENAMED, 0);
}
int linkat(int from, const char *name, int to, const char *new_name, int flags) {
    return name_anew(from, name, to, new_name, LINKED, flags);
}
int link(const char *name, const char *new_name) { return name_anew(AT_FDCWD, name, AT_FDCWD, new_name, LINKED, 0); }

int mkdirat(int folder, const char *name, mode_t mode) {
    char path[PATH_MAX];
    if (!*prefix || !resolve(folder, name, path))
        return syscall(SYS_mkdirat, folder, name, mode);
    pthread_mutex_lock(&one_at_a_time);
    if (is_on("read-only") || is_on("full"))
        return refused(is_on("full") ? ENOSPC : EROFS);
    int result = syscall(SYS_mkdirat, folder, name, mode);
    if (result == 0)
        changed(MADE_FOLDER, path, 0, "", 0);
    return done(result);
}
int mkdir(const char *name, mode_t mode) { return mkdirat(AT_FDCWD, name, mode); }
