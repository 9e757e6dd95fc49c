/* Software that keeps variables among its code, as SCAMP does in its vector table: the fast engine does as the plain
 * one, and its translations come to rest. Counted, not timed. */
#include "check.h"

#define WINDOWS 2000 /* of 400 cycles */

#define COUNTED 0x40
/* A counter in the page, written so seldom that the loop before it is translated each time. */
static const uint32_t counts_seldom[] = {
    0xe3a01040u, /* mov r1, #COUNTED */
    0xe3a06014u, /* mov r6, #20 */
    0xe0844006u, /* add r4, r4, r6 */
    0xe2566001u, /* subs r6, r6, #1 */
    0x1afffffcu, /* bne the third */
    0xe5912000u, /* ldr r2, [r1] */
    0xe2822001u, /* add r2, r2, #1 */
    0xe5812000u, /* str r2, [r1] */
    0xeafffff7u, /* b the second */
};

/* The same all the time. */
static const uint32_t counts[] = {
    0xe3a01040u, /* mov r1, #COUNTED */
    0xe5912000u, /* ldr r2, [r1] */
    0xe2822001u, /* add r2, r2, #1 */
    0xe5812000u, /* str r2, [r1] */
    0xe2833003u, /* add r3, r3, #3 */
    0xe0844002u, /* add r4, r4, r2 */
    0xeafffff9u, /* b the second */
};

/* The word behind a load that is skipped: what it is decides what the load costs. */
static const uint32_t counts_behind_a_load[] = {
    0xe3a01018u, /* mov r1, #0x18: the word behind the branch */
    0xe5912000u, /* ldr r2, [r1] */
    0xe2822001u, /* add r2, r2, #1 */
    0xe5812000u, /* str r2, [r1] */
    0xe5915000u, /* ldr r5, [r1] */
    0xea000000u, /* b over it */
    0xe0855005u, /* add r5, r5, r5, and then others */
    0xeafffff8u, /* b the second */
};

/* The word is executed: an addition whose constant grows. */
static const uint32_t changes_its_code[] = {
    0xe3a01014u, /* mov r1, #0x14: the word behind the store */
    0xe5912000u, /* ldr r2, [r1] */
    0xe2833003u, /* add r3, r3, #3 */
    0xe3c22c0fu, /* bic r2, r2, #0xf00: no rotation */
    0xe5812000u, /* str r2, [r1] */
    0xe2844001u, /* add r4, r4, #1 */
    0xe2822001u, /* add r2, r2, #1 */
    0xe5812000u, /* str r2, [r1] */
    0xeafffff7u, /* b the second */
};

/* Nine and more words: more than are known by name. Bounded by the limit alone, and still right. */
static const uint32_t counts_in_many_words[] = {
    0xe3a01040u, /* mov r1, #COUNTED */
    0xe5912000u, /* ldr r2, [r1] */
    0xe2822001u, /* add r2, r2, #1 */
    0xe4812004u, /* str r2, [r1], #4 */
    0xe3510080u, /* cmp r1, #0x80 */
    0x1afffffau, /* bne the second */
    0xeafffff8u, /* b the first */
};

static struct machine *machine_with(const uint32_t *words, size_t bytes, enum machine_engine engine) {
    struct machine *machine = new_machine(BOARD_SPINN3);

    CHECK(machine_set_engine(machine, engine));
    for (unsigned core = 1; core < 4; core++)
        load_program(&machine->root->core[core], words, bytes);
    return machine;
}

static void run(struct machine *plain, struct machine *best) {
    for (unsigned i = 0; i < WINDOWS; i++) {
        machine_run(plain, plain->now + MACHINE_WINDOW_CYCLES);
        machine_run(best, best->now + MACHINE_WINDOW_CYCLES);
        CHECK_EQUAL(machine_pulse(plain), machine_pulse(best));
    }
    for (unsigned core = 1; core < 4; core++)
        CHECK(memcmp(plain->root->core[core].arm.itcm, best->root->core[core].arm.itcm, ARM_ITCM_SIZE) == 0);
}

static void check(const uint32_t *words, size_t bytes, bool comes_to_rest) {
    struct machine *plain = machine_with(words, bytes, ENGINE_PLAIN);
    struct machine *best = machine_with(words, bytes, ENGINE_BEST);

    run(plain, best);
    CHECK(best->root->core[1].arm.instructions > 100000);
    if (best->translations != NULL && comes_to_rest) {
        struct arm_translation_counts before = arm_translations_count(best->translations);
        run(plain, best);
        struct arm_translation_counts after = arm_translations_count(best->translations);
        CHECK(before.pages > 0 && before.code_bytes > 0);
        CHECK_EQUAL(after.pages, before.pages);
        CHECK_EQUAL(after.code_bytes, before.code_bytes);
        CHECK_EQUAL(after.drops, 0);
    }
    machine_destroy(plain);
    machine_destroy(best);
}

/* Another program comes over one whose words were written again and again: nothing of that sticks. */
static void loads_another_program(void) {
    struct machine *plain = machine_with(counts, sizeof counts, ENGINE_PLAIN);
    struct machine *best = machine_with(counts, sizeof counts, ENGINE_BEST);

    run(plain, best);
    for (unsigned core = 1; core < 4; core++)
        for (unsigned i = 0; i < 2; i++) {
            struct processor *loaded = &(i ? plain : best)->root->core[core];
            load_program(loaded, changes_its_code, sizeof changes_its_code);
            arm_code_changed(&loaded->arm, 0, sizeof changes_its_code);
        }
    run(plain, best);
    machine_destroy(plain);
    machine_destroy(best);
}

int main(void) {
    check(counts_seldom, sizeof counts_seldom, true);
    check(counts, sizeof counts, true);
    check(counts_behind_a_load, sizeof counts_behind_a_load, true);
    check(changes_its_code, sizeof changes_its_code, true);
    check(counts_in_many_words, sizeof counts_in_many_words, false);
    loads_another_program();
    return 0;
}
