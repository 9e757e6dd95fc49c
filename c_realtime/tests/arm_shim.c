/* The ARM core as a shared library, for the comparison with an oracle from Python: set a state, execute one
 * instruction, look at the state. The only memories are the TCMs. */
#include <stdlib.h>
#include <string.h>

#include "../arm/arm.h"

struct shim_state {
    uint32_t r[16]; /* r[15]: address of the next instruction */
    uint32_t cpsr;
};

static bool no_read(void *context, uint32_t address, unsigned bytes, uint32_t *value) {
    (void)context, (void)address, (void)bytes, (void)value;
    return false;
}

static bool no_write(void *context, uint32_t address, unsigned bytes, uint32_t value) {
    (void)context, (void)address, (void)bytes, (void)value;
    return false;
}

struct arm_core *shim_create(void) {
    struct arm_core *core = calloc(1, sizeof *core);
    core->bus = (struct arm_bus){NULL, no_read, no_write, NULL, NULL};
    arm_reset(core);
    core->cp15_control &= ~ARM_CP15_HIGH_VECTORS;
    return core;
}

void shim_destroy(struct arm_core *core) {
    arm_translations_destroy(core->translations);
    free(core);
}

uint8_t *shim_itcm(struct arm_core *core) {
    return core->itcm;
}
uint8_t *shim_dtcm(struct arm_core *core) {
    return core->dtcm;
}

void shim_set(struct arm_core *core, const struct shim_state *state) {
    arm_set_cpsr(core, state->cpsr);
    memcpy(core->r, state->r, 15 * sizeof *core->r);
    core->pc = state->r[15];
}

void shim_get(const struct arm_core *core, struct shim_state *state) {
    memcpy(state->r, core->r, 15 * sizeof *core->r);
    state->r[15] = core->pc;
    state->cpsr = arm_cpsr(core);
}

/* From now on by the fast engine; false if the host has none. */
bool shim_use_fast(struct arm_core *core) {
    struct arm_translations *translations = arm_translations_create();
    if (translations != NULL)
        arm_use_translations(core, translations);
    return translations != NULL;
}

/* Write code as a loader would. */
void shim_load(struct arm_core *core, uint32_t address, const uint8_t *bytes, uint32_t length) {
    memcpy(core->itcm + address, bytes, length);
    arm_code_changed(core, address, length);
}

void shim_run(struct arm_core *core, int32_t cycles) {
    arm_run(core, cycles);
}

void shim_step(struct arm_core *core) {
    arm_step(core);
}
