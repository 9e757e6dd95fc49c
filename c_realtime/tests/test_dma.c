/* The DMA controller: both directions, both memories, the queue of two, completion, and transfers that must be refused.
 */
#include "check.h"

enum { SYSTEM = 0x04, TCM = 0x08, START = 0x0c, CONTROL = 0x10, STATUS = 0x14, GLOBAL = 0x18 };
enum { TO_SYSTEM = 0x00080000, CLEAR_DONE = 8, BUSY = 1, FULL = 4, DONE = 0x400, ERROR = 0x2000 };

static struct processor *core;

static void transfer(uint32_t system, uint32_t tcm, uint32_t length, uint32_t direction) {
    dma_write(core, SYSTEM, system);
    dma_write(core, TCM, tcm);
    dma_write(core, START, length | direction);
}

static uint32_t status(void) {
    return dma_read(core, STATUS) & 0x00ffffff;
}

static void pass(uint64_t cycles) {
    core->time += cycles;
}

/* Cycles until the last of `cores` transfers of 1000 words has ended, in windows, all begun at once. */
static uint64_t duration(unsigned cores) {
    struct chip *chip = running_chip();
    uint64_t window = MACHINE_WINDOW_CYCLES;

    for (unsigned i = 0; i < CORES_PER_CHIP; i++)
        chip->core[i].arm.waiting = true;
    for (unsigned i = 0; i < cores; i++) {
        core = &chip->core[i];
        transfer(0x60000000 + i * 4000, ARM_DTCM_BASE, 4000, 0);
        processor_wake(core);
    }
    chip_run(chip, window); /* the window of the start has no contention */
    chip->alone.clock = window;
    while (chip->transferring) {
        chip_run(chip, chip->alone.clock + window);
        chip->alone.clock += window;
    }
    uint64_t end = chip->alone.clock;
    chip_destroy(chip);
    return end;
}

/* A few transfers do not feel each other; all of a chip's get no more than the memory's 1 Gbyte/s. */
static void check_contention(void) {
    uint64_t alone = DMA_SETUP_CYCLES + 1000 * DMA_CYCLES_PER_WORD, all = duration(CORES_PER_CHIP);

    CHECK(duration(1) >= alone && duration(1) <= alone + MACHINE_WINDOW_CYCLES);
    CHECK_EQUAL(duration(3), duration(1));
    CHECK(duration(8) > 3 * duration(1) / 2);
    CHECK(all >= CORES_PER_CHIP * 4000 / 5 && all < CORES_PER_CHIP * 4000 / 5 * 11 / 10);
}

int main(void) {
    check_contention();
    struct chip *chip = running_chip();
    core = &chip->core[7];

    memcpy(chip->sdram + 0x1000, "spikes in a row", 16);
    dma_write(core, GLOBAL, DONE);
    transfer(0x70001000, ARM_DTCM_BASE + 0x40, 16, 0);
    CHECK(memcmp(core->arm.dtcm + 0x40, "spikes in a row", 16) == 0);
    CHECK_EQUAL(status(), BUSY);
    CHECK_EQUAL(dma_read(core, STATUS) >> 24, 7);
    pass(DMA_SETUP_CYCLES + 4 * DMA_CYCLES_PER_WORD);
    CHECK_EQUAL(status(), DONE);
    CHECK(core->vic.lines & VIC_DMA_DONE);
    dma_write(core, CONTROL, CLEAR_DONE);
    CHECK_EQUAL(status(), 0);
    CHECK(!(core->vic.lines & VIC_DMA_DONE));

    /* To system RAM, from ITCM; a second transfer queues, a third finds the queue full. */
    core->arm.itcm[0x100] = 0x5a;
    transfer(0xe5000200, 0x100, 4, TO_SYSTEM);
    CHECK_EQUAL(chip->sysram[0x200], 0x5a);
    transfer(0x60002000, 0x100, 400, TO_SYSTEM);
    CHECK_EQUAL(status(), BUSY | FULL);
    transfer(0x60003000, 0x100, 4, TO_SYSTEM);
    CHECK_EQUAL(chip->sdram[0x3000], 0);
    CHECK_EQUAL(status(), BUSY | FULL | ERROR);
    pass(DMA_SETUP_CYCLES + DMA_CYCLES_PER_WORD);
    CHECK_EQUAL(status(), BUSY | DONE | ERROR);
    pass(DMA_SETUP_CYCLES + 100 * DMA_CYCLES_PER_WORD);
    CHECK_EQUAL(status(), DONE | ERROR);
    dma_write(core, CONTROL, 0x3f);
    CHECK_EQUAL(status(), 0);

    /* What would leave its memory is refused, and touches nothing. */
    static const uint32_t bad[][3] = {
        {0x60000000, ARM_DTCM_BASE + ARM_DTCM_SIZE - 4, 8}, /* past the end of DTCM */
        {0x60000000, ARM_ITCM_SIZE - 4, 8},                 /* past the end of ITCM */
        {0x67fffff8, ARM_DTCM_BASE, 16},                    /* past the end of SDRAM */
        {0xe5007ff8, ARM_DTCM_BASE, 16},                    /* past the end of system RAM */
        {0x00000100, ARM_DTCM_BASE, 16},                    /* TCM is not system memory */
        {0xf1000000, ARM_DTCM_BASE, 16},                    /* nor is a device */
        {0x60000000, 0x60000100, 16},                       /* nor is SDRAM a TCM */
        {0xfffffff8, ARM_DTCM_BASE, 0x1ffff},               /* addresses do not wrap */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        transfer(bad[i][0], bad[i][1], bad[i][2], 0);
        CHECK_EQUAL(status(), ERROR);
        dma_write(core, CONTROL, 0x3f);
    }
    CHECK_EQUAL(core->dma.refused, 1 + sizeof bad / sizeof *bad);
    CHECK_EQUAL(chip->unmodelled_count, 0);
    chip_destroy(chip);
    return EXIT_SUCCESS;
}
