#include "mutate.h"

#include <string.h>

#define MOST_MUTATIONS 12
#define MOST_SEEDS     256

/* Values at which fields of 8, 16 and 32 bits change their meaning. */
static const uint32_t edges[] = {0,          1,          2,          3,         7,          8,          0x0f,
                                 0x10,       0x11,       0x12,       0x1f,      0x3f,       0x7f,       0x80,
                                 0xff,       0x100,      0x101,      0x118,     0x5e4,      0x7fff,     0x8000,
                                 0xffff,     0x10000,    0x7fffffff, 1u << 31,  0xfffffffe, 0xffffffff, 0x60000000,
                                 0x67fffffc, 0xe5008000, 0xf5007f00, 0x0040fffc};

/* SplitMix64 (Steele, Lea, Flood 2014): every state is a good start, so inputs can be made in any order. */
static uint64_t next(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static size_t below(uint64_t *state, size_t limit) {
    return limit ? (size_t)(next(state) % limit) : 0;
}

static unsigned seed_count(void) {
    static unsigned count;
    uint8_t unused[FUZZ_INPUT_BYTES];

    while (count < MOST_SEEDS && fuzz_seed(count, unused) > 0)
        count++;
    return count;
}

static size_t take_seed(uint64_t *state, uint8_t bytes[FUZZ_INPUT_BYTES]) {
    unsigned count = seed_count();
    return count ? fuzz_seed((unsigned)below(state, count), bytes) : 0;
}

/* Put an edge value of 1, 2 or 4 bytes somewhere; fields are mostly aligned. */
static void put_edge(uint64_t *state, uint8_t *bytes, size_t length) {
    size_t width = (size_t)1 << below(state, 3), at = below(state, length);
    uint32_t value = edges[below(state, sizeof edges / sizeof *edges)];

    if (next(state) & 1)
        value = __builtin_bswap32(value) >> 8 * (4 - width);
    if (next(state) & 3)
        at &= ~(width - 1);
    if (at + width <= length)
        memcpy(bytes + at, &value, width);
}

static size_t insert(uint64_t *state, uint8_t *bytes, size_t length) {
    size_t at = below(state, length + 1), count = 1 + below(state, next(state) & 7 ? 16 : 1500);

    if (length + count > FUZZ_INPUT_BYTES)
        return length;
    memmove(bytes + at + count, bytes + at, length - at);
    uint8_t fill = (uint8_t)next(state);
    bool same = next(state) & 1;
    for (size_t i = 0; i < count; i++)
        bytes[at + i] = same ? fill : (uint8_t)next(state);
    return length + count;
}

static size_t cut(uint64_t *state, uint8_t *bytes, size_t length) {
    size_t at = below(state, length), count = 1 + below(state, length - at);

    memmove(bytes + at, bytes + at + count, length - at - count);
    return length - count;
}

static size_t splice(uint64_t *state, uint8_t *bytes, size_t length) {
    uint8_t other[FUZZ_INPUT_BYTES];
    size_t other_length = take_seed(state, other), from = below(state, other_length), at = below(state, length + 1);
    size_t count = other_length - from;

    if (count > FUZZ_INPUT_BYTES - at)
        count = FUZZ_INPUT_BYTES - at;
    memcpy(bytes + at, other + from, count);
    return at + count > length ? at + count : length;
}

static size_t mutate_once(uint64_t *state, uint8_t *bytes, size_t length) {
    if (length == 0)
        return insert(state, bytes, length);
    switch (below(state, 10)) {
    case 0:
    case 1:
        bytes[below(state, length)] ^= (uint8_t)(1u << below(state, 8));
        return length;
    case 2:
    case 3:
        bytes[below(state, length)] = (uint8_t)next(state);
        return length;
    case 4:
    case 5:
    case 6:
        put_edge(state, bytes, length);
        return length;
    case 7:
        return insert(state, bytes, length);
    case 8:
        return cut(state, bytes, length);
    default:
        return splice(state, bytes, length);
    }
}

size_t mutate(uint64_t run_seed, uint64_t index, uint8_t bytes[FUZZ_INPUT_BYTES]) {
    uint64_t state = run_seed * 0xd1342543de82ef95u + index;
    size_t length = take_seed(&state, bytes);

    /* Few more often than many: what is mostly right gets further. */
    for (size_t i = below(&state, 1 + below(&state, MOST_MUTATIONS)); i > 0; i--)
        length = mutate_once(&state, bytes, length);
    return length;
}
