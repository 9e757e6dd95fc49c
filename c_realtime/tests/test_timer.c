/* The timers: modes, prescaling, background load, interrupts, and the one-shot that starts again on a write to LOAD. */
#include "check.h"

enum { LOAD = 0x00, COUNT = 0x04, CONTROL = 0x08, CLEAR = 0x0c, RAW = 0x10, MASKED = 0x14, BACKGROUND = 0x18, SECOND = 0x20 };
enum { ENABLED = 0x80, PERIODIC = 0x40, INTERRUPT = 0x20, WIDE = 0x02, ONE_SHOT = 0x01 };

static struct processor *core;

static void pass(uint64_t cycles) {
    core->time += cycles;
    timer_advance(core, core->time);
}

int main(void) {
    struct chip *chip = running_chip();
    core = &chip->core[1];

    /* Periodic: fires every LOAD cycles, and goes on. */
    timer_write(core, LOAD, 1000);
    timer_write(core, CONTROL, ENABLED | PERIODIC | INTERRUPT | WIDE);
    pass(400);
    CHECK_EQUAL(timer_read(core, COUNT), 600);
    CHECK_EQUAL(timer_read(core, RAW), 0);
    CHECK_EQUAL(core->next_event, core->time + 600);
    pass(600);
    CHECK_EQUAL(timer_read(core, RAW), 1);
    CHECK_EQUAL(timer_read(core, MASKED), 1);
    CHECK(core->vic.lines & VIC_TIMER1);
    timer_write(core, CLEAR, 1);
    CHECK(!(core->vic.lines & VIC_TIMER1));
    timer_write(core, BACKGROUND, 250); /* holds from the next period on */
    pass(1000);
    timer_write(core, CLEAR, 1);
    pass(250);
    CHECK_EQUAL(timer_read(core, RAW), 1);

    /* Several periods at once leave the count where it belongs. */
    pass(10 * 250 + 100);
    CHECK_EQUAL(timer_read(core, COUNT), 150);

    /* The second timer is another one. */
    timer_write(core, SECOND + LOAD, 16 * 10);
    timer_write(core, SECOND + CONTROL, ENABLED | INTERRUPT | WIDE | ONE_SHOT | 0x04); /* prescaled by 16 */
    pass(16 * 160 - 1);
    CHECK_EQUAL(timer_read(core, SECOND + RAW), 0);
    pass(1);
    CHECK_EQUAL(timer_read(core, SECOND + RAW), 1);
    CHECK(core->vic.lines & VIC_TIMER2);
    CHECK_EQUAL(timer_read(core, SECOND + COUNT), 0);
    timer_write(core, SECOND + CLEAR, 1);
    pass(1000000);
    CHECK_EQUAL(timer_read(core, SECOND + RAW), 0); /* one shot is one */
    timer_write(core, SECOND + LOAD, 20);
    pass(20 * 16);
    CHECK_EQUAL(timer_read(core, SECOND + RAW), 1); /* but a new LOAD starts it again */

    /* Without the interrupt bit the raw status alone is set; free running wraps; 16 bits count to 0xffff. */
    timer_write(core, SECOND + CLEAR, 1);
    timer_write(core, SECOND + LOAD, 5);
    timer_write(core, SECOND + CONTROL, ENABLED);
    pass(6);
    CHECK_EQUAL(timer_read(core, SECOND + RAW), 1);
    CHECK_EQUAL(timer_read(core, SECOND + MASKED), 0);
    CHECK(!(core->vic.lines & VIC_TIMER2));
    CHECK_EQUAL(timer_read(core, SECOND + COUNT), 0xffff);

    /* Stopped, it keeps its count. */
    timer_write(core, SECOND + CONTROL, 0);
    pass(1234);
    CHECK_EQUAL(timer_read(core, SECOND + COUNT), 0xffff);
    timer_write(core, CONTROL, 0);
    CHECK_EQUAL(core->next_event, NEVER);
    CHECK_EQUAL(chip->unmodelled_count, 0);
    chip_destroy(chip);
    return EXIT_SUCCESS;
}
