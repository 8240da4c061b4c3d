/* Which files are watched. */
#ifndef POWER_DISK_H
#define POWER_DISK_H

#pragma GCC visibility push(hidden) /* a program may have functions of these names */

/* The absolute path of an open file; whether it is watched. */
int path_of(int fd, char *path);
int ends(const char *path, const char *with);
/* End the program: this cannot be journalled. */
void unseen(const char *what, const char *path);

#pragma GCC visibility pop
#endif
