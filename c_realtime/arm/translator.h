/* What the files of the translator share: the state of one translation, and what emits which instructions. */
#ifndef SPINNLIVE_ARM_TRANSLATOR_H
#define SPINNLIVE_ARM_TRANSLATOR_H

#include "translations.h"

#define BLOCK_INSTRUCTIONS 32
#define BLOCK_CYCLES       96 /* with what the last instruction may add, fits the budget's immediate operand */
#define SESSION_BLOCKS     1024
#define SESSION_ENDS       8192

enum arm_flags { FLAG_N = 8, FLAG_Z = 4, FLAG_C = 2, FLAG_V = 1, FLAGS_NONE = 0, FLAGS_ALL = 15 };

/* An instruction of the block in hand. */
struct step {
    uint32_t pc, word;     /* as an ARM instruction, whatever it was */
    uint32_t pc_value;     /* r15 as an operand */
    uint8_t length;        /* 2 or 4 bytes */
    uint8_t cycles;        /* if it is executed; 1 if its condition fails */
    uint8_t live;          /* flags that somebody may look at afterwards */
    uint32_t cycles_after; /* of the instructions behind it in the block */
    uint32_t target;       /* of a branch with a fixed target, the lowest bit being the state */
};

/* A piece of code out of the way, written when all blocks are. */
enum end_kind {
    END_OUT_OF_BUDGET, /* give back the block's budget, and stop at its start */
    END_REFUND,        /* an instruction was not executed: give back its further cycles, and go on */
    END_STEP,          /* give back the budget from an instruction on, and have it interpreted */
    END_LOAD,          /* reach memory other than DTCM; if that fails, as END_STEP */
    END_STORE,
    END_HEAD, /* the entry of a block that is entered otherwise by what lies before it */
};

struct end {
    enum end_kind kind;
    uint8_t *from, *back; /* the jump that leads here, and where to go on */
    uint32_t pc;
    int32_t refund;        /* in units of the budget register */
    const uint8_t *helper; /* of an access */
    const uint8_t *behind; /* the code behind the instruction; NULL if it ends the block */
    int32_t resumption;    /* what the instructions there have to be covered by, in units of the budget register */
    unsigned opcode;       /* with which a load's value goes from EAX ... */
    unsigned host;         /* ... to its register; or the register of a store's value */
    unsigned what;         /* the access, as arm_access_within() has it */
    struct step step;      /* its instruction */
    unsigned block;
};

/* A block of this session, or a jump that waits for one. */
struct block {
    uint32_t pc;
    uint8_t *head; /* NULL: not known yet */
    bool pending;  /* it is being written: its head may follow out of the way */
};

struct link {
    uint8_t *place;
    unsigned block;
};

/* What the host's flags hold of the ARM flags: after a subtraction the carry is inverted; after logic, N and Z alone.
 */
enum host_flags { HOST_NONE, HOST_ADD, HOST_SUB, HOST_LOGIC };

struct translator {
    struct arm_translations *translations;
    struct x64 *code;
    struct arm_page *page;
    const uint8_t *itcm;
    bool thumb, careful;

    enum host_flags host_flags;
    const uint8_t *host_flags_at; /* they are valid if nothing has been written since */

    struct step step[BLOCK_INSTRUCTIONS];
    unsigned steps;

    struct block block[SESSION_BLOCKS];
    unsigned blocks;
    struct link link[SESSION_BLOCKS * 2];
    unsigned links;
    struct end end[SESSION_ENDS];
    unsigned ends;
};

/* ---- reading ARM words (word_facts.c) ---- */

/* Is it left to the interpreter? So are all that write the mode, touch a coprocessor, or are too rare. */
bool arm_word_is_left(uint32_t word);
/* Does it go on elsewhere than at the next instruction? (Fixed branches are known by their step's target.) */
bool arm_word_ends_block(uint32_t word);
/* May it turn out, when it is executed, to be left to the interpreter? An access to a device, a change of mode. */
bool arm_word_may_be_left(uint32_t word);
/* Does it write memory? */
bool arm_word_stores(uint32_t word);
unsigned arm_word_flags_read(uint32_t word);
unsigned arm_word_flags_written(uint32_t word);
/* Cycles without what memories add, if the condition holds. */
int32_t arm_word_cycles(uint32_t word, const uint8_t *itcm, uint32_t pc, bool thumb);

/* ---- emitting ---- */

void emit_data_processing(struct translator *translator, const struct step *step);
void emit_status_read(struct translator *translator, const struct step *step);
void emit_status_write(struct translator *translator, const struct step *step);
void emit_multiply(struct translator *translator, const struct step *step);
void emit_miscellaneous(struct translator *translator, const struct step *step);
void emit_transfer(struct translator *translator, const struct step *step);
void emit_multiple_transfer(struct translator *translator, const struct step *step);

/* What a load or store of one value does to its base register. */
void emit_write_back(struct translator *translator, const struct step *step);

/* Go on at the address in EAX, whose lowest bit is the state. */
void emit_exchange(struct translator *translator);

void emit_load_register(struct translator *translator, const struct step *step, unsigned host, unsigned index);
void emit_store_register(struct translator *translator, unsigned index, unsigned host);
void emit_operate(struct translator *translator, const struct step *step, unsigned opcode, unsigned host,
                  unsigned index);

/* The shifted or immediate-free second operand into `host`; with `keep_carry`, the shifter's carry into C. */
void emit_shifted_operand(struct translator *translator, const struct step *step, unsigned host, bool keep_carry);

/* Keep those of `flags` that are live, from the host's flags. */
void emit_flags(struct translator *translator, const struct step *step, enum host_flags kind, unsigned flags);

/* A jump that is taken if the ARM condition does not hold. */
uint8_t *emit_jump_unless(struct translator *translator, uint32_t condition);

/* Leave the instruction to the interpreter if the host's condition holds. */
struct end *emit_step_if(struct translator *translator, const struct step *step, unsigned condition);

/* ---- what lies out of the way (ends.c) ---- */

struct end *add_end(struct translator *translator, enum end_kind kind, uint8_t *from);
void emit_end(struct translator *translator, const struct end *end);
void emit_budget(struct x64 *code, enum x64_group operation, int32_t amount);

/* What to give back when the instruction is to be interpreted. */
int32_t refund_from(const struct translator *translator, const struct step *step);

static inline bool is_mapped(unsigned index) {
    return arm_host_register[index] != IN_MEMORY;
}

static inline int32_t register_offset(unsigned index) {
    return OFFSET(r) + 4 * (int32_t)index;
}

/* Fields of an ARM word. */
#define BIT(n)   (word >> (n) & 1)
#define FIELD_RN (word >> 16 & 15)
#define FIELD_RD (word >> 12 & 15)
#define FIELD_RS (word >> 8 & 15)
#define FIELD_RM (word & 15)

#endif
