/* Faults on demand: what can go wrong with a board and its network, told in words, and done at the emulated time at
 * which it is told. Randomness comes from a generator that is part of the machine's state, so that a run with faults
 * can be had again. */
#ifndef SPINNLIVE_MACHINE_FAULTS_H
#define SPINNLIVE_MACHINE_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../archive.h"

struct machine;
struct datagram;
struct late_datagram;

#define FAULTS_MOST    16  /* that may act on datagrams at the same time */
#define FAULTS_WAITING 128 /* datagrams that may be delayed at the same time; what comes beyond is lost */

enum fault_kind { FAULT_LOSE, FAULT_DELAY, FAULT_DUPLICATE, FAULT_REORDER, FAULT_KINDS };

#define FAULT_WORDS_BYTES     128 /* more than the longest words and complaint have */
#define FAULT_COMPLAINT_BYTES 128
#define FAULT_NO_LIMIT        UINT32_MAX

/* Something that happens to datagrams of one direction. */
struct fault {
    uint32_t kind, outward; /* an enum fault_kind; a flag */
    uint32_t share;         /* of the datagrams, in parts per million */
    uint32_t left;          /* how many more it may happen to; or FAULT_NO_LIMIT */
    uint64_t delay;         /* cycles */
    uint64_t met, done;     /* datagrams that it has looked at; that it has happened to */
};

struct faults {
    uint64_t random;
    uint32_t count, waiting;
    struct fault fault[FAULTS_MOST];
    uint64_t next_due;          /* of the late datagrams; NEVER */
    struct late_datagram *late; /* room for FAULTS_WAITING, in the order in which they came */
};

bool faults_init(struct faults *faults);
void faults_destroy(struct faults *faults);

/* Do what the words say, now. False, with what is wrong with them in `complaint`. The words:
 *
 *   lose|duplicate|reorder in|out PERCENT [COUNT]
 *   delay in|out PERCENT MICROSECONDS [COUNT]     datagrams to or from the boards, as they reach or leave the Ethernet
 *   drop X,Y,LINK PERCENT [COUNT]                 packets that leave a chip by a link
 *   kill chip X,Y | core X,Y,P | link X,Y,LINK    for good; P is the physical number. Before the boot: was never there
 *   flip X,Y ADDRESS BIT                          one bit of SDRAM or system RAM
 *   reset board N | chip X,Y                      as by the board's button, or by the chip's reset line
 *   power board N                                 off and on again: as reset, and the memories are empty
 *   seed NUMBER                                   start the random numbers anew
 *   clear                                         no more faults of datagrams and links; what is dead stays dead
 *
 * Percentages may have up to four decimals. */
bool machine_fault(struct machine *machine, const char *words, char *complaint, size_t room);

/* A datagram is on its way into a board, or out of one: hand it on (lan_in, lan_out), or not. */
void faults_pass(struct machine *machine, bool outward, const struct datagram *datagram);

/* Hand on what is late and due by now. */
void faults_advance(struct machine *machine);

void faults_archive(struct archive *archive, struct faults *faults);

#endif
