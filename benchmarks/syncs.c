/* Preloaded into a benchmark's process: counts what it syncs to disk, and makes each sync take longer. */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static atomic_long counted;
static atomic_long delay_us;

long syncs_counted(void) { return atomic_load(&counted); }

void syncs_delay(long microseconds) { atomic_store(&delay_us, microseconds); }

static int synced(long call, int fd)
{
    long us = atomic_load(&delay_us);
    struct timespec pause = {us / 1000000, us % 1000000 * 1000};

    atomic_fetch_add(&counted, 1);
    if (us)
        nanosleep(&pause, NULL);
    return (int)syscall(call, fd);
}

int fsync(int fd) { return synced(SYS_fsync, fd); }

int fdatasync(int fd) { return synced(SYS_fdatasync, fd); }
