#include "compress.h"

#include <string.h>

/* A block is a row of sequences: a token, literals, and a match, which is a distance back and a length. */
#define MATCH_LEAST       4      /* the length that a match length of 0 stands for */
#define DISTANCE_MOST     0xffff /* sixteen bits */
#define NIBBLE            15     /* a length of 15 in the token goes on in further bytes */
#define LAST_LITERALS     5      /* the format demands so many bytes after the last match, */
#define LAST_MATCH_BEFORE 12     /* and that the last match begins so far from the end */

#define HASH_BITS 14

size_t compress_bound(size_t length) {
    return length + length / 255 + 16;
}

static uint32_t word_at(const uint8_t *bytes) {
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

static uint32_t hash_of(uint32_t word) {
    return word * 2654435761u >> (32 - HASH_BITS); /* Knuth's multiplicative hash */
}

static uint8_t *put_length(uint8_t *to, size_t beyond) {
    for (; beyond >= 255; beyond -= 255)
        *to++ = 255;
    *to++ = (uint8_t)beyond;
    return to;
}

static uint8_t *put_literals(uint8_t *to, const uint8_t *literals, size_t count, size_t match) {
    size_t match_nibble = match < NIBBLE ? match : NIBBLE;

    *to++ = (uint8_t)((count < NIBBLE ? count : NIBBLE) << 4 | match_nibble);
    if (count >= NIBBLE)
        to = put_length(to, count - NIBBLE);
    memcpy(to, literals, count);
    return to + count;
}

size_t compress_block(const uint8_t *from, size_t length, uint8_t *to) {
    uint32_t place[1 << HASH_BITS] = {0}; /* the last position, plus one, at which a word with this hash began */
    uint8_t *out = to;
    size_t at = 0, literals = 0;

    while (length > LAST_MATCH_BEFORE && at < length - LAST_MATCH_BEFORE) {
        uint32_t *entry = &place[hash_of(word_at(from + at))];
        size_t candidate = *entry;

        *entry = (uint32_t)(at + 1);
        if (candidate == 0 || at - --candidate > DISTANCE_MOST || word_at(from + candidate) != word_at(from + at)) {
            at += 1 + ((at - literals) >> 6); /* hurry through what does not compress */
            continue;
        }
        size_t match = MATCH_LEAST, most = length - LAST_LITERALS - at;
        while (match < most && from[candidate + match] == from[at + match])
            match++;
        out = put_literals(out, from + literals, at - literals, match - MATCH_LEAST);
        *out++ = (uint8_t)(at - candidate);
        *out++ = (uint8_t)((at - candidate) >> 8);
        if (match - MATCH_LEAST >= NIBBLE)
            out = put_length(out, match - MATCH_LEAST - NIBBLE);
        at += match;
        literals = at;
    }
    out = put_literals(out, from + literals, length - literals, 0);
    return (size_t)(out - to);
}

static bool get_length(const uint8_t **from, const uint8_t *end, size_t *length, size_t most) {
    if (*length < NIBBLE)
        return true;
    for (;;) {
        if (*from == end || *length > most)
            return false;
        uint8_t byte = *(*from)++;
        *length += byte;
        if (byte < 255)
            return true;
    }
}

bool decompress_block(const uint8_t *from, size_t length, uint8_t *to, size_t room) {
    const uint8_t *end = from + length;
    size_t done = 0;

    while (from < end) {
        uint8_t token = *from++;
        size_t literals = token >> 4, match = token & NIBBLE;

        if (!get_length(&from, end, &literals, room) || literals > room - done || literals > (size_t)(end - from))
            return false;
        memcpy(to + done, from, literals);
        done += literals;
        from += literals;
        if (from == end) /* the last sequence has no match */
            return done == room;
        if (end - from < 2)
            return false;
        size_t distance = from[0] | (size_t)from[1] << 8;
        from += 2;
        if (!get_length(&from, end, &match, room))
            return false;
        match += MATCH_LEAST;
        if (distance == 0 || distance > done || match > room - done)
            return false;
        for (; match; match--, done++) /* byte by byte: source and destination may overlap */
            to[done] = to[done - distance];
    }
    return false;
}
