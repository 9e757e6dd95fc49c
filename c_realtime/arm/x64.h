/* Writing x86-64 machine code: the instructions that the translator needs, and no others. */
#ifndef SPINNLIVE_ARM_X64_H
#define SPINNLIVE_ARM_X64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum x64_register { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15 };

/* Conditions, as in the low four bits of Jcc and SETcc; the lowest bit inverts. */
enum x64_condition {
    X64_O,
    X64_NO,
    X64_C,
    X64_NC,
    X64_Z,
    X64_NZ,
    X64_BE,
    X64_A,
    X64_S,
    X64_NS,
    X64_L = 12,
    X64_GE,
    X64_LE,
    X64_G,
};

/* Opcodes of instructions with a register and a register-or-memory operand. Bits above the opcode: */
#define X64_0F   0x0100u /* the two-byte opcodes */
#define X64_WIDE 0x1000u /* 64-bit operands */
#define X64_BYTE 0x2000u /* the register operand is a byte register */
#define X64_HALF 0x4000u /* 16-bit operands */

enum x64_opcode {
    X64_ADD = 0x03, /* reg += r/m; the form that ends in 1 writes r/m */
    X64_OR = 0x0b,
    X64_ADC = 0x13,
    X64_SBB = 0x1b,
    X64_AND = 0x23,
    X64_SUB = 0x2b,
    X64_XOR = 0x33,
    X64_CMP = 0x3b,
    X64_MOV = 0x8b,
    X64_MOV_TO = 0x89,
    X64_MOV_BYTE_TO = 0x88 | X64_BYTE,
    X64_MOV_HALF_TO = 0x89 | X64_HALF,
    X64_OR_BYTE = 0x0a | X64_BYTE,
    X64_XOR_BYTE = 0x32 | X64_BYTE,
    X64_CMP_BYTE = 0x3a | X64_BYTE,
    X64_OR_BYTE_TO = 0x08 | X64_BYTE,
    X64_TEST = 0x85,
    X64_LEA = 0x8d,
    X64_MOVSXD = 0x63 | X64_WIDE,
    X64_IMUL = 0xaf | X64_0F,
    X64_BSR = 0xbd | X64_0F,
    X64_MOVZX_BYTE = 0xb6 | X64_0F | X64_BYTE,
    X64_MOVZX_HALF = 0xb7 | X64_0F,
    X64_MOVSX_BYTE = 0xbe | X64_0F | X64_BYTE,
    X64_MOVSX_HALF = 0xbf | X64_0F,
    X64_CMOV = 0x40 | X64_0F, /* + condition */
};

/* The operation field of instructions with an immediate (0x81) and of shifts (0xc1, 0xd3). */
enum x64_group { X64_G_ADD, X64_G_OR, X64_G_ADC, X64_G_SBB, X64_G_AND, X64_G_SUB, X64_G_XOR, X64_G_CMP };
enum x64_shift { X64_ROL, X64_ROR, X64_RCL, X64_RCR, X64_SHL, X64_SHR, X64_SAR = 7 };

/* Machine code in the making: written from `at` on, up to `end`. */
struct x64 {
    uint8_t *at, *end;
    bool full; /* it did not fit: all that was written since is worthless */
};

void x64_byte(struct x64 *code, unsigned byte);
void x64_word(struct x64 *code, uint32_t word);

void x64_reg(struct x64 *code, unsigned opcode, unsigned reg, unsigned rm);
void x64_mem(struct x64 *code, unsigned opcode, unsigned reg, unsigned base, int32_t offset);
void x64_mem_index(struct x64 *code, unsigned opcode, unsigned reg, unsigned base, unsigned index, unsigned scale,
                   int32_t offset);

void x64_imm(struct x64 *code, enum x64_group operation, unsigned reg, uint32_t value);
void x64_imm_wide(struct x64 *code, enum x64_group operation, unsigned reg, int32_t value);
void x64_mem_imm(struct x64 *code, enum x64_group operation, unsigned base, int32_t offset, uint32_t value);
void x64_mem_byte_imm(struct x64 *code, enum x64_group operation, unsigned base, int32_t offset, unsigned value);
void x64_load_imm(struct x64 *code, unsigned reg, uint32_t value); /* leaves the flags alone */
void x64_store_imm(struct x64 *code, unsigned base, int32_t offset, uint32_t value);
void x64_store_byte_imm(struct x64 *code, unsigned base, int32_t offset, unsigned value);
void x64_test_imm(struct x64 *code, unsigned reg, uint32_t value);
void x64_shift(struct x64 *code, enum x64_shift shift, unsigned reg, unsigned by);
void x64_shift_wide(struct x64 *code, enum x64_shift shift, unsigned reg, unsigned by);
void x64_shift_cl(struct x64 *code, enum x64_shift shift, unsigned reg, bool wide);
void x64_not(struct x64 *code, unsigned reg);
void x64_neg(struct x64 *code, unsigned reg);
void x64_bit_test_wide(struct x64 *code, unsigned reg, unsigned bit); /* into the carry */
void x64_set_mem(struct x64 *code, unsigned condition, unsigned base, int32_t offset);
void x64_set(struct x64 *code, unsigned condition, unsigned reg);
void x64_push(struct x64 *code, unsigned reg);
void x64_pop(struct x64 *code, unsigned reg);
void x64_ret(struct x64 *code);

/* Jumps and calls whose target is filled in later return the place to fill in; NULL as target leaves it open. */
uint8_t *x64_jump(struct x64 *code, const uint8_t *target);
uint8_t *x64_jump_if(struct x64 *code, unsigned condition, const uint8_t *target);
uint8_t *x64_call(struct x64 *code, const uint8_t *target);
void x64_jump_mem(struct x64 *code, unsigned base, int32_t offset);
void x64_jump_mem_index(struct x64 *code, unsigned base, unsigned index, unsigned scale, int32_t offset);
void x64_jump_reg(struct x64 *code, unsigned reg);
void x64_call_reg(struct x64 *code, unsigned reg);
void x64_load_imm64(struct x64 *code, unsigned reg, uint64_t value);
void x64_fill_in(struct x64 *code, uint8_t *place, const uint8_t *target);

#endif
