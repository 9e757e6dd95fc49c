/* The emulated machine: the chips of a board, its network side, and emulated time.
 *
 * A deterministic function of its configuration, its images and its inputs. Inputs are datagrams, and each takes effect
 * at the emulated time at which it is given; machine_input() and machine_boot() are the only doors. There is no wall
 * clock, no socket and no file here. */
#ifndef SPINNLIVE_MACHINE_MACHINE_H
#define SPINNLIVE_MACHINE_MACHINE_H

#include "../chip/chip.h"

/* Cores are executed one after the other for this long. Windows lie on a fixed grid of emulated time, so that what
 * happens does not depend on how far the machine is asked to run at once. */
#define MACHINE_WINDOW_CYCLES 400 /* 2 us */

#define MACHINE_MAX_SIDE  8
#define MACHINE_MAX_CHIPS 48
#define DATAGRAM_BYTES    1472 /* what fits into one Ethernet frame */

enum machine_board { BOARD_SPINN3 = 3, BOARD_SPINN5 = 5 }; /* the numbers are the boards' hardware versions */

/* Which engine executes the cores: they agree in every bit, and differ in speed (arm/arm.h). */
enum machine_engine { ENGINE_BEST, ENGINE_PLAIN, ENGINE_FAST };

struct machine_config {
    enum machine_board board;
    enum machine_engine engine;
    uint8_t ip[4];
};

/* A UDP datagram between the board and somebody on its network. */
struct datagram {
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

struct machine {
    uint64_t now; /* emulated time in cycles; always on the grid */
    unsigned chip_count;
    struct chip *chip[MACHINE_MAX_CHIPS];
    struct chip *at[MACHINE_MAX_SIDE][MACHINE_MAX_SIDE]; /* [x][y] */
    struct chip *ethernet;                               /* the chip with the PHY, at 0,0 */
    uint8_t ip[4];
    uint64_t datagrams_in, datagrams_out, datagrams_dropped;
    struct arm_translations *translations; /* of the fast engine; NULL with the plain one */
};

/* A machine out of power-on, waiting for its boot image; NULL if the host has no memory for it, or no engine as wanted.
 */
struct machine *machine_create(const struct machine_config *config);
void machine_destroy(struct machine *machine);

/* Start the root chip's monitor with a boot image, as if it had come over UDP. */
void machine_boot(struct machine *machine, const uint8_t *image, uint32_t length);

/* Has the firmware of the root chip found its neighbours and its place in the machine? */
bool machine_is_up(const struct machine *machine);

/* Execute until the emulated time `until`, rounded up to the grid. */
void machine_run(struct machine *machine, uint64_t until);

/* The first time at which a machine whose cores all sleep will do something; now if some core is awake. */
uint64_t machine_next_event(const struct machine *machine);

/* The first time at which anything but the monitors' housekeeping is due: something of an application core's, or a
 * datagram on its way out. Now if some core is awake; NEVER if all is quiet. */
uint64_t machine_next_outward_event(const struct machine *machine);

/* A datagram arrives at the board, now. False if it was dropped. */
bool machine_input(struct machine *machine, const struct datagram *datagram);

/* Is there room for another datagram? (One that comes when there is none is dropped.) */
bool machine_has_room(const struct machine *machine);

/* Take the next datagram that the board has sent by now; false if there is none. */
bool machine_output(struct machine *machine, struct datagram *datagram);

struct machine_statistics machine_statistics(const struct machine *machine);

/* A number that stands for the whole state: registers, memories, devices, time. Two machines that are equal have equal
 * hashes, on any host. */
uint64_t machine_hash(const struct machine *machine);

#endif
