#include "faults.h"

#include <stdlib.h>
#include <string.h>

#include "../random.h"
#include "lan.h"
#include "machine.h"

#define WHOLE             1000000u                /* shares are in parts per million */
#define REORDER_CYCLES    (10000 * CYCLES_PER_US) /* a datagram that waits for a next one in vain goes after this */
#define FIRST_RANDOM_SEED 1u

/* A datagram that is late. */
struct late_datagram {
    uint64_t due; /* cycles */
    bool outward;
    bool swapped; /* goes right behind the next of its direction, and only without one when it is due */
    struct datagram datagram;
};

bool faults_init(struct faults *faults) {
    *faults = (struct faults){.random = FIRST_RANDOM_SEED, .next_due = NEVER};
    faults->late = calloc(FAULTS_WAITING, sizeof *faults->late);
    return faults->late != NULL;
}

void faults_destroy(struct faults *faults) {
    free(faults->late);
}

/* ---- datagrams on their way ---- */

static void hand_on(struct machine *machine, bool outward, const struct datagram *datagram) {
    if (outward)
        lan_out(machine, datagram);
    else
        lan_in(machine, datagram);
}

static void find_next_due(struct faults *faults) {
    faults->next_due = NEVER;
    for (uint32_t i = 0; i < faults->waiting; i++)
        if (faults->late[i].due < faults->next_due)
            faults->next_due = faults->late[i].due;
}

static void hold_back(struct machine *machine, bool outward, bool swapped, uint64_t delay,
                      const struct datagram *datagram) {
    struct faults *faults = &machine->faults;

    if (faults->waiting == FAULTS_WAITING) {
        machine->datagrams_dropped++;
        return;
    }
    faults->late[faults->waiting++] = (struct late_datagram){
        .due = machine->now + delay, .outward = outward, .swapped = swapped, .datagram = *datagram};
    find_next_due(faults);
}

/* Hand on one that was late, and close the gap. */
static void let_go(struct machine *machine, uint32_t index) {
    struct faults *faults = &machine->faults;
    struct late_datagram late = faults->late[index];

    faults->waiting--;
    memmove(faults->late + index, faults->late + index + 1, (faults->waiting - index) * sizeof *faults->late);
    if (late.outward)
        late.datagram.time = machine->now;
    hand_on(machine, late.outward, &late.datagram);
}

void faults_advance(struct machine *machine) {
    struct faults *faults = &machine->faults;

    if (machine->now < faults->next_due)
        return;
    for (uint32_t i = 0; i < faults->waiting;)
        if (faults->late[i].due <= machine->now)
            let_go(machine, i);
        else
            i++;
    find_next_due(faults);
}

static bool happens(struct faults *faults, struct fault *fault, bool outward) {
    if (fault->outward != outward)
        return false;
    fault->met++;
    if (fault->left == 0 || random_next(&faults->random) % WHOLE >= fault->share)
        return false;
    fault->done++;
    if (fault->left != FAULT_NO_LIMIT)
        fault->left--;
    return true;
}

void faults_pass(struct machine *machine, bool outward, const struct datagram *datagram) {
    struct faults *faults = &machine->faults;
    unsigned copies = 1;

    for (uint32_t i = 0; i < faults->count; i++) {
        struct fault *fault = &faults->fault[i];
        if (!happens(faults, fault, outward))
            continue;
        if (fault->kind == FAULT_LOSE)
            return;
        if (fault->kind != FAULT_DUPLICATE) {
            bool swapped = fault->kind == FAULT_REORDER;
            hold_back(machine, outward, swapped, swapped ? REORDER_CYCLES : fault->delay, datagram);
            return;
        }
        copies++;
    }
    while (copies--)
        hand_on(machine, outward, datagram);
    for (uint32_t i = 0; i < faults->waiting;)
        if (faults->late[i].swapped && faults->late[i].outward == outward)
            let_go(machine, i);
        else
            i++;
    find_next_due(faults);
}

/* ---- state ---- */

static void archive_late(struct archive *archive, struct late_datagram *late) {
    struct datagram *datagram = &late->datagram;

    ARCHIVE(archive, late->due);
    archive_bool(archive, &late->outward);
    archive_bool(archive, &late->swapped);
    ARCHIVE(archive, datagram->time);
    ARCHIVE(archive, datagram->board);
    ARCHIVE(archive, datagram->remote_ip);
    ARCHIVE(archive, datagram->remote_port);
    ARCHIVE(archive, datagram->board_port);
    ARCHIVE(archive, datagram->length);
    archive_expect(archive, datagram->length <= DATAGRAM_BYTES && datagram->board < MACHINE_MAX_BOARDS);
    if (datagram->length <= DATAGRAM_BYTES)
        archive->bytes(archive, datagram->bytes, datagram->length);
}

void faults_archive(struct archive *archive, struct faults *faults) {
    ARCHIVE(archive, faults->random);
    ARCHIVE(archive, faults->count);
    ARCHIVE(archive, faults->waiting);
    ARCHIVE(archive, faults->next_due);
    archive_expect(archive, faults->count <= FAULTS_MOST && faults->waiting <= FAULTS_WAITING);
    for (uint32_t i = 0; i < faults->count && i < FAULTS_MOST; i++) {
        struct fault *fault = &faults->fault[i];
        ARCHIVE(archive, fault->kind);
        ARCHIVE(archive, fault->outward);
        ARCHIVE(archive, fault->share);
        ARCHIVE(archive, fault->left);
        ARCHIVE(archive, fault->delay);
        ARCHIVE(archive, fault->met);
        ARCHIVE(archive, fault->done);
        archive_expect(archive, fault->kind < FAULT_KINDS && fault->outward <= 1);
    }
    for (uint32_t i = 0; i < faults->waiting && i < FAULTS_WAITING; i++)
        archive_late(archive, &faults->late[i]);
}
