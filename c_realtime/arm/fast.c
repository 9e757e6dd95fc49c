/* The fast engine's run loop: into translated code, and out of it for what the interpreter must do. */
#include "poll.h"
#include "translations.h"

/* A page whose code is executed less often than this after it changed is not worth a look: boot code, and code that is
 * just being loaded. */
#define VISITS_BEFORE_TRANSLATION 16

/* Instructions in the budget register are fewer than this, and so are cycles. */
#define CYCLES_AT_ONCE (1 << 20)

void arm_use_translations(struct arm_core *core, struct arm_translations *translations) {
    core->translations = translations;
    if (translations != NULL) {
        core->generation = translations->generation;
        arm_forget_code(core, ARM_ITCM_BASE, ARM_ITCM_SIZE);
    }
}

/* ---- words that are written again and again ---- */

/* So often written, with code of the page executed in between, a word is a variable. */
#define TIMES_REWRITTEN 8

/* So many words in line are a program that is being loaded, and what was known of the one before does not hold. */
#define WORDS_LOADED 16

static struct arm_rewritten *rewritten_word(struct arm_core *core, uint32_t address) {
    struct arm_rewritten *rarest = core->rewritten;

    for (unsigned i = 0; i < ARM_REWRITTEN_WORDS; i++) {
        struct arm_rewritten *word = &core->rewritten[i];
        if (word->times > 0 && word->address == address)
            return word;
        if (word->times < rarest->times)
            rarest = word;
    }
    if (rarest->times >= TIMES_REWRITTEN)
        return NULL; /* too many: this one goes on to be code */
    *rarest = (struct arm_rewritten){.address = address};
    return rarest;
}

bool arm_is_rewritten(const struct arm_core *core, uint32_t address) {
    for (unsigned i = 0; i < ARM_REWRITTEN_WORDS; i++)
        if (core->rewritten[i].address == address && core->rewritten[i].times >= TIMES_REWRITTEN)
            return true;
    return false;
}

/* Take note of a write. True if it is one of a word that no translation depends on. */
static bool is_write_of_variable(struct arm_core *core, uint32_t address, uint32_t length) {
    core->written_in_line = address == core->written_last ? core->written_in_line + 1 : 0;
    core->written_last = address + length;
    if (length > 4 || core->written_in_line >= WORDS_LOADED) {
        memset(core->rewritten, 0, sizeof core->rewritten);
        return false;
    }
    uint32_t number = address >> PAGE_SHIFT;
    if (core->page[number] == &core->translations->blank && core->page_visits[number] == 0)
        return arm_is_rewritten(core, address & ~3u);
    struct arm_rewritten *word = rewritten_word(core, address & ~3u);
    if (word == NULL)
        return false;
    if (word->times >= TIMES_REWRITTEN)
        return true;
    word->times++;
    return false;
}

/* ---- code that changes ---- */

void arm_forget_code(struct arm_core *core, uint32_t address, uint32_t length) {
    if (is_write_of_variable(core, address, length))
        return;
    /* What a page's code costs depends on the first words behind it, too. */
    uint32_t first = (address < PAGE_LOOK_AHEAD ? 0 : address - PAGE_LOOK_AHEAD) >> PAGE_SHIFT;
    uint32_t last = (length > ARM_ITCM_SIZE - address ? ARM_ITCM_SIZE - 1 : address + length - 1) >> PAGE_SHIFT;

    for (uint32_t number = first; number <= last && number < ARM_CODE_PAGES; number++) {
        core->page[number] = &core->translations->blank;
        core->page_visits[number] = 0;
    }
}

/* The translation at the pc, if it is known or worth making; NULL if the interpreter must go on. */
static const void *translation(struct arm_core *core, bool careful) {
    uint32_t pc = core->pc, number = pc >> PAGE_SHIFT;
    const struct arm_translations *translations = core->translations;

    if (pc >= ARM_ITCM_SIZE)
        return NULL;
    struct arm_page *page = core->page[number];
    if (page != &translations->blank) {
        struct arm_slots *slots = careful ? __atomic_load_n(&page->careful, __ATOMIC_ACQUIRE) : &page->slots;
        if (slots != NULL) {
            const void *code = __atomic_load_n(arm_slot(slots, pc, core->thumb), __ATOMIC_ACQUIRE);
            if (code != arm_executable(translations, translations->stubs.unresolved))
                return code;
        }
    } else if (core->page_visits[number] < VISITS_BEFORE_TRANSLATION) {
        core->page_visits[number]++;
        return NULL;
    }
    return arm_find_translation(core, pc, careful);
}

/* ---- for translated code, in the middle of a block ----
 * What it polls is left to arm_run_translated(), which knows to shorten it. */

bool arm_step_within(struct arm_core *core, uint32_t next_pc) {
    struct arm_page *const *page = &core->page[core->pc >> PAGE_SHIFT], *before = *page;
    bool thumb = core->thumb;

    core->wrote = true; /* or changed something else: a loop with this in it is no poll */
    core->cycles_left += core->cycles_held;
    arm_step(core);
    core->cycles_left -= core->cycles_held;
    return core->pc == next_pc && core->thumb == thumb && !core->interrupt_due && !core->waiting && *page == before;
}

uint64_t arm_access_within(struct arm_core *core, uint32_t address, uint32_t value, uint32_t what) {
    struct arm_page *const *page = &core->page[core->pc >> PAGE_SHIFT], *before = *page;
    uint32_t bytes = what & ACCESS_BYTES, loaded = 0;

    if (address & (bytes - 1) || core->bus.is_harmless == NULL || !core->bus.is_harmless(address))
        return (uint64_t)1 << ACCESS_NOT_DONE;
    core->wrote = true; /* as in arm_step_within() */
    core->cycles_left += core->cycles_held - (int32_t)(what / ACCESS_CYCLES(1));
    if (what & ACCESS_LOADS)
        core->bus.read(core->bus.context, address, bytes, &loaded);
    else
        core->bus.write(core->bus.context, address, bytes,
                        bytes == 4   ? value
                        : bytes == 2 ? value & 0xffff
                                     : value & 0xff);
    core->cycles_left -= core->cycles_held;
    core->goes_on = !core->interrupt_due && !core->waiting && *page == before;
    return loaded;
}

int32_t arm_run_translated(struct arm_core *core, int32_t cycles) {
    const struct arm_translations *translations = core->translations;
    bool careful = false; /* the budget covers no whole block any more */
    struct arm_poll poll;

    poll.present = false;
    core->cycles_granted = core->cycles_left = cycles;
    if (unlikely(core->generation != translations->generation))
        arm_use_translations(core, core->translations);
    while (core->cycles_left > 0 && !core->waiting) {
        const void *code = core->interrupt_due ? NULL : translation(core, careful);
        if (code == NULL) {
            poll.present = false;
            arm_interpret(core);
            continue;
        }
        core->cycles_held = core->cycles_left > CYCLES_AT_ONCE ? core->cycles_left - CYCLES_AT_ONCE : 0;
        core->cycles_left -= core->cycles_held;
        int why = translations->stubs.enter(core, code);
        core->cycles_left += core->cycles_held;
        if (why == EXIT_OUT_OF_BUDGET)
            careful = core->cycles_held == 0;
        if (why == EXIT_STEP && core->cycles_left > 0) {
            arm_skip_polls(core, &poll);
            arm_interpret(core);
        }
    }
    return arm_cycles_spent(core);
}
