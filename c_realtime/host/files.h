/* Snapshots and logs in files. Whoever reaches the control port may ask for one, so that they go into one folder that
 * was named at the start, under plain names, and never over a file that is there. */
#ifndef SPINNLIVE_HOST_FILES_H
#define SPINNLIVE_HOST_FILES_H

#include "host.h"

/* Each returns NULL, or why it could not be done. */
const char *files_snapshot(struct host *host, const char *name);
const char *files_record(struct host *host, const char *name);
const char *files_end_record(struct host *host);

/* Begin a log in any place; the owner's --record. Says on standard error what is wrong and returns false. */
bool files_start_record(struct host *host, const char *path);

/* A machine out of the snapshot in a file; NULL, with a message on standard error, if there is none in it. */
struct machine *files_restore(const char *path);

#endif
