#define _DEFAULT_SOURCE
#include "chip.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "pl340.h"

/* ---- memories ---- */

void chip_map_memories(struct chip *chip, struct arm_window window[ARM_WINDOWS]) {
    /* SDRAM, at 0x60000000 with buffered writes and at 0x70000000 without; it repeats every 128 MB, by which SCAMP
     * finds out its size. */
    window[0] =
        (struct arm_window){0xe0000000u, 0x60000000u, SDRAM_BYTES - 1, SDRAM_LOAD_WAIT, BUFFERED_WAIT, chip->sdram};
    /* System RAM at 0xe5000000 and 0xf5000000, */
    window[1] =
        (struct arm_window){0xef000000u, 0xe5000000u, SYSRAM_BYTES - 1, SYSRAM_LOAD_WAIT, BUFFERED_WAIT, chip->sysram};
    /* and at the high vectors, where application cores come out of reset. */
    window[2] =
        (struct arm_window){0xffff8000u, 0xffff0000u, SYSRAM_BYTES - 1, SYSRAM_LOAD_WAIT, BUFFERED_WAIT, chip->sysram};
    window[3] = (struct arm_window){0};
}

uint8_t *chip_memory(struct chip *chip, uint32_t address) {
    if ((address & 0xe0000000u) == 0x60000000u)
        return chip->sdram + (address & (SDRAM_BYTES - 1));
    if ((address & 0xef000000u) == 0xe5000000u)
        return chip->sysram + (address & (SYSRAM_BYTES - 1));
    return NULL;
}

/* ---- devices ---- */

bool chip_read(struct chip *chip, struct processor *core, uint32_t address, uint32_t *value) {
    const uint8_t *memory = core == NULL ? chip_memory(chip, address) : NULL;

    if (memory != NULL) {
        memcpy(value, memory, sizeof *value);
        return true;
    }
    switch (address >> 24) {
    case 0xe0:
    case 0xf0:
        *value = pl340_read(address & 0xfff);
        return true;
    case 0xe1:
    case 0xf1:
        *value = router_read(chip, address & 0x1ffff);
        return true;
    case 0xe2:
    case 0xf2:
        *value = sysctl_read(chip, address & 0xfff);
        return true;
    case 0xe3:
    case 0xf3:
        *value = watchdog_read(chip, address & 0xfff);
        return true;
    case 0xe4:
    case 0xf4:
        *value = ethernet_read(chip, address & 0xffff);
        return true;
    default:
        chip_note_unmodelled(chip, core, address, false);
        return false;
    }
}

bool chip_write(struct chip *chip, struct processor *core, uint32_t address, unsigned bytes, uint32_t value) {
    uint8_t *memory = core == NULL ? chip_memory(chip, address) : NULL;

    if (memory != NULL) {
        memcpy(memory, &value, bytes);
        return true;
    }
    switch (address >> 24) {
    case 0xe0:
    case 0xf0:
        return true;
    case 0xe1:
    case 0xf1:
        router_write(chip, address & 0x1fffc, value);
        return true;
    case 0xe2:
    case 0xf2:
        sysctl_write(chip, address & 0xffc, value);
        return true;
    case 0xe3:
    case 0xf3:
        watchdog_write(chip, address & 0xffc, value);
        return true;
    case 0xe4:
    case 0xf4:
        ethernet_write(chip, address & 0xffff, bytes, value);
        return true;
    default:
        chip_note_unmodelled(chip, core, address, true);
        return false;
    }
}

void chip_note_unmodelled(struct chip *chip, const struct processor *core, uint32_t address, bool write) {
    if (core == NULL)
        core = chip->executing;
    for (unsigned i = 0; i < chip->unmodelled_count; i++)
        if (chip->unmodelled[i].address == address && chip->unmodelled[i].write == write) {
            chip->unmodelled[i].count++;
            return;
        }
    if (chip->unmodelled_count < UNMODELLED_NOTES)
        chip->unmodelled[chip->unmodelled_count++] =
            (struct unmodelled){address, core ? core->arm.pc : 0, core ? core->index : 0, write, 1};
}

/* ---- life ---- */

struct chip *chip_create(unsigned x, unsigned y, uint32_t working_cores, const struct bootrom_settings *settings) {
    struct chip *chip = calloc(1, sizeof *chip);

    if (chip == NULL)
        return NULL;
    /* Fresh pages, straight from the host: it gives memory only to what is touched, and sanitizers, which would mark
     * all of an allocation, let chips be made by the thousand. */
    void *sdram = mmap(NULL, SDRAM_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (sdram == MAP_FAILED) {
        free(chip);
        return NULL;
    }
    chip->sdram = sdram;
    chip->x = x;
    chip->y = y;
    chip->bootrom.settings = *settings;
    chip->clock = &chip->alone.clock;
    chip->due = &chip->alone.due;
    chip->alone.due = NEVER;
    chip->blocked_at = NEVER;
    for (unsigned i = 0; i < CORES_PER_CHIP; i++) {
        chip->wake_at[i] = NEVER;
        processor_init(&chip->core[i], chip, i);
    }
    chip->working_cores = working_cores;
    sysctl_reset(chip, RESET_BY_POWER_ON);
    watchdog_reset(chip);
    router_reset(chip);
    return chip;
}

void chip_destroy(struct chip *chip) {
    if (chip != NULL)
        munmap(chip->sdram, SDRAM_BYTES);
    free(chip);
}

/* ---- reset ---- */

/* Power comes back to memories that hold nothing. Pages given back to the host are cheaper than 128 MB of zeros
 * written. */
static void clear_memories(struct chip *chip) {
    if (madvise(chip->sdram, SDRAM_BYTES, MADV_DONTNEED) != 0)
        memset(chip->sdram, 0, SDRAM_BYTES);
    memset(chip->sysram, 0, SYSRAM_BYTES);
    for (unsigned i = 0; i < CORES_PER_CHIP; i++) {
        struct arm_core *arm = &chip->core[i].arm;
        chip_map_memories(chip, arm->window);
        memset(arm->itcm, 0, ARM_ITCM_SIZE);
        memset(arm->dtcm, 0, ARM_DTCM_SIZE);
        arm_code_changed(arm, ARM_ITCM_BASE, ARM_ITCM_SIZE);
    }
}

void chip_reset(struct chip *chip, enum reset_code code) {
    if (code == RESET_BY_POWER_ON)
        clear_memories(chip);
    for (unsigned i = 0; i < CORES_PER_CHIP; i++)
        processor_power_up(&chip->core[i]);
    sysctl_reset(chip, code);
    watchdog_reset(chip);
    router_reset(chip);
    ethernet_reset(chip);
    bootrom_reset(chip);
    chip->reset_requests = 0;
    chip->awake = (1u << CORES_PER_CHIP) - 1; /* to be found at rest */
    chip_is_due(chip);
}

void chip_request_reset(struct chip *chip, enum reset_code code) {
    chip->reset_requests |= 1u << code;
    chip_is_due(chip); /* a chip that sleeps has no window */
    for (unsigned i = 0; i < CORES_PER_CHIP; i++)
        processor_stall(&chip->core[i]);
}

/* ---- time ---- */

void chip_expect(struct chip *chip, uint64_t time) {
    if (time < *chip->due)
        *chip->due = time;
}

uint64_t chip_now(const struct chip *chip) {
    return chip->executing ? processor_now(chip->executing) : *chip->clock;
}

/* When a core that is not awake is next to be looked at. */
static uint64_t wake_time(const struct processor *core) {
    return processor_is_running(core) ? core->next_event : NEVER;
}

void chip_reschedule(struct chip *chip) {
    uint64_t due = chip->watchdog.expiry;

    if (chip->awake | chip->sending | chip->reset_requests || dma_is_crowded(chip)) {
        *chip->due = 0;
        return;
    }
    for (unsigned i = 0; i < CORES_PER_CHIP; i++)
        if (chip->wake_at[i] < due)
            due = chip->wake_at[i];
    *chip->due = due;
}

static void wake_at(struct chip *chip, unsigned core, uint64_t time) {
    chip->wake_at[core] = time;
    if (time < chip->first_wake)
        chip->first_wake = time;
}

static void wake_cores(struct chip *chip, uint64_t end) {
    if (chip->first_wake >= end)
        return;
    chip->first_wake = NEVER;
    for (unsigned i = 0; i < CORES_PER_CHIP; i++) {
        if (chip->wake_at[i] < end)
            chip->awake |= 1u << i;
        else if (chip->wake_at[i] < chip->first_wake)
            chip->first_wake = chip->wake_at[i];
    }
}

void chip_run(struct chip *chip, uint64_t end) {
    uint32_t rest;

    dma_share_memory(chip, *chip->clock, end);
    wake_cores(chip, end);
    /* Bits of cores that the one executing wakes are met in this very window if their turn is still to come. */
    for (uint32_t turn = 0; (rest = chip->awake >> turn) != 0; turn++) {
        turn += (uint32_t)__builtin_ctz(rest);
        struct processor *core = &chip->core[turn];
        if (core->time < *chip->clock)
            core->time = *chip->clock;
        chip->executing = core;
        processor_run(core, end);
        if (core->arm.waiting || !processor_is_running(core)) {
            chip->awake &= ~(1u << turn);
            wake_at(chip, turn, wake_time(core));
        }
    }
    chip->executing = NULL;
    watchdog_advance(chip, end);
    if (chip->reset_requests)
        chip_reset(chip, (enum reset_code)__builtin_ctz(chip->reset_requests));
    chip_reschedule(chip);
}

/* ---- state ---- */

static void archive_unmodelled(struct archive *archive, struct unmodelled *note) {
    ARCHIVE(archive, note->address);
    ARCHIVE(archive, note->pc);
    ARCHIVE(archive, note->core);
    archive_bool(archive, &note->write);
    ARCHIVE(archive, note->count);
}

/* What matters of the time is whether it is this very moment. */
static void archive_blocked(struct archive *archive, struct chip *chip) {
    bool blocked = chip->blocked_at == *chip->clock;

    archive_bool(archive, &blocked);
    if (archive->restoring)
        chip->blocked_at = blocked ? *chip->clock : NEVER;
}

void chip_archive(struct archive *archive, struct chip *chip) {
    for (unsigned i = 0; i < CORES_PER_CHIP; i++)
        processor_archive(archive, &chip->core[i]);
    archive->memory(archive, chip->sysram, SYSRAM_BYTES);
    archive->memory(archive, chip->sdram, SDRAM_BYTES);
    sysctl_archive(archive, &chip->sysctl);
    watchdog_archive(archive, &chip->watchdog);
    router_archive(archive, &chip->router);
    ethernet_archive(archive, &chip->ethernet);
    bootrom_archive(archive, &chip->bootrom);
    links_archive(archive, &chip->links);
    archive_blocked(archive, chip);
    ARCHIVE(archive, chip->awake);
    ARCHIVE(archive, chip->sending);
    ARCHIVE(archive, chip->reset_requests);
    archive_expect(archive, chip->reset_requests >> RESET_CODES == 0);
    archive_expect(archive, ((chip->awake | chip->sending) >> CORES_PER_CHIP) == 0);
    if (archive->restoring) {
        for (unsigned i = 0; i < CORES_PER_CHIP; i++) {
            wake_at(chip, i, wake_time(&chip->core[i]));
            chip->transferring |= (uint32_t)(chip->core[i].dma.pending != 0) << i;
        }
        chip_reschedule(chip);
    }
    for (unsigned i = 0; i < CORES_PER_CHIP; i++) /* whose next packet the fabric takes for granted */
        archive_expect(archive, !(chip->sending >> i & 1) || comms_next_to_send(&chip->core[i]) != NULL);
    ARCHIVE(archive, chip->unmodelled_count);
    archive_expect(archive, chip->unmodelled_count <= UNMODELLED_NOTES);
    for (unsigned i = 0; i < chip->unmodelled_count && i < UNMODELLED_NOTES; i++)
        archive_unmodelled(archive, &chip->unmodelled[i]);
}
