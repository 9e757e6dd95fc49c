#define _GNU_SOURCE
#include "translator.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Of host code, held at once; the host gives memory only to what is used. The code of a page that is entered everywhere
 * comes to some 100 KB, of most pages to less than 20. */
#define CODE_BYTES (24u << 20)

/* ---- memory for code ----
 * Seen twice: once to write, once to execute, so that no page is ever both. */

static bool map_code(struct arm_translations *translations) {
    int file = memfd_create("spinnlive translations", MFD_CLOEXEC);

    if (file < 0)
        return false;
    translations->size = CODE_BYTES;
    void *writable = MAP_FAILED, *executable = MAP_FAILED;
    if (ftruncate(file, CODE_BYTES) == 0) {
        writable = mmap(NULL, CODE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        executable = mmap(NULL, CODE_BYTES, PROT_READ | PROT_EXEC, MAP_SHARED, file, 0);
    }
    close(file);
    translations->writable = writable == MAP_FAILED ? NULL : writable;
    translations->executable = executable == MAP_FAILED ? NULL : executable;
    return translations->writable != NULL && translations->executable != NULL;
}

static void unmap_code(struct arm_translations *translations) {
    if (translations->writable != NULL)
        munmap(translations->writable, translations->size);
    if (translations->executable != NULL)
        munmap(translations->executable, translations->size);
}

/* ---- life ---- */

static const void *unresolved(const struct arm_translations *translations) {
    return arm_executable(translations, translations->stubs.unresolved);
}

static void clear_slots(const struct arm_translations *translations, struct arm_slots *slots) {
    for (unsigned i = 0; i < PAGE_BYTES / 4; i++)
        slots->arm[i] = unresolved(translations);
    for (unsigned i = 0; i < PAGE_BYTES / 2; i++)
        slots->thumb[i] = unresolved(translations);
}

struct arm_translations *arm_translations_create(void) {
#if defined __x86_64__
    struct arm_translations *translations = calloc(1, sizeof *translations);

    if (translations == NULL)
        return NULL;
    pthread_mutex_init(&translations->lock, NULL);
    translations->translator = malloc(sizeof *translations->translator);
    if (translations->translator == NULL || !map_code(translations)) {
        arm_translations_destroy(translations);
        return NULL;
    }
    translations->code = (struct x64){translations->writable, translations->writable + CODE_BYTES, false};
    arm_write_stubs(translations);
    translations->after_stubs = translations->code.at;
    clear_slots(translations, &translations->blank.slots);
    return translations;
#else
    return NULL;
#endif
}

static void free_pages(struct arm_translations *translations) {
    for (unsigned i = 0; i < PAGE_TABLE; i++)
        while (translations->table[i] != NULL) {
            struct arm_page *page = translations->table[i];
            translations->table[i] = page->next;
            free(page->careful);
            free(page);
        }
    translations->pages = 0;
}

void arm_translations_destroy(struct arm_translations *translations) {
    if (translations == NULL)
        return;
    free_pages(translations);
    unmap_code(translations);
    pthread_mutex_destroy(&translations->lock);
    free(translations->translator);
    free(translations);
}

void arm_translations_tidy(struct arm_translations *translations) {
    if (translations == NULL || !translations->full)
        return;
    free_pages(translations);
    translations->code.at = translations->after_stubs;
    translations->code.full = translations->full = false;
    translations->generation++;
}

struct arm_translation_counts arm_translations_count(const struct arm_translations *translations) {
    return (struct arm_translation_counts){
        .pages = translations->pages,
        .code_bytes = (uint32_t)(translations->code.at - translations->after_stubs),
        .drops = translations->generation,
    };
}

/* ---- pages ---- */

/* FNV-1a over 64-bit words. */
static uint64_t hash_of(const uint8_t *content, uint32_t number) {
    uint64_t hash = 0xcbf29ce484222325u ^ number;
    for (unsigned i = 0; i < PAGE_BYTES + PAGE_LOOK_AHEAD; i += 8) {
        uint64_t word;
        memcpy(&word, content + i, sizeof word);
        hash = (hash ^ word) * 0x100000001b3u;
    }
    return hash ^ hash >> 32;
}

static void copy_content(uint8_t content[PAGE_BYTES + PAGE_LOOK_AHEAD], const struct arm_core *core, uint32_t number) {
    uint32_t start = number << PAGE_SHIFT, rest = ARM_ITCM_SIZE - start, rewritten = REWRITTEN;
    uint32_t length = rest < PAGE_BYTES + PAGE_LOOK_AHEAD ? rest : PAGE_BYTES + PAGE_LOOK_AHEAD;

    memcpy(content, core->itcm + start, length);
    memset(content + length, 0, PAGE_BYTES + PAGE_LOOK_AHEAD - length);
    for (unsigned i = 0; i < ARM_REWRITTEN_WORDS; i++) {
        uint32_t address = core->rewritten[i].address;
        if (address >= start && address - start < length && arm_is_rewritten(core, address))
            memcpy(content + (address - start), &rewritten, sizeof rewritten);
    }
}

static struct arm_page *find_page(struct arm_translations *translations, const struct arm_core *core, uint32_t number) {
    uint8_t content[PAGE_BYTES + PAGE_LOOK_AHEAD];

    copy_content(content, core, number);
    uint64_t hash = hash_of(content, number);
    struct arm_page **chain = &translations->table[hash & (PAGE_TABLE - 1)];
    for (struct arm_page *page = *chain; page != NULL; page = page->next)
        if (page->hash == hash && page->number == number && memcmp(page->content, content, sizeof content) == 0)
            return page;
    struct arm_page *page = translations->pages < PAGE_LIMIT ? malloc(sizeof *page) : NULL;
    if (page == NULL) {
        translations->full = true;
        return NULL;
    }
    clear_slots(translations, &page->slots);
    page->careful = NULL;
    page->number = number;
    page->hash = hash;
    memcpy(page->content, content, sizeof content);
    page->next = *chain;
    *chain = page;
    translations->pages++;
    return page;
}

static struct arm_slots *find_slots(struct arm_translations *translations, struct arm_page *page, bool careful) {
    if (!careful)
        return &page->slots;
    if (page->careful == NULL) {
        struct arm_slots *slots = malloc(sizeof *slots);
        if (slots == NULL)
            return NULL;
        clear_slots(translations, slots);
        __atomic_store_n(&page->careful, slots, __ATOMIC_RELEASE);
    }
    return page->careful;
}

const void *arm_find_translation(struct arm_core *core, uint32_t pc, bool careful) {
    struct arm_translations *translations = core->translations;
    uint32_t number = pc >> PAGE_SHIFT;
    const void *code = NULL;

    pthread_mutex_lock(&translations->lock);
    struct arm_page *page = translations->full ? NULL : find_page(translations, core, number);
    struct arm_slots *slots = page != NULL ? find_slots(translations, page, careful) : NULL;
    if (slots != NULL) {
        const void **slot = arm_slot(slots, pc, core->thumb);
        core->page[number] = page;
        if (*slot == unresolved(translations))
            arm_translate(translations, page, core->itcm, pc, core->thumb, careful);
        if (*slot != unresolved(translations))
            code = *slot;
    }
    pthread_mutex_unlock(&translations->lock);
    return code;
}
