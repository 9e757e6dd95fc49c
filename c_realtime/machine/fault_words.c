/* The words in which faults are told; faults.h lists them. */
#include <stdio.h>
#include <string.h>

#include "faults.h"
#include "machine.h"

#define WORDS_MOST       6
#define WORD_BYTES       32
#define PERCENT_DECIMALS 4
#define DELAY_MOST_US    100000000u

struct words {
    unsigned count;
    char word[WORDS_MOST][WORD_BYTES];
};

struct order {
    struct machine *machine;
    struct words words;
    char *complaint;
    size_t room;
};

static bool complain(struct order *order, const char *what) {
    snprintf(order->complaint, order->room, "%s", what);
    return false;
}

/* ---- words and numbers ---- */

static bool split(const char *text, struct words *words) {
    words->count = 0;
    for (;;) {
        size_t length;
        text += strspn(text, " ");
        if (*text == '\0')
            return words->count > 0;
        length = strcspn(text, " ");
        if (words->count == WORDS_MOST || length >= WORD_BYTES)
            return false;
        memcpy(words->word[words->count], text, length);
        words->word[words->count++][length] = '\0';
        text += length;
    }
}

static bool is(const struct order *order, unsigned index, const char *word) {
    return index < order->words.count && strcmp(order->words.word[index], word) == 0;
}

static int digit(char character, unsigned base) {
    int value = character >= '0' && character <= '9'   ? character - '0'
                : character >= 'a' && character <= 'f' ? character - 'a' + 10
                : character >= 'A' && character <= 'F' ? character - 'A' + 10
                                                       : 16;
    return value < (int)base ? value : -1;
}

/* A number of 64 bits, decimal or with 0x; moves *text behind it. */
static bool get_number(const char **text, uint64_t most, uint64_t *number) {
    const char *at = *text;
    unsigned base = at[0] == '0' && at[1] == 'x' ? 16 : 10;
    uint64_t value = 0;

    at += base == 16 ? 2 : 0;
    if (digit(*at, base) < 0)
        return false;
    for (; digit(*at, base) >= 0; at++) {
        uint64_t next = (uint64_t)digit(*at, base);
        if (next > most || value > (most - next) / base)
            return false;
        value = value * base + next;
    }
    *text = at;
    *number = value;
    return true;
}

static bool whole_number(const struct order *order, unsigned index, uint64_t most, uint64_t *number) {
    const char *text = index < order->words.count ? order->words.word[index] : "";
    return get_number(&text, most, number) && *text == '\0';
}

/* "12.5" as parts per million; above 0, and up to 100. */
static bool share_of(const struct order *order, unsigned index, uint32_t *share) {
    const char *text = index < order->words.count ? order->words.word[index] : "";
    uint64_t whole, decimals = 0;
    unsigned count = 0;

    if (!get_number(&text, 100, &whole))
        return false;
    if (*text == '.') {
        if (digit(text[1], 10) < 0)
            return false;
        for (text++; digit(*text, 10) >= 0 && count < PERCENT_DECIMALS; text++, count++)
            decimals = decimals * 10 + (uint64_t)digit(*text, 10);
    }
    for (; count < PERCENT_DECIMALS; count++)
        decimals *= 10;
    *share = (uint32_t)(whole * 10000 + decimals);
    return *text == '\0' && *share > 0 && *share <= 1000000;
}

/* The COUNT that may end a command. */
static bool limit_of(const struct order *order, unsigned index, uint32_t *limit) {
    uint64_t number = FAULT_NO_LIMIT;

    if (index < order->words.count &&
        (!whole_number(order, index, FAULT_NO_LIMIT - 1, &number) || number == 0 || index + 1 < order->words.count))
        return false;
    *limit = (uint32_t)number;
    return true;
}

/* "X,Y" or "X,Y,N": the chip, and the third number. */
static struct chip *place_of(const struct order *order, unsigned index, unsigned most, uint64_t *third) {
    const char *text = index < order->words.count ? order->words.word[index] : "";
    uint64_t x, y;

    if (!get_number(&text, MACHINE_MAX_SIDE - 1, &x) || *text++ != ',' || !get_number(&text, MACHINE_MAX_SIDE - 1, &y))
        return NULL;
    if (third != NULL && (*text++ != ',' || !get_number(&text, most, third)))
        return NULL;
    return *text == '\0' ? order->machine->at[x][y] : NULL;
}

/* ---- faults of datagrams ---- */

static bool add_fault(struct order *order, enum fault_kind kind) {
    struct faults *faults = &order->machine->faults;
    struct fault fault = {.kind = kind, .outward = is(order, 1, "out")};
    unsigned next = 3;
    uint64_t us = 0;

    if (!is(order, 1, "in") && !is(order, 1, "out"))
        return complain(order, "say in (to the board) or out (from it) after the kind of fault");
    if (!share_of(order, 2, &fault.share))
        return complain(order, "the share of datagrams must be a percentage from 0.0001 to 100");
    if (kind == FAULT_DELAY && (!whole_number(order, next++, DELAY_MOST_US, &us) || us == 0))
        return complain(order, "the delay must be 1 to 100000000 microseconds");
    if (!limit_of(order, next, &fault.left))
        return complain(order, "the last word may only be how often it is to happen");
    if (faults->count == FAULTS_MOST)
        return complain(order, "there are 16 faults already: clear them");
    fault.delay = us * CYCLES_PER_US;
    faults->fault[faults->count++] = fault;
    return true;
}

static bool clear(struct order *order) {
    struct machine *machine = order->machine;

    machine->faults.count = 0; /* datagrams that are late already still come */
    for (unsigned i = 0; i < machine->chip_count; i++)
        for (unsigned link = 0; link < LINKS_PER_CHIP; link++)
            link_set_loss(machine->chip[i], link, 0, 0, 0);
    return true;
}

/* ---- faults of the hardware ---- */

static bool drop(struct order *order) {
    uint64_t link;
    struct chip *chip = place_of(order, 1, LINKS_PER_CHIP - 1, &link);
    uint32_t share, limit;

    if (chip == NULL)
        return complain(order, "drop wants a link of a chip that is there: X,Y,LINK with LINK from 0 to 5");
    if (!share_of(order, 2, &share) || !limit_of(order, 3, &limit))
        return complain(order, "after the link come a percentage from 0.0001 to 100, and perhaps a count");
    link_set_loss(chip, (unsigned)link, share, limit,
                  order->machine->faults.random ^ (chip->x << 8 | chip->y) << 3 ^ link);
    return true;
}

static void kill_chip(struct chip *chip) {
    for (unsigned i = 0; i < CORES_PER_CHIP; i++)
        processor_break(&chip->core[i]);
    for (unsigned link = 0; link < LINKS_PER_CHIP; link++)
        link_cut(chip, link);
}

static bool kill(struct order *order) {
    uint64_t number;
    bool of_chip = is(order, 1, "chip"), of_core = is(order, 1, "core");
    struct chip *chip = of_chip   ? place_of(order, 2, 0, NULL)
                        : of_core ? place_of(order, 2, CORES_PER_CHIP - 1, &number)
                                  : place_of(order, 2, LINKS_PER_CHIP - 1, &number);

    if ((!of_chip && !of_core && !is(order, 1, "link")) || order->words.count != 3)
        return complain(order, "kill wants chip X,Y or core X,Y,P or link X,Y,LINK");
    if (chip == NULL)
        return complain(order, "there is no such chip, core or link");
    if (of_chip)
        kill_chip(chip);
    else if (of_core)
        processor_break(&chip->core[number]);
    else
        link_cut(chip, (unsigned)number);
    return true;
}

static bool flip(struct order *order) {
    uint64_t address, bit;
    struct chip *chip = place_of(order, 1, 0, NULL);

    if (chip == NULL)
        return complain(order, "flip wants a chip that is there: X,Y ADDRESS BIT");
    if (!whole_number(order, 2, UINT32_MAX, &address) || !whole_number(order, 3, 7, &bit) || order->words.count != 4)
        return complain(order, "after the chip come an address (0x60000000) and the number of a bit, 0 to 7");
    uint8_t *byte = chip_memory(chip, (uint32_t)address);
    if (byte == NULL)
        return complain(order, "only SDRAM (0x60000000) and system RAM (0xe5000000) have bits to flip");
    *byte ^= (uint8_t)(1u << bit);
    return true;
}

/* A board that is reset has to be booted again. */
static bool reset(struct order *order) {
    enum reset_code code = is(order, 0, "power") ? RESET_BY_POWER_ON : RESET_BY_USER;
    const struct machine *machine = order->machine;
    struct chip *chip = code == RESET_BY_USER && is(order, 1, "chip") ? place_of(order, 2, 0, NULL) : NULL;
    uint64_t board;

    if (chip != NULL && order->words.count == 3) {
        chip_reset(chip, code);
        return true;
    }
    if (!is(order, 1, "board") || !whole_number(order, 2, machine->config.boards - 1, &board) ||
        order->words.count != 3)
        return complain(order, "reset wants board N or chip X,Y, and power wants board N, of those that are there");
    machine_reset_board(order->machine, (unsigned)board, code);
    return true;
}

static bool seed(struct order *order) {
    if (order->words.count != 2 || !whole_number(order, 1, UINT64_MAX, &order->machine->faults.random))
        return complain(order, "seed wants a number");
    return true;
}

/* ---- all of them ---- */

bool machine_fault(struct machine *machine, const char *words, char *complaint, size_t room) {
    static const char *const kinds[FAULT_KINDS] = {
        [FAULT_LOSE] = "lose", [FAULT_DELAY] = "delay", [FAULT_DUPLICATE] = "duplicate", [FAULT_REORDER] = "reorder"};
    struct order order = {.machine = machine, .complaint = complaint, .room = room};

    if (strlen(words) >= FAULT_WORDS_BYTES || !split(words, &order.words))
        return complain(&order, "no words, or too many, or too long ones");
    for (unsigned kind = 0; kind < FAULT_KINDS; kind++)
        if (is(&order, 0, kinds[kind]))
            return add_fault(&order, (enum fault_kind)kind);
    if (is(&order, 0, "drop"))
        return drop(&order);
    if (is(&order, 0, "kill"))
        return kill(&order);
    if (is(&order, 0, "reset") || is(&order, 0, "power"))
        return reset(&order);
    if (is(&order, 0, "flip"))
        return flip(&order);
    if (is(&order, 0, "seed"))
        return seed(&order);
    if (is(&order, 0, "clear") && order.words.count == 1)
        return clear(&order);
    return complain(
        &order,
        "unknown fault: there are lose, delay, duplicate, reorder, drop, kill, flip, reset, power, seed, clear");
}
