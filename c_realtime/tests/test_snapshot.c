/* Snapshots: that a restored machine goes on bit for bit, and that no file does harm. */
#include "../machine/compress.h"
#include "busy.h"
#include "check.h"

/* Zeros; noise; bits; short repetitions and long silence. */
static uint8_t byte_of(unsigned kind, size_t i) {
    switch (kind) {
    case 0:
        return 0;
    case 1:
        return (uint8_t)rand();
    case 2:
        return (uint8_t)(rand() % 2);
    default:
        return i % 1000 < 500 ? (uint8_t)(i / 7) : 0;
    }
}

static void compression(void) {
    static uint8_t raw[100000], packed[110000], back[100000];

    srand(1);
    for (unsigned kind = 0; kind < 4; kind++)
        for (size_t length = 0; length <= sizeof raw; length = length < 300 ? length + 1 : length * 3 - 1) {
            for (size_t i = 0; i < length; i++)
                raw[i] = byte_of(kind, i);
            size_t size = compress_block(raw, length, packed);
            CHECK(size <= compress_bound(length));
            memset(back, 0xaa, sizeof back);
            CHECK(decompress_block(packed, size, back, length));
            CHECK(memcmp(raw, back, length) == 0);
            CHECK(!decompress_block(packed, size, back, length + 1));
            CHECK(length == 0 || !decompress_block(packed, size, back, length - 1));
        }
    CHECK(compress_block(raw, sizeof raw, packed) < sizeof raw / 10);

    /* The worked example of the format's description: ten times 'a' and its last five literals. */
    static const uint8_t block[] = {0x14, 'a', 1, 0, 0x50, 'b', 'c', 'd', 'e', 'f'};
    CHECK(decompress_block(block, sizeof block, back, 14));
    CHECK(memcmp(back, "aaaaaaaaabcdef", 14) == 0);
}

static void goes_on_bit_for_bit(void) {
    struct machine *original = busy_machine(BOARD_SPINN3);
    const char *complaint;
    size_t length, again;

    machine_run(original, 4000);
    uint8_t *bytes = machine_save(original, &length);
    CHECK(bytes != NULL);
    struct machine *restored = machine_restore(bytes, length, &complaint);
    CHECK(restored != NULL);
    CHECK_EQUAL(machine_hash(restored), machine_hash(original));
    uint8_t *bytes_again = machine_save(restored, &again);
    CHECK_EQUAL(again, length);
    CHECK(memcmp(bytes, bytes_again, length) == 0);

    uint64_t then = machine_hash(original);
    machine_run(original, 12000);
    machine_run(restored, 12000);
    CHECK(machine_hash(original) != then);
    CHECK_EQUAL(machine_hash(restored), machine_hash(original));
    CHECK_EQUAL(machine_pulse(restored), machine_pulse(original));
    free(bytes);
    free(bytes_again);
    machine_destroy(original);
    machine_destroy(restored);
}

/* Whatever is done to the bytes: refused, or a machine that can be executed. */
static void damage(void) {
    struct machine *machine = busy_machine(BOARD_SPINN3);
    const char *complaint = NULL;
    size_t length;

    machine_run(machine, 4000);
    uint8_t *bytes = machine_save(machine, &length);
    CHECK(bytes != NULL);
    for (size_t cut = 0; cut < length; cut += cut < 200 ? 1 : length / 50)
        CHECK(machine_restore(bytes, cut, &complaint) == NULL);
    CHECK(strcmp(complaint, "it is damaged") == 0);
    CHECK(machine_restore((const uint8_t *)"hello", 5, &complaint) == NULL);
    CHECK(strcmp(complaint, "it is not a snapshot of a spinnlive board") == 0);
    srand(2);
    for (unsigned i = 0; i < 100; i++) {
        size_t at = (size_t)rand() % length;
        bytes[at] ^= (uint8_t)(1 + rand() % 255);
        struct machine *other = machine_restore(bytes, length, &complaint);
        CHECK(other == NULL); /* the check at the end notices, if nothing before it did */
    }
    free(bytes);
    machine_destroy(machine);
}

int main(void) {
    compression();
    goes_on_bit_for_bit();
    damage();
    return EXIT_SUCCESS;
}
