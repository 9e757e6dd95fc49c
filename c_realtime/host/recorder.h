/* The input log: a snapshot, and after it everything that enters the machine, each at its emulated time. The machine is
 * a function of these, so that they are enough to have the run again. What the machine does is noted too, as hashes,
 * and a replay says where it first differs.
 *
 *   magic, version | length and bytes of the snapshot | records: kind, time in cycles, length, bytes
 *
 * All numbers are little-endian. A log that ends in the middle of a record is sound up to there. */
#ifndef SPINNLIVE_HOST_RECORDER_H
#define SPINNLIVE_HOST_RECORDER_H

#include <stdio.h>

#include "../machine/machine.h"

#define LOG_MAGIC       "SPINNLIVE-LOG\r\n\n"
#define LOG_MAGIC_BYTES 16
#define LOG_FORMAT      2u

/* A hash of the registers is noted this often: finer than anybody needs to find the place, and nearly free. */
#define LOG_PULSE_CYCLES (10000 * (uint64_t)CYCLES_PER_US)

enum log_kind {
    LOG_DATAGRAM = 'D', /* board, address, the two ports, data */
    LOG_IMAGE = 'B',    /* a boot image that did not come over UDP */
    LOG_FAULT = 'F',    /* the words of machine_fault() */
    LOG_OUTPUT = 'O',   /* 64-bit hash of a datagram that a board sent; its time is the datagram's */
    LOG_PULSE = 'P',    /* machine_pulse() */
    LOG_HASH = 'H',     /* machine_hash(), at the end */
};

struct log_record {
    uint8_t kind;
    uint64_t time;
    uint32_t length;
};

#define LOG_DATAGRAM_HEADER 12 /* before the data of a LOG_DATAGRAM */
#define LOG_RECORD_MOST     (BOOT_IMAGE_BYTES > DATAGRAM_BYTES ? BOOT_IMAGE_BYTES : DATAGRAM_BYTES)

struct recorder;

/* Begin a log in a new file with the machine as it is. NULL, with a complaint that names the cause, if it cannot be. */
struct recorder *recorder_open(const char *path, const struct machine *machine, const char **complaint);

/* Each may be called without a recorder, and then does nothing. */
void recorder_datagram(struct recorder *recorder, uint64_t now, const struct datagram *datagram);
void recorder_image(struct recorder *recorder, uint64_t now, const uint8_t *image, uint32_t length);
void recorder_fault(struct recorder *recorder, uint64_t now, const char *words);
void recorder_output(struct recorder *recorder, const struct datagram *datagram);

/* The time at which recorder_pulse() must be called next; NEVER without a recorder. */
uint64_t recorder_next_pulse(const struct recorder *recorder);
void recorder_pulse(struct recorder *recorder, const struct machine *machine);

/* Note the hash of the whole machine, and close the file. False if not all of the log could be written. */
bool recorder_close(struct recorder *recorder, const struct machine *machine);

/* A number that stands for a datagram of a board. */
uint64_t log_datagram_hash(const struct datagram *datagram);

#endif
