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

void arm_forget_code(struct arm_core *core, uint32_t address, uint32_t length) {
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

/* What the code polls is left to arm_run_translated(), which knows to shorten it. */
bool arm_step_within(struct arm_core *core, uint32_t next_pc) {
    struct arm_page *const *page = &core->page[core->pc >> PAGE_SHIFT], *before = *page;
    bool thumb = core->thumb;

    core->wrote = true; /* or changed something else: a loop with this in it is no poll */
    core->cycles_left += core->cycles_held;
    arm_step(core);
    core->cycles_left -= core->cycles_held;
    return core->pc == next_pc && core->thumb == thumb && !core->interrupt_due && !core->waiting && *page == before;
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
