#define _GNU_SOURCE
#include "bootcache.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bootimage.h"

#define FILES_MOST 32 /* kept; the oldest goes */
#define SUFFIX     ".booted"
#define THIS_FILE  "/proc/self/exe"

/* What a file begins with; the snapshot follows. Nothing of it is read by another build, which has another key. */
struct head {
    char magic[16];
    uint64_t key;
    uint32_t unix_time; /* at which the machine was booted */
    uint32_t length;    /* of the snapshot */
};

static const char magic[16] = "SPINNLIVE-BOOT\r\n";

/* ---- whole files ---- */

static uint8_t *read_descriptor(int file, size_t *length) {
    struct stat about;
    uint8_t *bytes = NULL;
    size_t have = 0;

    if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode) || about.st_size <= 0 || about.st_size > INT_MAX)
        return NULL;
    *length = (size_t)about.st_size;
    bytes = malloc(*length);
    while (bytes != NULL && have < *length) {
        ssize_t part = read(file, bytes + have, *length - have);
        if (part <= 0)
            break;
        have += (size_t)part;
    }
    if (have == *length)
        return bytes;
    free(bytes);
    return NULL;
}

static bool write_descriptor(int file, const void *bytes, size_t length) {
    while (length) {
        ssize_t part = write(file, bytes, length);
        if (part <= 0)
            return false;
        bytes = (const uint8_t *)bytes + part;
        length -= (size_t)part;
    }
    return true;
}

/* ---- what a machine depends on ---- */

/* FNV-1a, eight bytes at a time. */
static uint64_t hash_more(uint64_t hash, const uint8_t *bytes, size_t length) {
    for (size_t at = 0; at < length; at += 8) {
        uint64_t word = 0;
        memcpy(&word, bytes + at, length - at < 8 ? length - at : 8);
        hash = (hash ^ word) * 0x00000100000001b3u;
    }
    return (hash ^ length) * 0x00000100000001b3u;
}

static bool hash_file(uint64_t *hash, const char *path) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    size_t length;
    uint8_t *bytes = file < 0 ? NULL : read_descriptor(file, &length);

    if (file >= 0)
        close(file);
    if (bytes == NULL)
        return false;
    *hash = hash_more(*hash, bytes, length);
    free(bytes);
    return true;
}

/* This very program, the image, and the boards with their addresses. */
static bool key_of(const struct options *options, uint64_t *key) {
    uint32_t boards[2] = {options->board, options->boards};

    *key = hash_more(0xcbf29ce484222325u, (const uint8_t *)boards, sizeof boards);
    *key = hash_more(*key, (const uint8_t *)options->ip, options->boards * sizeof *options->ip);
    return hash_file(key, THIS_FILE) && hash_file(key, options->image);
}

/* ---- the folder ---- */

/* Others must not be able to put anything there: a machine executes what it is given. */
static bool is_private(int descriptor) {
    struct stat about;
    return fstat(descriptor, &about) == 0 && about.st_uid == geteuid() && (about.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static int open_folder(const struct options *options) {
    int folder = open(options->boot_cache, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (folder >= 0 && !is_private(folder)) {
        close(folder);
        return -1;
    }
    return folder;
}

static void name_of(uint64_t key, char name[NAME_MAX]) {
    snprintf(name, NAME_MAX, "%016" PRIx64 SUFFIX, key);
}

/* Delete the oldest file if there are more than enough. */
static void tidy(int folder) {
    DIR *listing = fdopendir(dup(folder));
    struct dirent *entry;
    struct stat about;
    char oldest[NAME_MAX + 1] = "";
    time_t since = 0;
    unsigned files = 0;

    if (listing == NULL)
        return;
    rewinddir(listing);
    while ((entry = readdir(listing)) != NULL) {
        const char *end = strstr(entry->d_name, SUFFIX);
        if (end == NULL || end[sizeof SUFFIX - 1] != '\0' || fstatat(folder, entry->d_name, &about, 0) != 0)
            continue;
        if (files++ == 0 || about.st_mtime < since) {
            since = about.st_mtime;
            snprintf(oldest, sizeof oldest, "%s", entry->d_name);
        }
    }
    closedir(listing);
    if (files > FILES_MOST)
        unlinkat(folder, oldest, 0);
}

/* ---- taking ---- */

static struct machine *restore(const struct options *options, const uint8_t *bytes, size_t length, uint64_t key,
                               uint32_t unix_time) {
    const char *complaint;
    struct head head;

    if (length < sizeof head)
        return NULL;
    memcpy(&head, bytes, sizeof head);
    if (memcmp(head.magic, magic, sizeof magic) != 0 || head.key != key || head.length != length - sizeof head)
        return NULL;
    struct machine *machine = machine_restore(bytes + sizeof head, head.length, &complaint);
    if (machine == NULL)
        return NULL;
    if (machine->config.board == options->board && machine->config.boards == options->boards &&
        memcmp(machine->config.ip, options->ip, options->boards * sizeof *options->ip) == 0 && machine_is_up(machine)) {
        bootimage_set_time(machine, head.unix_time, unix_time);
        return machine;
    }
    machine_destroy(machine);
    return NULL;
}

struct machine *bootcache_take(const struct options *options, uint32_t unix_time) {
    struct machine *machine = NULL;
    uint8_t *bytes = NULL;
    char name[NAME_MAX];
    uint64_t key;
    size_t length = 0;
    int folder, file;

    if (options->boot_cache == NULL || !key_of(options, &key) || (folder = open_folder(options)) < 0)
        return NULL;
    name_of(key, name);
    file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (file >= 0) {
        if (is_private(file))
            bytes = read_descriptor(file, &length);
        close(file);
    }
    if (bytes != NULL)
        machine = restore(options, bytes, length, key, unix_time);
    free(bytes);
    close(folder);
    return machine;
}

/* ---- keeping ---- */

/* Does it come back as it was? */
static bool is_sound(const struct machine *machine, const uint8_t *bytes, size_t length) {
    const char *complaint;
    struct machine *again = machine_restore(bytes, length, &complaint);
    bool sound = again != NULL && machine_hash(again) == machine_hash(machine);

    machine_destroy(again);
    return sound;
}

/* Under a name of its own first: whoever looks finds a whole file or none. */
static void write_file(int folder, uint64_t key, const struct head *head, const uint8_t *bytes) {
    char name[NAME_MAX], draft[NAME_MAX];

    name_of(key, name);
    snprintf(draft, sizeof draft, "%016" PRIx64 ".%ld", key, (long)getpid());
    int file = openat(folder, draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0)
        return;
    bool whole = write_descriptor(file, head, sizeof *head) && write_descriptor(file, bytes, head->length);
    if (close(file) != 0 || !whole || renameat(folder, draft, folder, name) != 0)
        unlinkat(folder, draft, 0);
}

void bootcache_keep(const struct options *options, const struct machine *machine, uint32_t unix_time) {
    struct head head = {.unix_time = unix_time};
    uint8_t *bytes = NULL;
    size_t length;
    int folder;

    if (options->boot_cache == NULL || !key_of(options, &head.key) || (folder = open_folder(options)) < 0)
        return;
    bytes = machine_save(machine, &length);
    if (bytes != NULL && length <= INT_MAX && is_sound(machine, bytes, length)) {
        memcpy(head.magic, magic, sizeof magic);
        head.length = (uint32_t)length;
        write_file(folder, head.key, &head, bytes);
        tidy(folder);
    }
    free(bytes);
    close(folder);
}
