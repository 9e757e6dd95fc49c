/* A SpiNNaker chip: 18 cores, their shared memories and devices, and six links to its neighbours. */
#ifndef SPINNLIVE_CHIP_CHIP_H
#define SPINNLIVE_CHIP_CHIP_H

#include "bootrom.h"
#include "ethernet.h"
#include "fabric.h"
#include "link.h"
#include "packet.h"
#include "processor.h"
#include "router.h"
#include "sysctl.h"
#include "watchdog.h"

#define SDRAM_BYTES  (128u << 20)
#define SYSRAM_BYTES (32u << 10)

/* Bases of the shared devices; each has an alias with bit 28 clear for buffered writes (datasheet, memory map). */
#define PL340_BASE    0xf0000000u
#define ROUTER_BASE   0xf1000000u
#define SYSCTL_BASE   0xf2000000u
#define WATCHDOG_BASE 0xf3000000u
#define ETHERNET_BASE 0xf4000000u

#define UNMODELLED_NOTES 32 /* enough to name every register of a whole unknown device */

/* A register that software touched and that is not modelled: it read as zero, or its write was lost. */
struct unmodelled {
    uint32_t address, pc;
    unsigned core;
    bool write;
    uint64_t count;
};

struct chip {
    unsigned x, y;
    unsigned number; /* its place among the machine's chips */

    /* What to execute, and when; together, so that looking for work touches little memory. */
    const uint64_t *clock; /* the machine's: the start of the time window that is being executed */
    uint64_t *due;         /* in the machine: no later than when there is something to do here; 0 is now */
    struct processor *executing;
    uint32_t awake;        /* cores that are not waiting for an interrupt, or may not be */
    uint32_t sending;      /* cores whose packets wait for the fabric */
    uint32_t held_back;    /* those of them whose next packet has found its receivers full in this delivery */
    uint32_t transferring; /* cores whose DMA controller has a transfer pending */
    uint64_t wake_at[CORES_PER_CHIP]; /* when each core that is not awake has something due; else no later than now */
    uint64_t first_wake;              /* none of the cores that are not awake has anything due before */
    uint32_t reset_requests;          /* a bit for each enum reset_code; met at the end of the window */
    uint64_t blocked_at;              /* when a packet last waited for some output of this chip's router */
    struct {
        uint64_t clock, due;
    } alone; /* what the two above point to while the chip is in no machine */

    struct processor core[CORES_PER_CHIP];
    uint8_t sysram[SYSRAM_BYTES] __attribute__((aligned(16)));
    uint8_t *sdram; /* SDRAM_BYTES */
    struct sysctl sysctl;
    struct watchdog watchdog;
    struct router router;
    struct ethernet ethernet;
    struct bootrom bootrom;
    struct chip *neighbour[LINKS_PER_CHIP]; /* NULL where no chip is wired to the link */
    struct links links;
    uint32_t working_cores; /* a bit for each core that passes the self-test */

    struct unmodelled unmodelled[UNMODELLED_NOTES];
    unsigned unmodelled_count;
};

/* A chip out of power-on reset. `working_cores` has a bit for each core that passed the self-test. */
struct chip *chip_create(unsigned x, unsigned y, uint32_t working_cores, const struct bootrom_settings *settings);
void chip_destroy(struct chip *chip);

/* Out of reset, as for that reason: every core and device begins anew, and the boot ROM waits for an image. Memories
 * keep their contents, but for the power-on reset, after which they are zeros. What is counted goes on, and what is
 * broken stays so. */
void chip_reset(struct chip *chip, enum reset_code code);

/* Let the chip be reset at the end of the window, by something on it. */
void chip_request_reset(struct chip *chip, enum reset_code code);

/* Something that is no core's is due then. */
void chip_expect(struct chip *chip, uint64_t time);

/* Execute all cores from the clock's time until `end`, one after the other. Touches this chip alone. */
void chip_run(struct chip *chip, uint64_t end);

/* Find out anew when there is something to do. */
void chip_reschedule(struct chip *chip);

/* There is something to do on the chip, now. */
static inline void chip_is_due(struct chip *chip) {
    if (*chip->due != 0)
        *chip->due = 0;
}

/* The emulated time, also in the middle of a core's window. */
uint64_t chip_now(const struct chip *chip);

/* Access the shared address space, for a core or (core NULL) from a neighbour's link. False if nothing is there. */
bool chip_read(struct chip *chip, struct processor *core, uint32_t address, uint32_t *value);
bool chip_write(struct chip *chip, struct processor *core, uint32_t address, unsigned bytes, uint32_t value);

/* The byte of SDRAM or system RAM at an address, as a neighbour sees it; NULL if there is none. */
uint8_t *chip_memory(struct chip *chip, uint32_t address);

void chip_map_memories(struct chip *chip, struct arm_window window[ARM_WINDOWS]);

void chip_note_unmodelled(struct chip *chip, const struct processor *core, uint32_t address, bool write);

/* Save, restore or hash the chip's state. A chip is restored into a fresh one, made with the same settings. */
void chip_archive(struct archive *archive, struct chip *chip);

#endif
