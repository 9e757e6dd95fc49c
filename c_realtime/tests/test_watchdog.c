/* The watchdog: counting, its lock, the interrupt, the reset of the monitor, and the reset of the chip. */
#include "check.h"

enum { LOAD = 0x00, VALUE = 0x04, CONTROL = 0x08, CLEAR = 0x0c, RAW = 0x10, MASKED = 0x14, LOCK = 0xc00 };
enum { COUNT = 1, RESET = 2 };
enum { SYSCTL_RESET_CODE = 0x30, SYSCTL_MONITOR_ID = 0x34 };

#define BASE   0xf3000000u
#define CODE   0x5ec00000u
#define UNLOCK 0x1acce551u
#define CLOCKS 1000u /* of the watchdog: 1500 of a core */

static struct chip *chip;

static uint32_t get(uint32_t offset) {
    uint32_t value;
    CHECK(chip_read(chip, NULL, BASE + offset, &value));
    return value;
}

static void put(uint32_t offset, uint32_t value) {
    CHECK(chip_write(chip, NULL, BASE + offset, 4, value));
}

static void pass(uint64_t cycles) {
    chip_run(chip, chip->alone.clock + cycles);
    chip->alone.clock += cycles;
}

static void everybody_sleeps(void) {
    for (unsigned i = 0; i < CORES_PER_CHIP; i++)
        chip->core[i].arm.waiting = true;
}

static void check_counting(void) {
    CHECK_EQUAL(get(VALUE), 0xffffffffu);
    put(LOAD, CLOCKS);
    CHECK_EQUAL(get(VALUE), CLOCKS);
    pass(3000);
    CHECK_EQUAL(get(VALUE), CLOCKS); /* it has not been started */
    put(CONTROL, COUNT);
    pass(1200);
    CHECK_EQUAL(get(VALUE), CLOCKS - 800);
    CHECK_EQUAL(get(RAW), 0);
    put(LOCK, 0);
    CHECK_EQUAL(get(LOCK), 1);
    put(CONTROL, 0); /* locked: not heard */
    CHECK_EQUAL(get(CONTROL), COUNT);
    put(LOCK, UNLOCK);
    CHECK_EQUAL(get(LOCK), 0);
    put(CONTROL, 0);
    pass(30000);
    CHECK_EQUAL(get(VALUE), CLOCKS - 800); /* it stands */
}

static void check_interrupt(void) {
    put(CONTROL, COUNT);
    pass(1600);
    CHECK_EQUAL(get(RAW), 1);
    CHECK_EQUAL(get(MASKED), 1);
    for (unsigned i = 0; i < CORES_PER_CHIP; i++)
        CHECK(chip->core[i].vic.lines & VIC_WATCHDOG);
    put(CLEAR, 1); /* counts from LOAD again */
    CHECK(!(chip->core[3].vic.lines & VIC_WATCHDOG));
    CHECK_EQUAL(get(VALUE), CLOCKS);
    pass(1600);
    CHECK_EQUAL(get(RAW), 1);
    pass(100000); /* without the reset being enabled nothing more comes of it */
    CHECK_EQUAL(sysctl_read(chip, SYSCTL_RESET_CODE), RESET_BY_POWER_ON);
    put(CLEAR, 1);
    put(CONTROL, 0);
}

static void check_monitor_reset(void) {
    struct processor *monitor = &chip->core[2];

    sysctl_write(chip, SYSCTL_MONITOR_ID, CODE | 0x10000 | 2);
    monitor->arm.pc = 0x40;
    put(CONTROL, COUNT);
    pass(1600);
    CHECK_EQUAL(monitor->arm.pc, ARM_RESET_HIGH);
    CHECK_EQUAL(sysctl_read(chip, SYSCTL_RESET_CODE), 4);
    CHECK(!bootrom_is_active(chip));
    put(CLEAR, 1);
    put(CONTROL, 0);
    sysctl_write(chip, SYSCTL_MONITOR_ID, CODE);
}

static void check_chip_reset(void) {
    put(CONTROL, COUNT | RESET);
    pass(2000);
    CHECK_EQUAL(get(RAW), 1);
    put(CLEAR, 1); /* fed in time */
    pass(2000);
    CHECK(!bootrom_is_active(chip));
    pass(2000);
    CHECK(bootrom_is_active(chip));
    CHECK_EQUAL(sysctl_read(chip, SYSCTL_RESET_CODE), RESET_BY_WATCHDOG);
    CHECK_EQUAL(get(CONTROL), 0);
    CHECK_EQUAL(get(LOAD), 0xffffffffu);
    for (unsigned i = 0; i < CORES_PER_CHIP; i++)
        CHECK(!processor_is_running(&chip->core[i]));
    pass(100000); /* and it is silent from then on */
    CHECK_EQUAL(*chip->due, NEVER);
}

int main(void) {
    chip = running_chip();
    everybody_sleeps();
    check_counting();
    check_interrupt();
    everybody_sleeps();
    check_monitor_reset();
    everybody_sleeps();
    check_chip_reset();
    CHECK_EQUAL(chip->unmodelled_count, 0);
    get(0xfe0);
    CHECK_EQUAL(chip->unmodelled_count, 1);
    chip_destroy(chip);
    return EXIT_SUCCESS;
}
