#include "replay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "recorder.h"

#define SNAPSHOT_MOST (UINT64_C(8) << 30) /* what no sound log exceeds */

struct replay {
    FILE *file;
    struct machine *machine;
    uint64_t datagrams_in, datagrams_out;
    uint64_t diverged; /* emulated time; NEVER if it has not */
    const char *difference;
    bool whole; /* the log has its last record */
};

static bool refuse(const char *path, const char *why) {
    fprintf(stderr, "spinnlive-board: --replay %s: %s\n", path, why);
    return false;
}

static bool get(struct replay *replay, void *bytes, size_t length) {
    return length == 0 || fread(bytes, length, 1, replay->file) == 1;
}

static bool open_log(struct replay *replay, const char *path) {
    char magic[LOG_MAGIC_BYTES];
    uint32_t format;
    uint64_t length;
    const char *complaint = "not enough memory";

    replay->file = fopen(path, "rb");
    if (replay->file == NULL)
        return refuse(path, strerror(errno));
    if (!get(replay, magic, sizeof magic) || memcmp(magic, LOG_MAGIC, sizeof magic) != 0)
        return refuse(path, "not a log of a spinnlive board");
    if (!get(replay, &format, sizeof format) || format != LOG_FORMAT)
        return refuse(path, "written by another version of spinnlive");
    if (!get(replay, &length, sizeof length) || length > SNAPSHOT_MOST)
        return refuse(path, "damaged: it has no snapshot to begin with");
    uint8_t *snapshot = malloc(length ? length : 1);
    if (snapshot != NULL) {
        complaint = "damaged: its snapshot is cut off";
        if (get(replay, snapshot, length))
            replay->machine = machine_restore(snapshot, length, &complaint);
    }
    free(snapshot);
    return replay->machine != NULL || refuse(path, complaint);
}

static void differ(struct replay *replay, uint64_t time, const char *how) {
    if (time < replay->diverged) {
        replay->diverged = time;
        replay->difference = how;
    }
}

static bool feed_datagram(struct replay *replay, const uint8_t *bytes, uint32_t length) {
    struct datagram datagram = {.length = length - LOG_DATAGRAM_HEADER};
    uint32_t board;

    if (length < LOG_DATAGRAM_HEADER || datagram.length > DATAGRAM_BYTES)
        return false;
    memcpy(&board, bytes, sizeof board);
    datagram.board = board;
    memcpy(datagram.remote_ip, bytes + 4, 4);
    memcpy(&datagram.remote_port, bytes + 8, 2);
    memcpy(&datagram.board_port, bytes + 10, 2);
    memcpy(datagram.bytes, bytes + LOG_DATAGRAM_HEADER, datagram.length);
    machine_input(replay->machine, &datagram);
    replay->datagrams_in++;
    return true;
}

static bool feed_fault(struct replay *replay, const uint8_t *bytes, uint32_t length) {
    char words[FAULT_WORDS_BYTES] = {0}, complaint[FAULT_COMPLAINT_BYTES];

    if (length >= sizeof words)
        return false;
    memcpy(words, bytes, length);
    return machine_fault(replay->machine, words, complaint, sizeof complaint);
}

static void compare_output(struct replay *replay, uint64_t time, uint64_t hash) {
    struct datagram datagram;
    bool sent = machine_output(replay->machine, &datagram);

    /* A machine that sleeps until a frame leaves, just when a window begins, takes it off the wire at that one's end.
     */
    if (!sent && replay->machine->now <= time) {
        machine_run(replay->machine, time + 1);
        sent = machine_output(replay->machine, &datagram);
    }
    if (!sent) {
        differ(replay, time, "a datagram is missing");
        return;
    }
    replay->datagrams_out++;
    if (datagram.time != time)
        differ(replay, datagram.time < time ? datagram.time : time, "a datagram comes at another time");
    else if (log_datagram_hash(&datagram) != hash)
        differ(replay, time, "a datagram has other contents");
}

/* Do what one record says; false if no sound log has it. */
static bool obey(struct replay *replay, const struct log_record *record, const uint8_t *bytes) {
    struct datagram unexpected;
    uint64_t hash;

    switch (record->kind) {
    case LOG_DATAGRAM:
        return feed_datagram(replay, bytes, record->length);
    case LOG_FAULT:
        return feed_fault(replay, bytes, record->length);
    case LOG_IMAGE:
        machine_boot(replay->machine, bytes, record->length);
        return true;
    }
    if (record->length != sizeof hash)
        return false;
    memcpy(&hash, bytes, sizeof hash);
    if (record->kind != LOG_OUTPUT && machine_output(replay->machine, &unexpected))
        differ(replay, unexpected.time, "there is a datagram more");
    switch (record->kind) {
    case LOG_OUTPUT:
        compare_output(replay, record->time, hash);
        return true;
    case LOG_PULSE:
        if (machine_pulse(replay->machine) != hash)
            differ(replay, record->time, "registers differ");
        return true;
    case LOG_HASH:
        if (machine_hash(replay->machine) != hash)
            differ(replay, record->time, "the state differs");
        replay->whole = true;
        return true;
    default:
        return false;
    }
}

static bool get_record(struct replay *replay, struct log_record *record, uint8_t *bytes) {
    return get(replay, &record->kind, sizeof record->kind) && get(replay, &record->time, sizeof record->time) &&
           get(replay, &record->length, sizeof record->length) && record->length <= LOG_RECORD_MOST &&
           get(replay, bytes, record->length);
}

/* Replay until the log's end, or to the first difference: what comes after that proves nothing. */
static bool follow(struct replay *replay, const char *path) {
    static uint8_t bytes[LOG_RECORD_MOST];
    struct log_record record;

    while (!replay->whole && replay->diverged == NEVER && get_record(replay, &record, bytes)) {
        /* An output's time lies inside the window at whose end it was taken off the wire. */
        uint64_t past = record.kind == LOG_OUTPUT ? MACHINE_WINDOW_CYCLES : 0;
        if (record.time + past < replay->machine->now)
            return refuse(path, "damaged: its records are not in order of time");
        if (record.time > replay->machine->now && record.time - replay->machine->now > 2 * LOG_PULSE_CYCLES)
            return refuse(path, "damaged: its records are too far apart");
        if (replay->machine->now < record.time)
            machine_run(replay->machine, record.time);
        if (!obey(replay, &record, bytes))
            return refuse(path, "damaged: it has a record of no known form");
    }
    return true;
}

static void tell(const struct replay *replay) {
    printf("{\"replayed_until_s\": %.6f, \"datagrams_in\": %" PRIu64 ", \"datagrams_out\": %" PRIu64
           ", \"whole\": %s, \"hash\": \"%016" PRIx64 "\"",
           (double)replay->machine->now / CPU_HZ, replay->datagrams_in, replay->datagrams_out,
           replay->whole ? "true" : "false", machine_hash(replay->machine));
    if (replay->diverged != NEVER)
        printf(", \"diverged_at_s\": %.6f, \"difference\": \"%s\"", (double)replay->diverged / CPU_HZ,
               replay->difference);
    printf("}\n");
}

bool replay(const char *path, unsigned threads, enum machine_engine engine) {
    struct replay replay = {.diverged = NEVER};
    bool told = open_log(&replay, path);

    if (told && !machine_set_threads(replay.machine, threads))
        told = refuse(path, "the host does not give so many threads");
    if (told && !machine_set_engine(replay.machine, engine))
        told = refuse(path, "the host has no fast engine");
    told = told && follow(&replay, path);
    if (told)
        tell(&replay);
    machine_destroy(replay.machine);
    if (replay.file != NULL)
        fclose(replay.file);
    return told && replay.diverged == NEVER;
}
