/* Translating blocks: where they begin and end, what they cost, and how they are joined.
 *
 * A block is straight-line code that ends at a branch, at an instruction that is left to the interpreter, at the end of
 * its page, or when it is long. Its cycles are deducted when it is entered, all of them, and it is entered only if the
 * budget covers them; whoever leaves it early gives back the rest. A budget that covers all is never below one cycle
 * before the last instruction, which is where the interpreter would stop. All flags are where they belong wherever a
 * block can be left. */
#include "poll.h"
#include "thumb_words.h"
#include "translator.h"

/* ---- joints ---- */

static const void **slot_of(const struct translator *translator, uint32_t pc) {
    struct arm_page *page = translator->page;
    return arm_slot(translator->careful ? page->careful : &page->slots, pc, translator->thumb);
}

/* Where a block of an earlier session begins; NULL if there is none. */
static uint8_t *earlier_block(const struct translator *translator, uint32_t pc) {
    const struct arm_translations *translations = translator->translations;
    const void *code = *slot_of(translator, pc);

    if (code == arm_executable(translations, translations->stubs.unresolved))
        return NULL;
    return translations->writable + ((const uint8_t *)code - translations->executable);
}

/* Is `pc` where a block begins, or will begin? */
static bool is_block(const struct translator *translator, uint32_t pc) {
    for (unsigned i = 0; i < translator->blocks; i++)
        if (translator->block[i].pc == pc)
            return true;
    return earlier_block(translator, pc) != NULL;
}

/* The index of the block at `pc` in this session; a new one if there is none yet. */
static unsigned block_at(struct translator *translator, uint32_t pc) {
    for (unsigned i = 0; i < translator->blocks; i++)
        if (translator->block[i].pc == pc)
            return i;
    if (translator->blocks == SESSION_BLOCKS) {
        translator->code->full = true;
        return 0;
    }
    translator->block[translator->blocks] = (struct block){.pc = pc, .head = earlier_block(translator, pc)};
    return translator->blocks++;
}

static bool in_page(const struct translator *translator, uint32_t pc) {
    return pc >> PAGE_SHIFT == translator->page->number;
}

/* Go on at a place of another page. */
static void emit_far_jump(struct translator *translator, uint32_t pc) {
    struct x64 *code = translator->code;
    uint32_t offset = pc & (PAGE_BYTES - 1);

    x64_load_imm(code, RAX, pc);
    if (pc >= ARM_ITCM_SIZE) {
        x64_jump(code, translator->translations->stubs.step);
        return;
    }
    x64_mem(code, X64_MOV | X64_WIDE, RCX, CORE, OFFSET(page) + 8 * (int32_t)(pc >> PAGE_SHIFT));
    x64_jump_mem(code, RCX,
                 translator->thumb ? (int32_t)(offsetof(struct arm_page, slots.thumb) + 4 * offset)
                                   : (int32_t)(offsetof(struct arm_page, slots.arm) + 2 * offset));
}

/* Wait, with the jump at `place`, for the block at `pc` to be written. */
static void add_link(struct translator *translator, uint8_t *place, uint32_t pc) {
    unsigned block = block_at(translator, pc);
    if (translator->links == sizeof translator->link / sizeof *translator->link)
        translator->code->full = true;
    else
        translator->link[translator->links++] = (struct link){place, block};
}

static void emit_jump_to(struct translator *translator, uint32_t pc) {
    if (in_page(translator, pc))
        add_link(translator, x64_jump(translator->code, NULL), pc);
    else
        emit_far_jump(translator, pc);
}

void emit_exchange(struct translator *translator) {
    struct x64 *code = translator->code;
    const uint8_t *dispatch = translator->translations->stubs.dispatch;

    if (translator->thumb) {
        x64_jump(code, dispatch);
        return;
    }
    x64_test_imm(code, RAX, ~(ARM_ITCM_SIZE - 4)); /* Thumb, or not in ITCM */
    x64_jump_if(code, X64_NZ, dispatch);
    x64_reg(code, X64_MOV, RCX, RAX);
    x64_shift(code, X64_SHR, RCX, PAGE_SHIFT);
    x64_mem_index(code, X64_MOV | X64_WIDE, RCX, CORE, RCX, 3, OFFSET(page));
    x64_reg(code, X64_MOV, RDX, RAX);
    x64_imm(code, X64_G_AND, RDX, PAGE_BYTES - 4);
    x64_jump_mem_index(code, RCX, RDX, 1, offsetof(struct arm_page, slots.arm));
}

/* ---- conditions ---- */

/* The host's condition for an ARM condition, from the host's own flags; -1 if they do not tell. */
static int host_condition(enum host_flags flags, uint32_t condition) {
    static const int8_t after_subtraction[14] = {X64_Z,  X64_NZ, X64_NC, X64_C,  X64_S, X64_NS, X64_O,
                                                 X64_NO, X64_A,  X64_BE, X64_GE, X64_L, X64_G,  X64_LE};
    enum { CS = 2, CC, MI, PL, HI = 8, LS };

    if (flags == HOST_NONE || (flags == HOST_LOGIC && !(condition < CS || condition == MI || condition == PL)))
        return -1;
    if (flags == HOST_ADD) {
        if (condition == HI || condition == LS)
            return -1;
        if (condition == CS || condition == CC)
            return condition == CS ? X64_C : X64_NC;
    }
    return after_subtraction[condition];
}

/* Compare the flags in the core so that the host's condition, which is returned, tells the even ARM condition. */
static unsigned emit_condition_from_memory(struct translator *translator, uint32_t even) {
    struct x64 *code = translator->code;
    static const int32_t single[4] = {OFFSET(z), OFFSET(c), OFFSET(n), OFFSET(v)};

    switch (even) {
    case 8: /* HI: C above Z */
        x64_mem(code, X64_MOVZX_BYTE, RAX, CORE, OFFSET(c));
        x64_mem(code, X64_CMP_BYTE, RAX, CORE, OFFSET(z));
        return X64_A;
    case 10: /* GE */
        x64_mem(code, X64_MOVZX_BYTE, RAX, CORE, OFFSET(n));
        x64_mem(code, X64_CMP_BYTE, RAX, CORE, OFFSET(v));
        return X64_Z;
    case 12: /* GT */
        x64_mem(code, X64_MOVZX_BYTE, RAX, CORE, OFFSET(n));
        x64_mem(code, X64_XOR_BYTE, RAX, CORE, OFFSET(v));
        x64_mem(code, X64_OR_BYTE, RAX, CORE, OFFSET(z));
        return X64_Z;
    default:
        x64_mem_byte_imm(code, X64_G_CMP, CORE, single[even / 2], 0);
        return X64_NZ;
    }
}

uint8_t *emit_jump_unless(struct translator *translator, uint32_t condition) {
    struct x64 *code = translator->code;
    bool valid = translator->host_flags_at == code->at;
    int host = valid ? host_condition(translator->host_flags, condition) : -1;

    if (host < 0) {
        host = (int)(emit_condition_from_memory(translator, condition & ~1u) ^ (condition & 1));
        valid = false;
    }
    uint8_t *place = x64_jump_if(code, (unsigned)host ^ 1, NULL);
    if (valid)
        translator->host_flags_at = code->at;
    return place;
}

/* ---- decoding a block ---- */

static uint32_t fetch(const struct translator *translator, uint32_t pc, unsigned bytes) {
    uint32_t word = 0;
    memcpy(&word, translator->itcm + pc, bytes);
    return word;
}

#define NO_TARGET 1u /* ARM code never lies at 1; in Thumb state targets are even here */

#define BRANCH           0x0a000000u
#define BRANCH_WITH_LINK 0x0b000000u
#define ALWAYS           0xe0000000u
#define EXCHANGE         0xfa000000u /* blx: to the other state */
#define MOVE_PC_TO_LINK  0xe1a0e00fu /* mov r14, r15 */

static uint32_t sign_extended(uint32_t value, unsigned bits) {
    return (uint32_t)((int32_t)(value << (32 - bits)) >> (32 - bits));
}

/* The same in Thumb state. The first half of a long branch is a move of a constant, which is given as r15's value. */
static bool decode_thumb(struct translator *translator, uint32_t pc, struct step *step) {
    uint32_t half = fetch(translator, pc, 2);
    const struct step *before = translator->steps ? step - 1 : NULL;

    step->length = 2;
    step->pc_value = pc + 4;
    switch (half >> 11) {
    case 26:
    case 27:
        if ((half >> 8 & 15) >= 14)
            return false;
        step->word = (half >> 8 & 15) << 28 | BRANCH;
        step->target = pc + 4 + 2 * sign_extended(half, 8);
        return true;
    case 28:
        step->word = ALWAYS | BRANCH;
        step->target = pc + 4 + 2 * sign_extended(half, 11);
        return true;
    case 30:
        step->word = MOVE_PC_TO_LINK;
        step->pc_value = pc + 4 + (sign_extended(half, 11) << 12);
        return true;
    case 29: /* BLX */
        if (before == NULL || before->word != MOVE_PC_TO_LINK || half & 1)
            return false;
        step->word = EXCHANGE;
        step->target = (before->pc_value + 2 * (half & 0x7ff)) & ~3u;
        return true;
    case 31:
        if (before == NULL || before->word != MOVE_PC_TO_LINK)
            return false;
        step->word = ALWAYS | BRANCH_WITH_LINK;
        step->target = (before->pc_value + 2 * (half & 0x7ff)) & ~1u;
        return true;
    default:
        step->word = arm_word_of_thumb(half, pc, &step->pc_value);
        return step->word != 0 && !arm_word_is_left(step->word);
    }
}

/* Does the meaning of what is at `pc`, or its cost, depend on a word that is written again and again? */
static bool is_unsteady(const struct translator *translator, uint32_t pc) {
    const uint8_t *content = translator->page->content;
    uint32_t from = pc & (PAGE_BYTES - 1), to = from + (translator->thumb ? 2 : 4) + PAGE_LOOK_AHEAD;

    for (uint32_t at = from & ~3u; at < to && at < PAGE_BYTES + PAGE_LOOK_AHEAD; at += 4) {
        uint32_t word;
        memcpy(&word, content + at, sizeof word);
        if (word == REWRITTEN)
            return true;
    }
    return false;
}

/* What is at `pc`; false if it is left to the interpreter, as are delay loops, which it knows to shorten. */
static bool decode(struct translator *translator, uint32_t pc, struct step *step) {
    *step = (struct step){.pc = pc, .target = NO_TARGET};
    if (is_unsteady(translator, pc) || arm_is_delay_loop(translator->itcm, pc, translator->thumb))
        return false;
    if (translator->thumb)
        return decode_thumb(translator, pc, step);
    step->length = 4;
    step->word = fetch(translator, pc, 4);
    step->pc_value = pc + 8;
    if (arm_word_is_left(step->word))
        return false;
    if ((step->word >> 25 & 7) == 5)
        step->target = step->pc_value + 4 * sign_extended(step->word, 24);
    return true;
}

/* The block of straight-line code at `pc`, and where it goes on; with no steps if its first instruction is left. */
static uint32_t collect(struct translator *translator, uint32_t pc) {
    int32_t cycles = 0;

    translator->steps = 0;
    while (translator->steps < (translator->careful ? 1 : BLOCK_INSTRUCTIONS) && in_page(translator, pc)) {
        struct step *step = &translator->step[translator->steps];
        if (translator->steps > 0 && is_block(translator, pc))
            break;
        if (!decode(translator, pc, step))
            break;
        step->cycles = (uint8_t)arm_word_cycles(step->word, translator->itcm, pc, translator->thumb);
        if (cycles + step->cycles > BLOCK_CYCLES)
            break;
        cycles += step->cycles;
        translator->steps++;
        pc += step->length;
        if (arm_word_ends_block(step->word))
            break;
    }
    unsigned live = FLAGS_ALL;
    uint32_t after = 0;
    for (unsigned i = translator->steps; i-- > 0;) {
        struct step *step = &translator->step[i];
        step->cycles_after = after;
        after += step->cycles;
        step->live = (uint8_t)live;
        if (step->word >> 28 == 14)
            live &= ~arm_word_flags_written(step->word);
        live |= arm_word_flags_read(step->word);
        if (arm_word_may_be_left(step->word))
            live = FLAGS_ALL;
    }
    return pc;
}

/* ---- emitting a block ---- */

/* What BL keeps in r14, which has no host register. */
static void emit_link(struct translator *translator, const struct step *step) {
    if (step->word & 1u << 24)
        x64_store_imm(translator->code, CORE, register_offset(14),
                      translator->thumb ? (step->pc + 2) | 1 : step->pc + 4);
}

/* BLX to a label goes to the other state; from ARM, bit 24 is the half-word. */
static void emit_blx(struct translator *translator, const struct step *step) {
    bool thumb = translator->thumb;
    uint32_t half = thumb ? 0 : step->word >> 23 & 2;

    x64_store_imm(translator->code, CORE, register_offset(14), thumb ? (step->pc + 2) | 1 : step->pc + 4);
    x64_load_imm(translator->code, RAX, step->target + half + (thumb ? 0 : 1));
    x64_jump(translator->code, translator->translations->stubs.dispatch);
}

static void emit_word(struct translator *translator, const struct step *step) {
    uint32_t word = step->word;

    if (word == (word | EXCHANGE)) {
        emit_blx(translator, step);
        return;
    }
    if (word >> 28 == 15) /* PLD */
        return;
    switch (word >> 25 & 7) {
    case 0:
        if ((word & 0x90) == 0x90) {
            if (word & 0x60)
                emit_transfer(translator, step);
            else
                emit_multiply(translator, step);
        } else if ((word & 0x01900000u) == 0x01000000u) {
            emit_miscellaneous(translator, step);
        } else {
            emit_data_processing(translator, step);
        }
        return;
    case 1:
        if ((word & 0x01900000u) == 0x01000000u)
            emit_miscellaneous(translator, step); /* MSR */
        else
            emit_data_processing(translator, step);
        return;
    case 2:
    case 3:
        emit_transfer(translator, step);
        return;
    case 4:
        emit_multiple_transfer(translator, step);
        return;
    default:
        emit_link(translator, step);
        emit_jump_to(translator, step->target);
        return;
    }
}

/* Once the interpreter has executed an instruction in the middle of a block, the block goes on behind it. */
static void emit_step(struct translator *translator, const struct step *step) {
    unsigned first = translator->ends;

    emit_word(translator, step);
    if (arm_word_ends_block(step->word) || (!translator->thumb && arm_is_poll(translator->itcm, step->pc)))
        return;
    for (unsigned i = first; i < translator->ends; i++) {
        struct end *end = &translator->end[i];
        end->behind = translator->code->at;
        end->resumption = refund_from(translator, step) - BUDGET(step->cycles, 1);
    }
}

/* Instructions from `first` on that are executed or skipped together; returns the number of the one behind them. */
static unsigned run_of_same_condition(const struct translator *translator, unsigned first) {
    const struct step *step = translator->step;
    unsigned next = first + 1;

    while (next < translator->steps && step[next].word >> 28 == step[first].word >> 28 &&
           !arm_word_ends_block(step[next].word) && arm_word_flags_written(step[next - 1].word) == FLAGS_NONE)
        next++;
    return next;
}

static void emit_conditional_run(struct translator *translator, unsigned first, unsigned behind) {
    int32_t refund = 0;
    bool flags_written = false;
    uint8_t *skip = emit_jump_unless(translator, translator->step[first].word >> 28);

    for (unsigned i = first; i < behind; i++) {
        const struct step *step = &translator->step[i];
        emit_step(translator, step);
        refund += step->cycles - 1;
        flags_written |= arm_word_flags_written(step->word) != FLAGS_NONE;
    }
    if (refund) {
        struct end *end = add_end(translator, END_REFUND, skip);
        end->back = translator->code->at;
        end->refund = BUDGET(refund, 0);
    } else {
        x64_fill_in(translator->code, skip, translator->code->at);
    }
    if (flags_written || refund)
        translator->host_flags = HOST_NONE;
}

/* A conditional instruction that ends the block. What follows it runs with its further cycles to be given back. */
static void emit_conditional_end(struct translator *translator, const struct step *step) {
    uint32_t condition = step->word >> 28;

    if (step->target != NO_TARGET && !(step->word & 1u << 24) && in_page(translator, step->target)) {
        add_link(translator, emit_jump_unless(translator, condition ^ 1), step->target);
        return;
    }
    uint8_t *skip = emit_jump_unless(translator, condition);
    emit_step(translator, step);
    x64_fill_in(translator->code, skip, translator->code->at);
}

/* Deduct the block's cycles. `owed` have been deducted for the branch before it that was not taken. */
static void emit_entry(struct translator *translator, unsigned block, int32_t owed) {
    struct x64 *code = translator->code;
    int32_t total = refund_from(translator, translator->step);
    bool stores = false;

    for (unsigned i = 0; i < translator->steps; i++)
        stores |= arm_word_stores(translator->step[i].word);
    if (translator->careful) { /* a single instruction begins as long as a cycle is left */
        if (owed)
            emit_budget(code, X64_G_ADD, BUDGET(owed, 0));
        translator->block[block].head = code->at;
        emit_budget(code, X64_G_CMP, BUDGET(1, 0));
        struct end *end = add_end(translator, END_OUT_OF_BUDGET, x64_jump_if(code, X64_L, NULL));
        end->pc = translator->block[block].pc;
        emit_budget(code, X64_G_SUB, total);
        if (stores)
            x64_store_byte_imm(code, CORE, OFFSET(wrote), true);
        translator->host_flags = HOST_NONE;
        return;
    }
    if (owed == 0)
        translator->block[block].head = code->at;
    emit_budget(code, X64_G_SUB, total - BUDGET(owed, 0));
    struct end *end = add_end(translator, END_OUT_OF_BUDGET, x64_jump_if(code, X64_S, NULL));
    end->pc = translator->block[block].pc;
    end->refund = total;
    if (owed != 0) {
        end = add_end(translator, END_HEAD, NULL);
        end->pc = translator->block[block].pc;
        end->refund = total;
        end->back = code->at;
        end->block = block;
    }
    if (stores)
        x64_store_byte_imm(code, CORE, OFFSET(wrote), true);
    translator->host_flags = HOST_NONE;
}

/* Emit a block; returns what it owes where it falls through, or NO_FALL. `*pc` is moved there. */
#define NO_FALL (-1)
static int32_t emit_block(struct translator *translator, unsigned block, int32_t owed, uint32_t *pc) {
    struct x64 *code = translator->code;

    *pc = collect(translator, *pc);
    if (translator->steps == 0) {
        if (owed)
            emit_budget(code, X64_G_ADD, BUDGET(owed, 0));
        translator->block[block].head = code->at;
        x64_load_imm(code, RAX, *pc);
        x64_jump(code, translator->translations->stubs.step);
        return NO_FALL;
    }
    emit_entry(translator, block, owed);
    for (unsigned i = 0; i < translator->steps;) {
        const struct step *step = &translator->step[i];
        bool is_conditional = step->word >> 28 < 14;
        if (arm_word_ends_block(step->word)) {
            if (step->word >> 28 == 14 && step->target != NO_TARGET && in_page(translator, step->target)) {
                emit_link(translator, step); /* and the block there may follow at once */
                *pc = step->target;
                return 0;
            }
            if (!is_conditional) {
                emit_step(translator, step);
                return NO_FALL;
            }
            emit_conditional_end(translator, step);
            return step->cycles - 1;
        }
        if (is_conditional) {
            unsigned behind = run_of_same_condition(translator, i);
            emit_conditional_run(translator, i, behind);
            i = behind;
        } else {
            emit_step(translator, step);
            i++;
        }
    }
    return 0;
}

/* ---- a session ---- */

/* Write blocks until nothing that has been written leads to one that has not. */
static void emit_blocks(struct translator *translator) {
    for (unsigned next = 0; next < translator->blocks && !translator->code->full; next++) {
        unsigned block = next;
        uint32_t pc = translator->block[block].pc;
        int32_t owed = 0;

        if (translator->block[block].pending || translator->block[block].head != NULL)
            continue;
        for (;;) {
            translator->block[block].pending = true;
            owed = emit_block(translator, block, owed, &pc);
            if (owed == NO_FALL || translator->code->full)
                break;
            if (in_page(translator, pc)) {
                block = block_at(translator, pc);
                if (!translator->block[block].pending && translator->block[block].head == NULL)
                    continue; /* it falls through into what has not been written yet */
            }
            if (owed)
                emit_budget(translator->code, X64_G_ADD, BUDGET(owed, 0));
            emit_jump_to(translator, pc);
            break;
        }
    }
}

static void publish(struct translator *translator) {
    for (unsigned i = 0; i < translator->blocks; i++) {
        const void *code = arm_executable(translator->translations, translator->block[i].head);
        __atomic_store_n(slot_of(translator, translator->block[i].pc), code, __ATOMIC_RELEASE);
    }
}

void arm_translate(struct arm_translations *translations, struct arm_page *page, const uint8_t *itcm, uint32_t pc,
                   bool thumb, bool careful) {
    struct translator *translator = translations->translator;
    struct x64 *code = &translations->code;
    uint8_t *begin = code->at;

    translator->translations = translations;
    translator->code = code;
    translator->page = page;
    translator->itcm = itcm;
    translator->thumb = thumb;
    translator->careful = careful;
    translator->blocks = translator->links = translator->ends = 0;
    block_at(translator, pc);
    emit_blocks(translator);
    for (unsigned i = 0; i < translator->ends && !code->full; i++)
        emit_end(translator, &translator->end[i]);
    if (code->full) { /* nobody has seen any of it */
        code->at = begin;
        translations->full = true;
        return;
    }
    for (unsigned i = 0; i < translator->links; i++)
        x64_fill_in(code, translator->link[i].place, translator->block[translator->link[i].block].head);
    publish(translator);
}
