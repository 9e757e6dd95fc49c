/* The emulated machine: the chips of its boards, its network side, and emulated time.
 *
 * A deterministic function of its configuration, its images and its inputs. Each input takes effect at the emulated
 * time at which it is given; machine_input() and machine_boot() are the only doors. There is no wall clock, no socket
 * and no file here, and the number of host threads changes nothing but the speed. */
#ifndef SPINNLIVE_MACHINE_MACHINE_H
#define SPINNLIVE_MACHINE_MACHINE_H

#include "../chip/chip.h"
#include "faults.h"
#include "topology.h"

/* Cores are executed one after the other for this long. Windows lie on a fixed grid of emulated time, so that what
 * happens does not depend on how far the machine is asked to run at once. */
#define MACHINE_WINDOW_CYCLES 400 /* 2 us */

#define MACHINE_MAX_THREADS 16
#define DATAGRAM_BYTES      1472 /* what fits into one Ethernet frame */

/* Which engine executes the cores: they agree in every bit and differ in speed (arm/arm.h). */
enum machine_engine { ENGINE_BEST, ENGINE_PLAIN, ENGINE_FAST };

struct machine_config {
    enum machine_board board;
    unsigned boards;                   /* how many are joined; 0 counts as 1 */
    uint8_t ip[MACHINE_MAX_BOARDS][4]; /* of each board */
};

/* A UDP datagram between a board and somebody on its network. */
struct datagram {
    uint64_t time;  /* a board's own: when its last bit was on the wire */
    unsigned board; /* whose Ethernet it comes to or from */
    uint8_t remote_ip[4];
    uint16_t remote_port, board_port;
    uint32_t length;
    uint8_t bytes[DATAGRAM_BYTES];
};

struct machine_statistics {
    uint64_t instructions, packets_sent, packets_received, packets_dropped, packets_timed_out;
    uint64_t datagrams_in, datagrams_out, datagrams_dropped;
    unsigned chips, cores_awake;
};

struct crew;

struct machine {
    uint64_t now; /* emulated time in cycles; always on the grid */
    struct machine_config config;
    struct topology topology;
    unsigned chip_count;
    struct chip *chip[MACHINE_MAX_CHIPS];                /* board by board */
    struct chip *at[MACHINE_MAX_SIDE][MACHINE_MAX_SIDE]; /* [x][y] */
    struct chip *ethernet[MACHINE_MAX_BOARDS];           /* each board's chip with the PHY */
    struct chip *root;                                   /* the first board's: the one at 0, 0 */
    uint64_t datagrams_in, datagrams_out, datagrams_dropped;
    struct faults faults;

    /* Datagrams that have left the boards and wait for the host to take them: not the machine's state any more. */
    struct datagram *sent;
    uint32_t sent_head, sent_tail, sent_room;

    uint64_t due[MACHINE_MAX_CHIPS];       /* no later than when each chip has something to do; 0 is now */
    struct chip *busy[MACHINE_MAX_CHIPS];  /* what there is to execute in the window */
    struct crew *crew;                     /* host threads; NULL for one */
    struct arm_translations *translations; /* of the fast engine; NULL with the plain one */
};

/* A machine out of power-on, waiting for its boot image; NULL if there is no such machine, or no memory for it. */
struct machine *machine_create(const struct machine_config *config);
void machine_destroy(struct machine *machine);

/* Execute the chips on so many host threads from now on. False if the host does not give them. */
bool machine_set_threads(struct machine *machine, unsigned threads);

/* Execute the cores by that engine from now on; a new machine has the plain one. False if the host has not got it; the
 * best is always had. */
bool machine_set_engine(struct machine *machine, enum machine_engine engine);

/* Start the root chip's monitor with a boot image, as if it had come over UDP. */
void machine_boot(struct machine *machine, const uint8_t *image, uint32_t length);

/* Reset all chips of a board: RESET_BY_USER, as by its button or its management processor, or RESET_BY_POWER_ON, as if
 * its power went off and on. Its boot ROMs then wait for an image. */
void machine_reset_board(struct machine *machine, unsigned board, enum reset_code code);

/* Has the firmware of the root chip found its neighbours and its place in the machine? */
bool machine_is_up(const struct machine *machine);

/* Execute until the emulated time `until`, rounded up to the grid. */
void machine_run(struct machine *machine, uint64_t until);

/* The same, but no further than to the end of the window in which a board sends a datagram. */
void machine_run_to_output(struct machine *machine, uint64_t until);

/* The first time at which a machine whose cores all sleep will do something; now if some core is awake. */
uint64_t machine_next_event(const struct machine *machine);

/* The first time at which anything but the monitors' housekeeping is due: something of an application core's, or a
 * datagram on its way out. Now if some core is awake; NEVER if all is quiet. */
uint64_t machine_next_outward_event(const struct machine *machine);

/* A datagram arrives at a board, now. False if it was dropped. */
bool machine_input(struct machine *machine, const struct datagram *datagram);

/* Is there room for another datagram at that board? (One that comes when there is none is dropped.) */
bool machine_has_room(const struct machine *machine, unsigned board);

/* Take the next datagram that a board has sent by now; false if there is none. */
bool machine_output(struct machine *machine, struct datagram *datagram);

struct machine_statistics machine_statistics(const struct machine *machine);

/* A number that stands for the whole state: registers, memories, devices, time. Two machines that are equal have equal
 * hashes, on any host. */
uint64_t machine_hash(const struct machine *machine);

/* A hash of the cores' registers and of the time alone: next to nothing to compute, and whatever differs anywhere soon
 * differs here. */
uint64_t machine_pulse(const struct machine *machine);

/* The bytes of the whole state, in a form that machine_restore() takes back, here or elsewhere, now or years later.
 * The caller frees them; NULL if the host has no memory for them. */
uint8_t *machine_save(const struct machine *machine, size_t *length);

/* The check at the end of such bytes, a 64-bit hash of all before it: against damage, not against malice. */
uint64_t machine_snapshot_check(const uint8_t *bytes, size_t length);

/* A machine made of such bytes, which goes on as the saved one would have, bit for bit. NULL if they are not the whole
 * of a saved machine; `complaint` then says in what way. */
struct machine *machine_restore(const uint8_t *bytes, size_t length, const char **complaint);

#endif
