/* What the translator must know of an ARM instruction before it writes any code for it. */
#include "translator.h"

enum { TST = 8, CMN = 11, MOV = 13, MVN = 15 };

static bool is_data_processing(uint32_t word) {
    if (word >> 28 == 15 || word >> 26 & 3)
        return false;
    if (!BIT(25) && (word & 0x90) == 0x90)
        return false;
    return (word & 0x01900000u) != 0x01000000u;
}

static bool is_half_or_double(uint32_t word) {
    return (word & 0x0e000090u) == 0x00000090u && word & 0x60;
}

static bool is_single_transfer(uint32_t word) {
    return (word >> 26 & 3) == 1;
}

static bool is_multiple_transfer(uint32_t word) {
    return (word >> 25 & 7) == 4;
}

/* ---- left to the interpreter ---- */

static bool leaves_single_transfer(uint32_t word) {
    bool write_back = !BIT(24) || BIT(21);

    if (BIT(25) && BIT(4))
        return true; /* undefined */
    if (FIELD_RD == 15 && (!BIT(20) || BIT(22)))
        return true;
    if (write_back && (FIELD_RN == 15 || FIELD_RN == FIELD_RD))
        return true;
    return BIT(25) && (FIELD_RM == 15 || (write_back && (FIELD_RM == FIELD_RD || FIELD_RM == FIELD_RN)));
}

static bool leaves_half_or_double(uint32_t word) {
    bool write_back = !BIT(24) || BIT(21), is_double = !BIT(20) && BIT(6);
    unsigned rd = FIELD_RD, rn = FIELD_RN, rm = FIELD_RM;

    if (rd == 15 || (is_double && (rd & 1 || rd == 14)))
        return true;
    if (write_back && (rn == 15 || rn == rd || (is_double && rn == rd + 1)))
        return true;
    return !BIT(22) && (rm == 15 || is_double || (write_back && (rm == rd || rm == rn)));
}

static bool leaves_multiple_transfer(uint32_t word) {
    uint32_t list = word & 0xffff, base = 1u << FIELD_RN;

    if (BIT(22) || list == 0 || FIELD_RN == 15)
        return true;
    if (BIT(20))
        return false;
    return list >> 15 || (BIT(21) && list & base && list & (base - 1)); /* the pc; a base that is not the lowest */
}

static bool leaves_multiply(uint32_t word) {
    if ((word & 0x0fc000f0u) == 0x00000090u)
        return FIELD_RN == 15 || FIELD_RM == 15 || FIELD_RS == 15 || FIELD_RD == 15;
    if ((word & 0x0f8000f0u) == 0x00800090u)
        return FIELD_RN == 15 || FIELD_RM == 15 || FIELD_RS == 15 || FIELD_RD == 15;
    return true; /* SWP, undefined */
}

/* MRS and MSR of CPSR, from a register or an immediate. */
static bool is_status_read(uint32_t word) {
    return (word & 0x0ff000f0u) == 0x01000000u;
}

static bool is_status_write(uint32_t word) {
    return word >> 28 != 15 && ((word & 0x0ff000f0u) == 0x01200000u || (word & 0x0ff00000u) == 0x03200000u);
}

static bool leaves_miscellaneous(uint32_t word) {
    bool pc = FIELD_RM == 15;

    switch (word >> 4 & 15) {
    case 0x0:
        return is_status_read(word) ? FIELD_RD == 15 : !is_status_write(word) || pc;
    case 0x1:
        return (word & 0x00600000u) == 0x00200000u   ? pc                   /* BX */
               : (word & 0x00600000u) == 0x00600000u ? pc || FIELD_RD == 15 /* CLZ */
                                                     : true;
    case 0x3:
        return (word & 0x00600000u) != 0x00200000u || pc; /* BLX */
    case 0x5:
        return BIT(22) || pc || FIELD_RD == 15 || FIELD_RN == 15; /* the doubling forms are rare */
    case 0x8:
    case 0xa:
    case 0xc:
    case 0xe:
        return pc || FIELD_RS == 15 || FIELD_RD == 15 || FIELD_RN == 15;
    default:
        return true;
    }
}

static bool leaves_data_processing(uint32_t word) {
    unsigned operation = word >> 21 & 15;
    bool compares = operation >= TST && operation <= CMN, by_register = !BIT(25) && BIT(4);

    if (!compares && FIELD_RD == 15)
        return BIT(20) || by_register;
    return by_register && (FIELD_RM == 15 || FIELD_RS == 15 || FIELD_RN == 15);
}

bool arm_word_is_left(uint32_t word) {
    if (word >> 28 == 15)
        return (word & 0x0d70f000u) != 0x0550f000u && (word & 0x0e000000u) != 0x0a000000u; /* all but PLD and BLX */
    switch (word >> 25 & 7) {
    case 0:
        if ((word & 0x90) == 0x90)
            return word & 0x60 ? leaves_half_or_double(word) : leaves_multiply(word);
        return is_data_processing(word) ? leaves_data_processing(word) : leaves_miscellaneous(word);
    case 1:
        return is_data_processing(word) ? leaves_data_processing(word) : !is_status_write(word);
    case 2:
    case 3:
        return leaves_single_transfer(word);
    case 4:
        return leaves_multiple_transfer(word);
    case 5:
        return false;
    default:
        return true;
    }
}

/* ---- control ---- */

bool arm_word_ends_block(uint32_t word) {
    if (word >> 28 == 15)
        return (word >> 25 & 7) == 5;                                 /* BLX */
    if ((word >> 25 & 7) == 5 || (word & 0x0ff000d0u) == 0x01200010u) /* B, BL; BX, BLX */
        return true;
    if (is_multiple_transfer(word))
        return BIT(20) && BIT(15);
    if (is_single_transfer(word))
        return BIT(20) && FIELD_RD == 15;
    return is_data_processing(word) && FIELD_RD == 15 && !(BIT(24) && !BIT(23));
}

bool arm_word_may_be_left(uint32_t word) {
    if (is_status_write(word))
        return BIT(16);
    return word >> 28 != 15 && (is_single_transfer(word) || is_multiple_transfer(word) || is_half_or_double(word));
}

bool arm_word_stores(uint32_t word) {
    if (word >> 28 == 15)
        return false;
    if (is_half_or_double(word))
        return !BIT(20) && (word & 0x60) != 0x40; /* LDRD has the load bit clear */
    return (is_single_transfer(word) || is_multiple_transfer(word)) && !BIT(20);
}

/* ---- flags ---- */

unsigned arm_word_flags_read(uint32_t word) {
    static const uint8_t of_condition[16] = {
        FLAG_Z,    FLAG_Z,    FLAG_C,          FLAG_C,          FLAG_N,          FLAG_N,
        FLAG_V,    FLAG_V,    FLAG_C | FLAG_Z, FLAG_C | FLAG_Z, FLAG_N | FLAG_V, FLAG_N | FLAG_V,
        FLAGS_ALL, FLAGS_ALL, FLAGS_NONE,      FLAGS_NONE,
    };
    unsigned flags = of_condition[word >> 28], operation = word >> 21 & 15;

    if (is_data_processing(word)) {
        if (operation >= 5 && operation <= 7) /* ADC, SBC, RSC */
            flags |= FLAG_C;
        if (!BIT(25) && (word & 0xff0) == 0x060) /* RRX */
            flags |= FLAG_C;
    } else if (is_status_read(word)) {
        flags = FLAGS_ALL;
    } else if (is_single_transfer(word) && BIT(25) && (word & 0xfe0) == 0x060) {
        flags |= FLAG_C;
    }
    return flags;
}

unsigned arm_word_flags_written(uint32_t word) {
    if (is_data_processing(word)) {
        unsigned operation = word >> 21 & 15;
        bool by_register = !BIT(25) && BIT(4);
        if (!BIT(20))
            return FLAGS_NONE;
        if ((operation >= 2 && operation <= 7) || operation == 10 || operation == 11)
            return FLAGS_ALL;
        /* Logic: C comes from the shifter if it shifts; a register's amount may be none. */
        if (BIT(25))
            return FLAG_N | FLAG_Z | (word & 0xf00 ? FLAG_C : FLAGS_NONE);
        return FLAG_N | FLAG_Z | (by_register || (word & 0xff0) == 0 ? FLAGS_NONE : FLAG_C);
    }
    if (is_status_write(word))
        return BIT(19) ? FLAGS_ALL : FLAGS_NONE;
    if ((word & 0x0f0000f0u) == 0x00000090u && word >> 28 != 15 && BIT(20))
        return FLAG_N | FLAG_Z;
    return FLAGS_NONE;
}

/* ---- cycles ---- */

static int32_t half_or_double_cycles(uint32_t word, uint32_t *late, enum arm_late *kind) {
    if (!BIT(20) && BIT(6)) {
        if (!BIT(5)) /* LDRD */
            *late = 1u << (FIELD_RD + 1);
        *kind = ARM_LATE_WORD;
        return ARM_EXTRA_DOUBLE;
    }
    if (BIT(20))
        *late = 1u << FIELD_RD;
    *kind = ARM_LATE_NARROW;
    return 0;
}

static int32_t multiply_cycles(uint32_t word, uint32_t *late) {
    bool is_long = BIT(23);
    int32_t extra = is_long ? ARM_EXTRA_MULTIPLY_LONG : ARM_EXTRA_MULTIPLY;

    if (BIT(20))
        return extra + ARM_EXTRA_MULTIPLY_FLAGS;
    *late = 1u << FIELD_RN | (is_long ? 1u << FIELD_RD : 0);
    return extra;
}

static int32_t single_transfer_cycles(uint32_t word, uint32_t *late, enum arm_late *kind) {
    int32_t extra = BIT(25) && word & 0xfe0 ? ARM_EXTRA_SHIFTED_OFFSET : 0;

    if (!BIT(20))
        return extra;
    if (FIELD_RD == 15)
        return extra + ARM_EXTRA_BRANCH + ARM_EXTRA_LOAD_PC;
    *late = 1u << FIELD_RD;
    *kind = BIT(22) ? ARM_LATE_NARROW : ARM_LATE_WORD;
    return extra;
}

static int32_t multiple_transfer_cycles(uint32_t word, uint32_t *late) {
    uint32_t list = word & 0xffff;
    bool loads_pc = BIT(20) && BIT(15);

    if (BIT(20) && !loads_pc && list & (list - 1))
        *late = 1u << (31 - __builtin_clz(list));
    return arm_extra_multiple((uint32_t)__builtin_popcount(list), loads_pc) +
           (loads_pc ? ARM_EXTRA_BRANCH + ARM_EXTRA_LOAD_PC : 0);
}

static int32_t miscellaneous_cycles(uint32_t word, uint32_t *late, enum arm_late *kind) {
    if (is_status_write(word))
        return BIT(16) ? ARM_EXTRA_MSR_CONTROL : 0;
    switch (word >> 4 & 15) {
    case 0x0:
        return ARM_EXTRA_STATUS_READ;
    case 0x1:
    case 0x3:
        return (word & 0x00600000u) == 0x00200000u ? ARM_EXTRA_BRANCH : 0;
    case 0x5:
        *late = 1u << FIELD_RD;
        return 0;
    default: /* 16-bit multiplies */
        *kind = ARM_LATE_PRODUCT;
        *late = 1u << FIELD_RN;
        if ((word & 0x00600000u) != 0x00400000u)
            return 0;
        *late |= 1u << FIELD_RD;
        return ARM_EXTRA_MULTIPLY;
    }
}

int32_t arm_word_cycles(uint32_t word, const uint8_t *itcm, uint32_t pc, bool thumb) {
    uint32_t late = 0;
    enum arm_late kind = ARM_LATE_WORD;
    int32_t extra = 0;

    if (word >> 28 == 15)
        return arm_word_ends_block(word) ? 1 + ARM_EXTRA_BRANCH : 1;
    if (is_data_processing(word)) {
        extra =
            (!BIT(25) && BIT(4) ? ARM_EXTRA_REGISTER_SHIFT : 0) + (arm_word_ends_block(word) ? ARM_EXTRA_BRANCH : 0);
    } else if (is_half_or_double(word)) {
        extra = half_or_double_cycles(word, &late, &kind);
    } else if (is_single_transfer(word)) {
        extra = single_transfer_cycles(word, &late, &kind);
    } else if (is_multiple_transfer(word)) {
        extra = multiple_transfer_cycles(word, &late);
    } else if ((word >> 25 & 7) == 5) {
        extra = ARM_EXTRA_BRANCH;
    } else if ((word & 0x0f0000f0u) == 0x00000090u) {
        extra = multiply_cycles(word, &late);
        kind = ARM_LATE_PRODUCT;
    } else {
        extra = miscellaneous_cycles(word, &late, &kind);
    }
    return 1 + extra + (late ? arm_interlock(itcm, pc, thumb, late, kind) : 0);
}
