#include "thumb_words.h"

#define ALWAYS   0xe0000000u
#define SETS     (1u << 20)
#define LOAD     (1u << 20)
#define DATA(op) (ALWAYS | (uint32_t)(op) << 21)

enum operation { AND, EOR, SUB, RSB, ADD, ADC, SBC, RSC, TST, TEQ, CMP, CMN, ORR, MOV, BIC, MVN };

static uint32_t register_operation(uint32_t half) {
    static const uint8_t plain[16] = {AND, EOR, 0, 0, 0, ADC, SBC, 0, TST, 0, CMP, CMN, ORR, 0, BIC, MVN};
    uint32_t rd = half & 7, rm = half >> 3 & 7, operation = half >> 6 & 15;

    switch (operation) {
    case 2: /* LSL, LSR, ASR, ROR by a register */
    case 3:
    case 4:
        return DATA(MOV) | SETS | rd << 12 | rm << 8 | (operation - 2) << 5 | 0x10 | rd;
    case 7:
        return DATA(MOV) | SETS | rd << 12 | rm << 8 | 3 << 5 | 0x10 | rd;
    case 9: /* NEG */
        return DATA(RSB) | SETS | 1u << 25 | rm << 16 | rd << 12;
    case 13:
        return ALWAYS | SETS | rd << 16 | rd << 8 | 0x90 | rm; /* MULS */
    case 15:
        return DATA(MVN) | SETS | rd << 12 | rm;
    default: {
        uint32_t compares = operation == 8 || operation == 10 || operation == 11;
        return DATA(plain[operation]) | SETS | rd << 16 | (compares ? 0 : rd << 12) | rm;
    }
    }
}

/* ADD, CMP, MOV with any registers; BX and BLX. Those that write the pc by ADD or MOV have no like in ARM state. */
static uint32_t high_register_operation(uint32_t half) {
    uint32_t rd = (half & 7) | (half >> 4 & 8), rm = half >> 3 & 15;

    switch (half >> 8 & 3) {
    case 0:
        return rd == 15 ? 0 : DATA(ADD) | rd << 16 | rd << 12 | rm;
    case 1:
        return DATA(CMP) | SETS | rd << 16 | rm;
    case 2:
        return rd == 15 ? 0 : DATA(MOV) | rd << 12 | rm;
    default:
        return ALWAYS | (half & 0x80 ? 0x012fff30u : 0x012fff10u) | rm;
    }
}

static uint32_t register_offset_transfer(uint32_t half) {
    uint32_t registers = (half >> 3 & 7) << 16 | (half & 7) << 12 | (half >> 6 & 7);

    switch (half >> 9 & 7) {
    case 0:
        return ALWAYS | 0x07800000u | registers; /* STR */
    case 1:
        return ALWAYS | 0x018000b0u | registers; /* STRH */
    case 2:
        return ALWAYS | 0x07c00000u | registers; /* STRB */
    case 3:
        return ALWAYS | 0x019000d0u | registers; /* LDRSB */
    case 4:
        return ALWAYS | 0x07900000u | registers; /* LDR */
    case 5:
        return ALWAYS | 0x019000b0u | registers; /* LDRH */
    case 6:
        return ALWAYS | 0x07d00000u | registers; /* LDRB */
    default:
        return ALWAYS | 0x019000f0u | registers; /* LDRSH */
    }
}

static uint32_t stack_operation(uint32_t half) {
    if ((half & 0xff00) == 0xb000)
        return DATA(half & 0x80 ? SUB : ADD) | 1u << 25 | 13 << 16 | 13 << 12 | 0xf00 | (half & 0x7f);
    if ((half & 0xfe00) == 0xb400)
        return ALWAYS | 0x092d0000u | (half & 0xff) | (half & 0x100 ? 1u << 14 : 0);
    if ((half & 0xfe00) == 0xbc00)
        return ALWAYS | 0x08bd0000u | (half & 0xff) | (half & 0x100 ? 1u << 15 : 0);
    return 0;
}

uint32_t arm_word_of_thumb(uint32_t half, uint32_t pc, uint32_t *pc_value) {
    uint32_t low = half & 7, middle = half >> 3 & 7, high = half >> 8 & 7, imm5 = half >> 6 & 31, imm8 = half & 0xff;
    uint32_t registers = middle << 16 | low << 12;

    *pc_value = pc + 4;
    switch (half >> 11) {
    case 0:
    case 1:
    case 2:
        return DATA(MOV) | SETS | low << 12 | imm5 << 7 | (half >> 11) << 5 | middle;
    case 3:
        return DATA(half & 0x200 ? SUB : ADD) | SETS | (half & 0x400 ? 1u << 25 : 0) | registers | (half >> 6 & 7);
    case 4:
        return DATA(MOV) | SETS | 1u << 25 | high << 12 | imm8;
    case 5:
        return DATA(CMP) | SETS | 1u << 25 | high << 16 | imm8;
    case 6:
        return DATA(ADD) | SETS | 1u << 25 | high << 16 | high << 12 | imm8;
    case 7:
        return DATA(SUB) | SETS | 1u << 25 | high << 16 | high << 12 | imm8;
    case 8:
        return half & 0x400 ? high_register_operation(half) : register_operation(half);
    case 9:
        *pc_value &= ~3u;
        return ALWAYS | 0x059f0000u | high << 12 | imm8 << 2;
    case 10:
    case 11:
        return register_offset_transfer(half);
    case 12:
    case 13:
        return ALWAYS | 0x05800000u | (half & 0x800 ? LOAD : 0) | registers | imm5 << 2;
    case 14:
    case 15:
        return ALWAYS | 0x05c00000u | (half & 0x800 ? LOAD : 0) | registers | imm5;
    case 16:
    case 17: {
        uint32_t offset = imm5 << 1;
        return ALWAYS | 0x01c000b0u | (half & 0x800 ? LOAD : 0) | registers | offset >> 4 << 8 | (offset & 15);
    }
    case 18:
    case 19:
        return ALWAYS | 0x058d0000u | (half & 0x800 ? LOAD : 0) | high << 12 | imm8 << 2;
    case 20:
        *pc_value &= ~3u;
        return DATA(ADD) | 1u << 25 | 15 << 16 | high << 12 | 0xf00 | imm8;
    case 21:
        return DATA(ADD) | 1u << 25 | 13 << 16 | high << 12 | 0xf00 | imm8;
    case 22:
    case 23:
        return stack_operation(half);
    case 24:
    case 25:
        return ALWAYS | 0x08a00000u | (half & 0x800 ? LOAD : 0) | high << 16 | imm8;
    default:
        return 0;
    }
}
