#include "recorder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct recorder {
    FILE *file;
    uint64_t next_pulse;
};

static void put_record(struct recorder *recorder, enum log_kind kind, uint64_t time, const void *head,
                       uint32_t head_length, const void *bytes, uint32_t length) {
    uint8_t prefix[1 + sizeof time + sizeof length] = {(uint8_t)kind};
    uint32_t all = head_length + length;

    memcpy(prefix + 1, &time, sizeof time);
    memcpy(prefix + 1 + sizeof time, &all, sizeof all);
    fwrite(prefix, sizeof prefix, 1, recorder->file);
    if (head_length)
        fwrite(head, head_length, 1, recorder->file);
    if (length)
        fwrite(bytes, length, 1, recorder->file);
}

struct recorder *recorder_open(const char *path, const struct machine *machine, const char **complaint) {
    struct recorder *recorder = calloc(1, sizeof *recorder);
    size_t length = 0;
    uint8_t *snapshot = machine_save(machine, &length);
    uint32_t format = LOG_FORMAT;
    uint64_t length_64 = length;

    *complaint = "not enough memory";
    if (recorder == NULL || snapshot == NULL) {
        free(recorder);
        free(snapshot);
        return NULL;
    }
    recorder->file = fopen(path, "wbx"); /* x: never over a file that is there */
    if (recorder->file == NULL) {
        *complaint = strerror(errno);
        free(recorder);
        free(snapshot);
        return NULL;
    }
    fwrite(LOG_MAGIC, LOG_MAGIC_BYTES, 1, recorder->file);
    fwrite(&format, sizeof format, 1, recorder->file);
    fwrite(&length_64, sizeof length_64, 1, recorder->file);
    fwrite(snapshot, length, 1, recorder->file);
    free(snapshot);
    recorder->next_pulse = (machine->now / LOG_PULSE_CYCLES + 1) * LOG_PULSE_CYCLES;
    return recorder;
}

void recorder_datagram(struct recorder *recorder, uint64_t now, const struct datagram *datagram) {
    uint8_t head[LOG_DATAGRAM_HEADER];
    uint32_t board = datagram->board;

    if (recorder == NULL)
        return;
    memcpy(head, &board, sizeof board);
    memcpy(head + 4, datagram->remote_ip, 4);
    memcpy(head + 8, &datagram->remote_port, 2);
    memcpy(head + 10, &datagram->board_port, 2);
    put_record(recorder, LOG_DATAGRAM, now, head, sizeof head, datagram->bytes, datagram->length);
}

void recorder_image(struct recorder *recorder, uint64_t now, const uint8_t *image, uint32_t length) {
    if (recorder != NULL)
        put_record(recorder, LOG_IMAGE, now, NULL, 0, image, length);
}

void recorder_fault(struct recorder *recorder, uint64_t now, const char *words) {
    if (recorder != NULL)
        put_record(recorder, LOG_FAULT, now, NULL, 0, words, (uint32_t)strlen(words));
}

uint64_t log_datagram_hash(const struct datagram *datagram) {
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
    const uint8_t head[] = {(uint8_t)datagram->board,
                            datagram->remote_ip[0],
                            datagram->remote_ip[1],
                            datagram->remote_ip[2],
                            datagram->remote_ip[3],
                            (uint8_t)datagram->remote_port,
                            (uint8_t)(datagram->remote_port >> 8),
                            (uint8_t)datagram->board_port,
                            (uint8_t)(datagram->board_port >> 8)};

    for (size_t i = 0; i < sizeof head; i++)
        hash = (hash ^ head[i]) * 0x00000100000001b3u;
    for (uint32_t i = 0; i < datagram->length; i++)
        hash = (hash ^ datagram->bytes[i]) * 0x00000100000001b3u;
    return hash;
}

void recorder_output(struct recorder *recorder, const struct datagram *datagram) {
    uint64_t hash;

    if (recorder == NULL)
        return;
    hash = log_datagram_hash(datagram);
    put_record(recorder, LOG_OUTPUT, datagram->time, NULL, 0, &hash, sizeof hash);
}

uint64_t recorder_next_pulse(const struct recorder *recorder) {
    return recorder == NULL ? NEVER : recorder->next_pulse;
}

void recorder_pulse(struct recorder *recorder, const struct machine *machine) {
    uint64_t pulse;

    if (recorder == NULL || machine->now < recorder->next_pulse)
        return;
    pulse = machine_pulse(machine);
    put_record(recorder, LOG_PULSE, machine->now, NULL, 0, &pulse, sizeof pulse);
    fflush(recorder->file);
    recorder->next_pulse = (machine->now / LOG_PULSE_CYCLES + 1) * LOG_PULSE_CYCLES;
}

bool recorder_close(struct recorder *recorder, const struct machine *machine) {
    uint64_t hash;

    if (recorder == NULL)
        return true;
    hash = machine_hash(machine);
    put_record(recorder, LOG_HASH, machine->now, NULL, 0, &hash, sizeof hash);
    bool sound = !ferror(recorder->file);
    sound = fclose(recorder->file) == 0 && sound;
    free(recorder);
    return sound;
}
