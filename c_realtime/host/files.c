#define _POSIX_C_SOURCE 200809L
#include "files.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
#define NAME_MOST       40

/* The path of a file in the folder; NULL, or why there can be none. */
static const char *path_of(const struct host *host, const char *name, char path[PATH_MAX]) {
    size_t length = strlen(name);

    if (host->options->folder == NULL)
        return "files are written only where the board was started with --folder";
    if (length == 0 || length > NAME_MOST || name[0] == '.' || strspn(name, NAME_CHARACTERS) != length)
        return "a file's name is up to 40 letters, digits, - _ and ., and does not begin with a dot";
    if (snprintf(path, PATH_MAX, "%s/%s", host->options->folder, name) >= PATH_MAX)
        return "the path is too long";
    return NULL;
}

static const char *write_new(const char *path, const uint8_t *bytes, size_t length) {
    FILE *file = fopen(path, "wbx");

    if (file == NULL)
        return errno == EEXIST ? "there is such a file already" : strerror(errno);
    bool sound = fwrite(bytes, 1, length, file) == length;
    return fclose(file) == 0 && sound ? NULL : "it could not be written whole: is the disk full?";
}

const char *files_snapshot(struct host *host, const char *name) {
    char path[PATH_MAX];
    const char *complaint = path_of(host, name, path);
    size_t length = 0;
    uint8_t *bytes = complaint == NULL ? machine_save(host->machine, &length) : NULL;

    if (bytes == NULL)
        return complaint != NULL ? complaint : "not enough memory";
    complaint = write_new(path, bytes, length);
    free(bytes);
    return complaint;
}

const char *files_record(struct host *host, const char *name) {
    char path[PATH_MAX];
    const char *complaint = path_of(host, name, path);

    if (complaint != NULL)
        return complaint;
    if (host->recorder != NULL)
        return "a log is being written already";
    host->recorder = recorder_open(path, host->machine, &complaint);
    return host->recorder != NULL ? NULL : complaint;
}

const char *files_end_record(struct host *host) {
    if (host->recorder == NULL)
        return "no log is being written";
    bool whole = recorder_close(host->recorder, host->machine);
    host->recorder = NULL;
    return whole ? NULL : "the log could not be written whole: is the disk full?";
}

bool files_start_record(struct host *host, const char *path) {
    const char *complaint;

    host->recorder = recorder_open(path, host->machine, &complaint);
    if (host->recorder == NULL)
        fprintf(stderr, "spinnlive-board: --record %s: %s\n", path, complaint);
    return host->recorder != NULL;
}

struct machine *files_restore(const char *path) {
    FILE *file = fopen(path, "rb");
    const char *complaint = file == NULL ? strerror(errno) : "it could not be read";
    struct machine *machine = NULL;
    uint8_t *bytes = NULL;
    long length = -1;

    if (file != NULL && fseek(file, 0, SEEK_END) == 0)
        length = ftell(file);
    if (length > 0 && fseek(file, 0, SEEK_SET) == 0)
        bytes = malloc((size_t)length);
    if (bytes != NULL && fread(bytes, 1, (size_t)length, file) == (size_t)length)
        machine = machine_restore(bytes, (size_t)length, &complaint);
    free(bytes);
    if (file != NULL)
        fclose(file);
    if (machine == NULL)
        fprintf(stderr, "spinnlive-board: --restore %s: %s\n", path, complaint);
    return machine;
}
