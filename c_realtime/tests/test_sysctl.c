/* The system controller: clocks, resets, interrupts between cores, the guard code, test and set. */
#include "check.h"

#define CODE 0x5ec00000u

int main(void) {
    struct chip *chip = running_chip();
    struct processor *core = &chip->core[4];

    CHECK_EQUAL(sysctl_read(chip, 0x00), 0x59111012);
    CHECK_EQUAL(sysctl_read(chip, 0x10), 0x3ffff);

    /* Stopping and starting a core's clock takes the code. */
    sysctl_write(chip, 0x04, 1u << 4);
    CHECK(core->clocked);
    sysctl_write(chip, 0x04, CODE | 1u << 4);
    CHECK(!core->clocked && !processor_is_running(core));
    CHECK_EQUAL(sysctl_read(chip, 0x04), 1u << 4);
    sysctl_write(chip, 0x04, CODE);
    CHECK(processor_is_running(core));

    /* Interrupts between cores. */
    sysctl_write(chip, 0x08, CODE | 1u << 4 | 1u << 5);
    CHECK(core->vic.lines & VIC_SYSTEM_CONTROL);
    CHECK(chip->core[5].vic.lines & VIC_SYSTEM_CONTROL);
    CHECK(!(chip->core[6].vic.lines & VIC_SYSTEM_CONTROL));
    sysctl_write(chip, 0x0c, CODE | 1u << 4);
    CHECK(!(core->vic.lines & VIC_SYSTEM_CONTROL));
    CHECK_EQUAL(sysctl_read(chip, 0x08), 1u << 5);

    /* A core in reset does not run; let go, it starts at the high vector with its memories as they were. */
    core->arm.pc = 0x123;
    core->arm.dtcm[5] = 0x77;
    timer_write(core, 0x08, 0xe2);
    sysctl_write(chip, 0x18, CODE | 1u << 4);
    CHECK(core->state == PROCESSOR_IN_RESET);
    CHECK_EQUAL(core->next_event, NEVER);
    sysctl_write(chip, 0x18, CODE);
    CHECK(processor_is_running(core));
    CHECK_EQUAL(core->arm.pc, ARM_RESET_HIGH);
    CHECK_EQUAL(core->arm.dtcm[5], 0x77);
    core->arm.pc = 0x123;
    sysctl_write(chip, 0x24, CODE | 1u << 4); /* a pulse does both */
    CHECK(processor_is_running(core));
    CHECK_EQUAL(core->arm.pc, ARM_RESET_HIGH);

    /* Locks: reading takes or frees one, and tells how it was. */
    CHECK_EQUAL(sysctl_read(chip, 0x100 + 4 * 3), 0);
    CHECK_EQUAL(sysctl_read(chip, 0x100 + 4 * 3), 0x80000000u);
    CHECK_EQUAL(sysctl_read(chip, 0x100 + 4 * 2), 0);
    CHECK_EQUAL(sysctl_read(chip, 0x180 + 4 * 3), 0x80000000u);
    CHECK_EQUAL(sysctl_read(chip, 0x180 + 4 * 3), 0);

    /* Flags and pins are set and cleared by bits. */
    sysctl_write(chip, 0x58, 6);
    sysctl_write(chip, 0x5c, 2);
    CHECK_EQUAL(sysctl_read(chip, 0x58), 4);
    sysctl_write(chip, 0x40, 0xf0);
    sysctl_write(chip, 0x48, 0x01);
    sysctl_write(chip, 0x4c, 0x10);
    CHECK_EQUAL(sysctl_read(chip, 0x40), 0xe1);
    core->arm.waiting = true;
    CHECK_EQUAL(sysctl_read(chip, 0x64), 1u << 4);

    CHECK_EQUAL(chip->unmodelled_count, 0);
    sysctl_read(chip, 0x7c);
    sysctl_read(chip, 0x7c);
    CHECK_EQUAL(chip->unmodelled_count, 1); /* noted once, and counted */
    CHECK_EQUAL(chip->unmodelled[0].count, 2);
    chip_destroy(chip);
    return EXIT_SUCCESS;
}
