#include "poll.h"

#define LOAD_MASK    0xff700000u /* LDR of a word, offset by a constant, no write-back */
#define LOAD         0xe5100000u
#define LOAD_UP      0x00800000u
#define COMPARE_ZERO 0xe3500000u
#define BRANCH_EQ    0x0au
#define BRANCH_NE    0x1au
#define POLL_WORDS   3
#define MOVE_MASK    0xffff0000u /* MOV of a constant, flags untouched */
#define MOVE         0xe3a00000u

#define INSTRUCTIONS_LOOKED_THROUGH 8

static uint32_t word_at(const struct arm_core *core, uint32_t pc) {
    uint32_t word = 0;
    if (pc <= ARM_ITCM_SIZE - 4)
        memcpy(&word, core->itcm + pc, sizeof word);
    return word;
}

bool arm_is_poll(const uint8_t *itcm, uint32_t pc) {
    uint32_t word[POLL_WORDS];

    if (pc > ARM_ITCM_SIZE - sizeof word)
        return false;
    memcpy(word, itcm + pc, sizeof word);
    uint32_t base = word[0] >> 16 & 15, loaded = word[0] >> 12 & 15;
    return (word[0] & LOAD_MASK) == LOAD && base != 15 && loaded != 15 && word[1] == (COMPARE_ZERO | loaded << 16) &&
           (word[2] >> 24 == BRANCH_EQ || word[2] >> 24 == BRANCH_NE);
}

/* Is there a poll at the core's pc, and of what? */
static bool is_poll(const struct arm_core *core, uint32_t *address) {
    if (core->thumb || !arm_is_poll(core->itcm, core->pc))
        return false;
    uint32_t word = word_at(core, core->pc), offset = word & 0xfff;
    *address = core->r[word >> 16 & 15] + (word & LOAD_UP ? offset : -offset);
    return (*address & 3) == 0;
}

/* Is a register given a new value before its old one is used, in the straight code from `pc` on? Only the plainest
 * instructions are looked through. */
static bool is_dead(const struct arm_core *core, uint32_t pc, uint32_t number) {
    for (unsigned i = 0; i < INSTRUCTIONS_LOOKED_THROUGH && pc <= ARM_ITCM_SIZE - 4; i++, pc += 4) {
        uint32_t word = word_at(core, pc), first = word >> 16 & 15, to = word >> 12 & 15;
        bool is_load = (word & LOAD_MASK) == LOAD;
        if (!is_load && (word & MOVE_MASK) != MOVE)
            return false;
        if (to == 15 || (is_load && first == number))
            return false;
        if (to == number)
            return true;
    }
    return false;
}

/* Where the loop goes on if the value is not zero. */
static uint32_t way_on(const struct arm_core *core) {
    uint32_t pc = core->pc + 8, word = word_at(core, pc);
    return word >> 24 == BRANCH_EQ ? pc + 4 : pc + 8 + (uint32_t)((int32_t)(word << 8) >> 6);
}

/* Is all as it was at the last look, so that the loop takes the same way again? The registers tell by themselves; that
 * no memory was written, the translated code does, and that nothing was left to the interpreter, whoever calls. Of the
 * value itself nothing may be left: its register is overwritten, and so compares with zero all the values that are
 * positive. */
static bool nothing_changed(const struct arm_core *core, const struct arm_poll *last) {
    return last->present && last->pc == core->pc && !core->wrote && last->cycles_left > core->cycles_left &&
           last->cpsr == arm_cpsr(core) && memcmp(last->r, core->r, sizeof last->r) == 0 &&
           is_dead(core, way_on(core), word_at(core, core->pc) >> 12 & 15);
}

void arm_skip_polls(struct arm_core *core, struct arm_poll *last) {
    uint32_t address = 0;
    bool was_present = last->present;

    last->present = false;
    if (core->bus.stays_positive == NULL || core->interrupt_due || !is_poll(core, &address))
        return;
    last->present = was_present;
    if (nothing_changed(core, last)) {
        uint32_t cycles = (uint32_t)(last->cycles_left - core->cycles_left);
        uint64_t instructions = core->instructions - last->instructions;
        uint64_t turns = core->bus.stays_positive(core->bus.context, address) / cycles;
        if (turns > (uint32_t)(core->cycles_left - 1) / cycles)
            turns = (uint32_t)(core->cycles_left - 1) / cycles;
        core->cycles_left -= (int32_t)(turns * cycles);
        core->instructions += turns * instructions;
    }
    last->present = true;
    last->pc = core->pc;
    last->cpsr = arm_cpsr(core);
    memcpy(last->r, core->r, sizeof last->r);
    last->cycles_left = core->cycles_left;
    last->instructions = core->instructions;
    core->wrote = false;
}
