#include "x64.h"

#include <string.h>

/* ---- bytes ---- */

void x64_byte(struct x64 *code, unsigned byte) {
    if (code->at == code->end)
        code->full = true;
    else
        *code->at++ = (uint8_t)byte;
}

void x64_word(struct x64 *code, uint32_t word) {
    for (unsigned i = 0; i < 4; i++)
        x64_byte(code, word >> 8 * i & 0xff);
}

/* ---- operands ---- */

/* Prefixes and opcode; `index` and `base` are the registers that extend the operand's address. */
static void opcode_bytes(struct x64 *code, unsigned opcode, unsigned reg, unsigned index, unsigned base) {
    unsigned rex = (opcode & X64_WIDE ? 8u : 0) | (reg >> 3 << 2) | (index >> 3 << 1) | base >> 3;

    if (opcode & X64_HALF)
        x64_byte(code, 0x66);
    if (rex || opcode & X64_BYTE) /* with a REX prefix, byte registers 4 to 7 are SPL to DIL */
        x64_byte(code, 0x40 | rex);
    if (opcode & X64_0F)
        x64_byte(code, 0x0f);
    x64_byte(code, opcode & 0xff);
}

static bool is_short(int32_t value) {
    return value == (int8_t)value;
}

void x64_reg(struct x64 *code, unsigned opcode, unsigned reg, unsigned rm) {
    opcode_bytes(code, opcode, reg, 0, rm);
    x64_byte(code, 0xc0 | (reg & 7) << 3 | (rm & 7));
}

static void offset_bytes(struct x64 *code, int32_t offset) {
    if (is_short(offset))
        x64_byte(code, (unsigned)offset & 0xff);
    else
        x64_word(code, (uint32_t)offset);
}

/* Offsets are always written, which spares the special case of RBP and R13. */
static void memory_bytes(struct x64 *code, unsigned reg, unsigned base, int32_t offset) {
    unsigned mode = is_short(offset) ? 0x40 : 0x80;
    x64_byte(code, mode | (reg & 7) << 3 | (base & 7));
    if ((base & 7) == RSP)
        x64_byte(code, 0x24);
    offset_bytes(code, offset);
}

void x64_mem(struct x64 *code, unsigned opcode, unsigned reg, unsigned base, int32_t offset) {
    opcode_bytes(code, opcode, reg, 0, base);
    memory_bytes(code, reg, base, offset);
}

void x64_mem_index(struct x64 *code, unsigned opcode, unsigned reg, unsigned base, unsigned index, unsigned scale,
                   int32_t offset) {
    opcode_bytes(code, opcode, reg, index, base);
    x64_byte(code, (is_short(offset) ? 0x44 : 0x84) | (reg & 7) << 3);
    x64_byte(code, scale << 6 | (index & 7) << 3 | (base & 7));
    offset_bytes(code, offset);
}

/* ---- immediates ---- */

static void immediate_bytes(struct x64 *code, uint32_t value) {
    if (is_short((int32_t)value))
        x64_byte(code, value & 0xff);
    else
        x64_word(code, value);
}

static unsigned immediate_opcode(uint32_t value) {
    return is_short((int32_t)value) ? 0x83 : 0x81;
}

void x64_imm(struct x64 *code, enum x64_group operation, unsigned reg, uint32_t value) {
    x64_reg(code, immediate_opcode(value), operation, reg);
    immediate_bytes(code, value);
}

void x64_imm_wide(struct x64 *code, enum x64_group operation, unsigned reg, int32_t value) {
    x64_reg(code, immediate_opcode((uint32_t)value) | X64_WIDE, operation, reg);
    immediate_bytes(code, (uint32_t)value);
}

void x64_mem_imm(struct x64 *code, enum x64_group operation, unsigned base, int32_t offset, uint32_t value) {
    x64_mem(code, immediate_opcode(value), operation, base, offset);
    immediate_bytes(code, value);
}

void x64_mem_byte_imm(struct x64 *code, enum x64_group operation, unsigned base, int32_t offset, unsigned value) {
    x64_mem(code, 0x80, operation, base, offset);
    x64_byte(code, value);
}

void x64_load_imm(struct x64 *code, unsigned reg, uint32_t value) {
    if (reg >> 3)
        x64_byte(code, 0x41);
    x64_byte(code, 0xb8 | (reg & 7));
    x64_word(code, value);
}

void x64_load_imm64(struct x64 *code, unsigned reg, uint64_t value) {
    x64_byte(code, 0x48 | reg >> 3);
    x64_byte(code, 0xb8 | (reg & 7));
    x64_word(code, (uint32_t)value);
    x64_word(code, (uint32_t)(value >> 32));
}

void x64_store_imm(struct x64 *code, unsigned base, int32_t offset, uint32_t value) {
    x64_mem(code, 0xc7, 0, base, offset);
    x64_word(code, value);
}

void x64_store_byte_imm(struct x64 *code, unsigned base, int32_t offset, unsigned value) {
    x64_mem(code, 0xc6, 0, base, offset);
    x64_byte(code, value);
}

void x64_test_imm(struct x64 *code, unsigned reg, uint32_t value) {
    x64_reg(code, 0xf7, 0, reg);
    x64_word(code, value);
}

/* ---- shifts and single bits ---- */

void x64_shift(struct x64 *code, enum x64_shift shift, unsigned reg, unsigned by) {
    x64_reg(code, 0xc1, shift, reg);
    x64_byte(code, by);
}

void x64_shift_wide(struct x64 *code, enum x64_shift shift, unsigned reg, unsigned by) {
    x64_reg(code, 0xc1 | X64_WIDE, shift, reg);
    x64_byte(code, by);
}

void x64_shift_cl(struct x64 *code, enum x64_shift shift, unsigned reg, bool wide) {
    x64_reg(code, 0xd3 | (wide ? X64_WIDE : 0), shift, reg);
}

void x64_not(struct x64 *code, unsigned reg) {
    x64_reg(code, 0xf7, 2, reg);
}

void x64_neg(struct x64 *code, unsigned reg) {
    x64_reg(code, 0xf7, 3, reg);
}

void x64_bit_test_wide(struct x64 *code, unsigned reg, unsigned bit) {
    x64_reg(code, 0xba | X64_0F | X64_WIDE, 4, reg);
    x64_byte(code, bit);
}

void x64_set_mem(struct x64 *code, unsigned condition, unsigned base, int32_t offset) {
    x64_mem(code, (0x90 | condition) | X64_0F, 0, base, offset);
}

void x64_set(struct x64 *code, unsigned condition, unsigned reg) {
    x64_reg(code, (0x90 | condition) | X64_0F | X64_BYTE, 0, reg);
}

/* ---- control ---- */

void x64_push(struct x64 *code, unsigned reg) {
    opcode_bytes(code, 0x50 | (reg & 7), 0, 0, reg);
}

void x64_pop(struct x64 *code, unsigned reg) {
    opcode_bytes(code, 0x58 | (reg & 7), 0, 0, reg);
}

void x64_ret(struct x64 *code) {
    x64_byte(code, 0xc3);
}

void x64_fill_in(struct x64 *code, uint8_t *place, const uint8_t *target) {
    int32_t distance = (int32_t)(target - (place + 4));
    if (!code->full)
        memcpy(place, &distance, sizeof distance);
}

static uint8_t *distance_to(struct x64 *code, const uint8_t *target) {
    uint8_t *place = code->at;
    x64_word(code, 0);
    if (target != NULL)
        x64_fill_in(code, place, target);
    return place;
}

uint8_t *x64_jump(struct x64 *code, const uint8_t *target) {
    x64_byte(code, 0xe9);
    return distance_to(code, target);
}

uint8_t *x64_jump_if(struct x64 *code, unsigned condition, const uint8_t *target) {
    x64_byte(code, 0x0f);
    x64_byte(code, 0x80 | condition);
    return distance_to(code, target);
}

uint8_t *x64_call(struct x64 *code, const uint8_t *target) {
    x64_byte(code, 0xe8);
    return distance_to(code, target);
}

void x64_jump_mem(struct x64 *code, unsigned base, int32_t offset) {
    x64_mem(code, 0xff, 4, base, offset);
}

void x64_jump_mem_index(struct x64 *code, unsigned base, unsigned index, unsigned scale, int32_t offset) {
    x64_mem_index(code, 0xff, 4, base, index, scale, offset);
}

void x64_jump_reg(struct x64 *code, unsigned reg) {
    x64_reg(code, 0xff, 4, reg);
}

void x64_call_reg(struct x64 *code, unsigned reg) {
    x64_reg(code, 0xff, 2, reg);
}
