/* Translations of ARM code into machine code of the host, shared by all cores of a machine.
 *
 * ITCM is looked at in pages. A page of translations belongs to a content, not to a core: every core whose ITCM holds
 * those very bytes at that place uses it. A core that changes a page of its ITCM lets go of the translations; the next
 * time that it executes there it looks for the ones of the new content.
 *
 * Some software keeps variables among its code: SCAMP counts in a word of its vector table. A word that a core writes
 * again and again belongs to no content: the page has REWRITTEN in its place, nothing is translated whose meaning or
 * cost depends on such a word, and writing it lets go of nothing. */
#ifndef SPINNLIVE_ARM_TRANSLATIONS_H
#define SPINNLIVE_ARM_TRANSLATIONS_H

#include "internal.h"
#include "x64.h"

#include <pthread.h>

/* The costs of the instructions in a page depend on up to this much of what follows it (interlock.c). */
#define PAGE_LOOK_AHEAD 8
#define PAGE_SHIFT      10
#define PAGE_BYTES      (1u << PAGE_SHIFT)

/* The host code for each place where a block can begin; by word in ARM state, by half-word in Thumb. */
struct arm_slots {
    const void *arm[PAGE_BYTES / 4];
    const void *thumb[PAGE_BYTES / 2];
};

struct arm_page {
    struct arm_slots slots;
    struct arm_slots *careful; /* the same in blocks of one instruction, for the end of a slice; NULL until wanted */
    uint32_t number;           /* which page of ITCM */
    uint64_t hash;
    struct arm_page *next; /* with the same hash, modulo the table's size */
    uint8_t content[PAGE_BYTES + PAGE_LOOK_AHEAD];
};

/* An instruction that ARM and Thumb do not define. Where genuine code has it, it is not translated either. */
#define REWRITTEN 0xe7ffdeffu

#define PAGE_TABLE 1024u /* chains, a power of two */
#define PAGE_LIMIT 2048u /* pages held at once: at most 27 MB. A network of many models has some hundreds */

/* Places in the host code that all translations share; in the writable view, but for `enter`. */
struct arm_stubs {
    int (*enter)(struct arm_core *core, const void *code);
    /* To go to these with the ARM pc in EAX: */
    uint8_t *step;          /* back to C, to execute one instruction there by the interpreter */
    uint8_t *unresolved;    /* back to C, to find or make the translation */
    uint8_t *out_of_budget; /* on in blocks of one instruction; back to C if there are none or the budget is used up */
    uint8_t *dispatch;      /* to the translation at an address whose lowest bit is the state */
    /* To call, with the pc in EAX and in EDX where it goes on: the interpreter executes an instruction. It returns if
     * the translated code may go on behind it. */
    uint8_t *step_within;
    /* To call for a device access, with the address in EAX, a store's value in EDX and in ECX what it is. RAX has a
     * load's value, or ACCESS_NOT_DONE. */
    uint8_t *access_within;
    /* Accesses outside DTCM: address in EAX, value in EDX or to EAX; carry: the interpreter must do it. */
    uint8_t *load_word, *load_half, *load_byte, *store_word, *store_half, *store_byte;
};

struct translator;

struct arm_translations {
    pthread_mutex_t lock; /* on all that follows; slots of pages are read without */
    uint8_t *writable, *executable;
    size_t size;
    struct x64 code; /* in the writable view */
    uint8_t *after_stubs;
    struct arm_stubs stubs;
    struct arm_page blank; /* of a core's page that has no translations: every slot is unresolved */
    struct arm_page *table[PAGE_TABLE];
    unsigned pages;
    uint32_t generation; /* counts how often everything was dropped */
    bool full;
    struct translator *translator; /* its work space */
};

/* The interpreter executes an instruction of translated code, which itself goes on at `next_pc` if this returns true.
 */
bool arm_step_within(struct arm_core *core, uint32_t next_pc);

/* A device access of translated code, which counts the cycles of its budget down to before the instruction. */
#define ACCESS_BYTES     7u
#define ACCESS_LOADS     8u
#define ACCESS_CYCLES(n) ((n) << 4) /* that the instruction takes before it */
#define ACCESS_NOT_DONE  32         /* a bit of the answer: nothing has happened */
uint64_t arm_access_within(struct arm_core *core, uint32_t address, uint32_t value, uint32_t what);

/* What arm_stubs.enter returns. */
enum { EXIT_STEP, EXIT_UNRESOLVED, EXIT_OUT_OF_BUDGET };

/* The budget register: cycles left above, and below them instructions that may yet be executed without a carry. */
#define BUDGET_SHIFT                 24
#define BUDGET_INSTRUCTIONS          ((1u << BUDGET_SHIFT) - 1)
#define BUDGET(cycles, instructions) ((int32_t)((uint32_t)(cycles) << BUDGET_SHIFT) + (int32_t)(instructions))

/* Write the stubs at the start of the code; false if they do not fit. */
bool arm_write_stubs(struct arm_translations *translations);

/* Translate what begins at `pc`, which lies in `page`, and what it leads to in the page. */
void arm_translate(struct arm_translations *translations, struct arm_page *page, const uint8_t *itcm, uint32_t pc,
                   bool thumb, bool careful);

/* The code for what a core has at `pc`, found or made; NULL if there is none to be had. */
const void *arm_find_translation(struct arm_core *core, uint32_t pc, bool careful);

/* Is this a word of ITCM that the core writes again and again? */
bool arm_is_rewritten(const struct arm_core *core, uint32_t address);

static inline const void **arm_slot(struct arm_slots *slots, uint32_t pc, bool thumb) {
    uint32_t offset = pc & (PAGE_BYTES - 1);
    return thumb ? &slots->thumb[offset / 2] : &slots->arm[offset / 4];
}

/* The address at which the host executes what is written at `at`. */
static inline const void *arm_executable(const struct arm_translations *translations, const uint8_t *at) {
    return translations->executable + (at - translations->writable);
}

/* ---- where the translated code keeps things ---- */

#define CORE            RBX /* struct arm_core */
#define BUDGET_REGISTER R15

/* The host register of each ARM register; the others stay in the core. EAX, ECX, EDX are free for every instruction. */
#define IN_MEMORY 0xffu
static const uint8_t arm_host_register[16] = {
    RSI, RDI, RBP, R8, R9, R10, R11, R12, IN_MEMORY, IN_MEMORY, IN_MEMORY, IN_MEMORY, R13, R14, IN_MEMORY, IN_MEMORY};

#define OFFSET(field) ((int32_t)offsetof(struct arm_core, field))

#endif
