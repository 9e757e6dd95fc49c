/* What arm_next_access() foretells is what the instruction then does, for random instructions of both sets. */
#include "check.h"

#include "../arm/access.h"

#define TRIES 300000
#define CODE  0x100u

/* A bus that notes the bytes touched. */
struct witness {
    uint64_t lowest, end;
    bool reads, writes;
};

static void note(struct witness *witness, uint32_t address, unsigned bytes) {
    address &= ~(bytes - 1u);
    if (address < witness->lowest)
        witness->lowest = address;
    if ((uint64_t)address + bytes > witness->end)
        witness->end = (uint64_t)address + bytes;
}

static bool witness_read(void *context, uint32_t address, unsigned bytes, uint32_t *value) {
    struct witness *witness = context;
    note(witness, address, bytes);
    witness->reads = true;
    *value = 0x5a5a5a5au;
    return true;
}

static bool witness_write(void *context, uint32_t address, unsigned bytes, uint32_t value) {
    struct witness *witness = context;
    (void)value;
    note(witness, address, bytes);
    witness->writes = true;
    return true;
}

static uint32_t random_word(void) {
    return (uint32_t)rand() << 20 ^ (uint32_t)rand() << 10 ^ (uint32_t)rand();
}

/* Half of the ARM words are made loads and stores of some kind; most random words are something else. */
static uint32_t random_instruction(void) {
    static const uint32_t kinds[4] = {0x04000000, 0x06000000, 0x08000000, 0x00000090};
    uint32_t word = random_word();
    return rand() & 1 ? word : (word & 0xf1ffff6fu) | kinds[rand() & 3];
}

static void one(struct arm_core *core, struct witness *witness, bool thumb, unsigned *seen) {
    uint32_t instruction = random_instruction();

    arm_reset(core);
    for (unsigned i = 0; i < 15; i++)
        core->r[i] = 0x60000000u | (random_word() & 0x00ffffffu);
    core->r[rand() % 15] = random_word() & 31; /* an offset */
    arm_set_cpsr(core, ARM_SYS | ARM_CPSR_I | ARM_CPSR_F | (thumb ? ARM_CPSR_T : 0) | (random_word() & 0xf0000000u));
    core->pc = CODE;
    memcpy(core->itcm + CODE, &instruction, sizeof instruction);
    *witness = (struct witness){.lowest = UINT64_MAX};

    struct arm_access told = arm_next_access(core);
    if ((uint64_t)told.address + told.bytes > UINT32_MAX)
        return; /* around the end of the address space */
    arm_step(core);
    if (told.bytes && (told.address < ARM_ITCM_SIZE || told.address - ARM_DTCM_BASE < ARM_DTCM_SIZE))
        return; /* a TCM is no bus: the witness has not seen it */
    if (witness->end == 0) {
        if (told.bytes)
            fprintf(stderr, "%08x (thumb %d)\n", instruction, thumb);
        CHECK_EQUAL(told.bytes, 0);
        return;
    }
    if (witness->lowest != told.address)
        fprintf(stderr, "%08x (thumb %d)\n", instruction, thumb);
    CHECK_EQUAL(told.address, witness->lowest);
    CHECK_EQUAL((uint64_t)told.address + told.bytes, witness->end);
    CHECK_EQUAL(told.reads, witness->reads);
    CHECK_EQUAL(told.writes, witness->writes);
    ++*seen;
}

int main(void) {
    static struct arm_core core;
    struct witness witness;
    unsigned seen[2] = {0, 0};

    core.bus = (struct arm_bus){&witness, witness_read, witness_write, NULL, NULL};
    srand(1);
    for (unsigned i = 0; i < TRIES; i++)
        one(&core, &witness, i & 1, &seen[i & 1]);
    CHECK(seen[0] > TRIES / 20 && seen[1] > TRIES / 20);
    return EXIT_SUCCESS;
}
