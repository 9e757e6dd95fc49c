/* The interrupt controller: enabling, priorities, nesting, the fast interrupt, software interrupts. */
#include "check.h"

enum {
    SELECT = 0x0c,
    ENABLE = 0x10,
    DISABLE = 0x14,
    SOFT_SET = 0x18,
    SOFT_CLEAR = 0x1c,
    VECTOR = 0x30,
    DEFAULT = 0x34
};

static void set_slot(struct processor *core, unsigned slot, unsigned source, uint32_t handler) {
    vic_write(core, 0x100 + 4 * slot, handler);
    vic_write(core, 0x200 + 4 * slot, 0x20 | source);
}

int main(void) {
    struct chip *chip = running_chip();
    struct processor *core = &chip->core[3];

    vic_write(core, DEFAULT, 0xdef);
    set_slot(core, 1, 4, 0x111);
    set_slot(core, 5, 12, 0x555);
    CHECK_EQUAL(vic_read(core, 0x104), 0x111);
    CHECK_EQUAL(vic_read(core, 0x214), 0x20 | 12);

    /* A source that is not enabled shows in the raw status alone. */
    vic_drive(core, VIC_DMA_DONE, true);
    CHECK(vic_read(core, 0x08) & VIC_DMA_DONE);
    CHECK_EQUAL(vic_read(core, 0x00), 0);
    CHECK(!core->arm.irq_line);
    vic_write(core, ENABLE, VIC_DMA_DONE | VIC_TIMER1);
    CHECK(core->arm.irq_line);

    /* In service, a lower or equal priority waits and a higher one interrupts. */
    CHECK_EQUAL(vic_read(core, VECTOR), 0x555);
    CHECK(!core->arm.irq_line);
    vic_drive(core, VIC_TIMER1, true);
    CHECK(core->arm.irq_line);
    CHECK_EQUAL(vic_read(core, VECTOR), 0x111);
    CHECK(!core->arm.irq_line);
    vic_drive(core, VIC_TIMER1, false);
    vic_write(core, VECTOR, 0);
    CHECK(!core->arm.irq_line); /* back in slot 5, whose own line is still up */
    vic_drive(core, VIC_DMA_DONE, false);
    vic_write(core, VECTOR, 0);
    CHECK(!core->arm.irq_line);

    /* A source without a slot goes to the default handler, below all slots, and is silent until its service ends. */
    vic_write(core, ENABLE, 2);
    vic_write(core, SOFT_SET, 2);
    CHECK(core->arm.irq_line);
    CHECK_EQUAL(vic_read(core, VECTOR), 0xdef);
    CHECK(!core->arm.irq_line);
    vic_drive(core, VIC_DMA_DONE, true);
    CHECK(core->arm.irq_line);
    CHECK_EQUAL(vic_read(core, VECTOR), 0x555);
    vic_drive(core, VIC_DMA_DONE, false);
    vic_write(core, VECTOR, 0);
    CHECK(!core->arm.irq_line);
    vic_write(core, VECTOR, 0);
    CHECK(core->arm.irq_line);
    vic_write(core, SOFT_CLEAR, 2);
    CHECK(!core->arm.irq_line);
    CHECK_EQUAL(vic_read(core, VECTOR), 0xdef); /* nothing waits: nothing comes into service */
    vic_write(core, SOFT_SET, 2);
    CHECK(core->arm.irq_line);
    vic_write(core, SOFT_CLEAR, 2);

    /* A source selected for FIQ drives that line only. */
    vic_write(core, SELECT, VIC_TIMER1);
    vic_drive(core, VIC_TIMER1, true);
    CHECK(core->arm.fiq_line && !core->arm.irq_line);
    CHECK_EQUAL(vic_read(core, 0x04), VIC_TIMER1);
    vic_write(core, DISABLE, VIC_TIMER1);
    CHECK(!core->arm.fiq_line);

    /* The alias at the top of memory reaches the same registers. */
    uint32_t value;
    CHECK(core->arm.bus.read(core, 0xfffff000u + DEFAULT, 4, &value));
    CHECK_EQUAL(value, 0xdef);
    CHECK_EQUAL(chip->unmodelled_count, 0);
    chip_destroy(chip);
    return EXIT_SUCCESS;
}
