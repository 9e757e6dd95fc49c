#include "access.h"

#include "internal.h"

#define NO_ACCESS ((struct arm_access){0})

static uint32_t field(uint32_t instruction, unsigned from, unsigned bits) {
    return instruction >> from & ((1u << bits) - 1);
}

/* A register as an operand of the instruction at pc. */
static uint32_t operand(const struct arm_core *core, uint32_t number) {
    return number == 15 ? core->pc + (core->thumb ? 4 : 8) : core->r[number];
}

/* Accesses are aligned, whatever the address says (ARM ARM A2.8). */
static struct arm_access single(uint32_t address, uint32_t bytes, bool load) {
    uint32_t alignment = bytes > 4 ? 4 : bytes;
    return (struct arm_access){address & ~(alignment - 1), bytes, load, !load};
}

/* ---- ARM ---- */

#define BIT_LOAD      (1u << 20)
#define BIT_BYTE      (1u << 22)
#define BIT_IMMEDIATE (1u << 22) /* of the extra loads and stores */
#define BIT_UP        (1u << 23)
#define BIT_BEFORE    (1u << 24) /* the offset is added before the access */
#define BIT_REGISTER  (1u << 25) /* the offset is a register */

static uint32_t indexed(const struct arm_core *core, uint32_t instruction, uint32_t offset) {
    uint32_t base = operand(core, field(instruction, 16, 4));
    if (!(instruction & BIT_BEFORE))
        return base;
    return instruction & BIT_UP ? base + offset : base - offset;
}

static struct arm_access load_store(const struct arm_core *core, uint32_t instruction) {
    uint32_t offset = instruction & 0xfff, carry;

    if (instruction & BIT_REGISTER)
        offset = shift_by_immediate(core, operand(core, field(instruction, 0, 4)), field(instruction, 5, 2),
                                    field(instruction, 7, 5), &carry);
    return single(indexed(core, instruction, offset), instruction & BIT_BYTE ? 1 : 4, instruction & BIT_LOAD);
}

/* Halfwords, signed bytes and doublewords; and SWP, which is encoded among them. */
static struct arm_access extra_load_store(const struct arm_core *core, uint32_t instruction) {
    enum { SWAP, HALF, SIGNED_BYTE_OR_LOAD_DOUBLE, SIGNED_HALF_OR_STORE_DOUBLE };
    uint32_t kind = field(instruction, 5, 2);

    if (kind == SWAP) {
        if ((instruction & 0x0fb00f00) != 0x01000000)
            return NO_ACCESS; /* a multiplication */
        struct arm_access access =
            single(operand(core, field(instruction, 16, 4)), instruction & BIT_BYTE ? 1 : 4, true);
        access.writes = true;
        return access;
    }
    uint32_t offset = instruction & BIT_IMMEDIATE ? field(instruction, 8, 4) << 4 | field(instruction, 0, 4)
                                                  : operand(core, field(instruction, 0, 4));
    uint32_t address = indexed(core, instruction, offset);
    if (kind == HALF)
        return single(address, 2, instruction & BIT_LOAD);
    if (instruction & BIT_LOAD)
        return single(address, kind == SIGNED_BYTE_OR_LOAD_DOUBLE ? 1 : 2, true);
    if (instruction & 0x1000)
        return NO_ACCESS; /* an odd pair of registers: undefined */
    return single(address, 8, kind == SIGNED_BYTE_OR_LOAD_DOUBLE);
}

static struct arm_access multiple(uint32_t base, uint32_t list, bool up, bool before, bool load) {
    uint32_t bytes = 4 * (uint32_t)__builtin_popcount(list);
    uint32_t lowest = up ? base + (before ? 4 : 0) : base - bytes + (before ? 0 : 4);

    return (struct arm_access){lowest & ~3u, bytes, load, !load};
}

static struct arm_access arm_access_of(const struct arm_core *core, uint32_t instruction) {
    if (instruction >> 28 == 15 || !arm_condition(core, instruction >> 28))
        return NO_ACCESS; /* what is unconditional in ARMv5 touches no data: PLD, BLX */
    switch (field(instruction, 25, 3)) {
    case 0:
        return (instruction & 0x90) == 0x90 ? extra_load_store(core, instruction) : NO_ACCESS;
    case 2:
        return load_store(core, instruction);
    case 3:
        return instruction & 0x10 ? NO_ACCESS : load_store(core, instruction);
    case 4:
        return multiple(operand(core, field(instruction, 16, 4)), instruction & 0xffff, instruction & BIT_UP,
                        instruction & BIT_BEFORE, instruction & BIT_LOAD);
    default:
        return NO_ACCESS;
    }
}

/* ---- Thumb ---- */

/* LDR and STR with a register offset, by bits 11..9. */
static struct arm_access thumb_register_offset(const struct arm_core *core, uint32_t instruction) {
    static const struct {
        uint8_t bytes;
        bool load;
    } kinds[8] = {{4, false}, {2, false}, {1, false}, {1, true}, {4, true}, {2, true}, {1, true}, {2, true}};
    uint32_t kind = field(instruction, 9, 3);

    return single(core->r[field(instruction, 3, 3)] + core->r[field(instruction, 6, 3)], kinds[kind].bytes,
                  kinds[kind].load);
}

static struct arm_access thumb_push_pop(const struct arm_core *core, uint32_t instruction) {
    bool load = instruction & 0x800;
    uint32_t list = (instruction & 0xff) | (instruction & 0x100 ? 1u << (load ? 15 : 14) : 0);

    return multiple(core->r[13], list, load, !load, load);
}

static struct arm_access thumb_access_of(const struct arm_core *core, uint32_t instruction) {
    uint32_t base = core->r[field(instruction, 3, 3)], offset = field(instruction, 6, 5);
    bool load = instruction & 0x800;

    switch (instruction >> 12) {
    case 4: /* from the literal pool, where bit 11 says so */
        return load ? single(((core->pc + 4) & ~3u) + 4 * (instruction & 0xff), 4, true) : NO_ACCESS;
    case 5:
        return thumb_register_offset(core, instruction);
    case 6:
        return single(base + 4 * offset, 4, load);
    case 7:
        return single(base + offset, 1, load);
    case 8:
        return single(base + 2 * offset, 2, load);
    case 9:
        return single(core->r[13] + 4 * (instruction & 0xff), 4, load);
    case 11:
        return (instruction & 0x0600) == 0x0400 ? thumb_push_pop(core, instruction) : NO_ACCESS;
    case 12:
        return multiple(core->r[field(instruction, 8, 3)], instruction & 0xff, true, false, load);
    default:
        return NO_ACCESS;
    }
}

struct arm_access arm_next_access(struct arm_core *core) {
    const uint8_t *code = arm_memory(core, core->pc);
    uint32_t instruction = 0;

    if (code == NULL)
        return NO_ACCESS;
    memcpy(&instruction, code, core->thumb ? 2 : 4);
    return core->thumb ? thumb_access_of(core, instruction) : arm_access_of(core, instruction);
}
