/* The communications controller: sending, receiving, the lines for each packet type, and back-pressure. */
#include "check.h"

static struct chip *chip;
static uint64_t now;

static void end_window(void) {
    now += 400;
    fabric_deliver(&chip, 1, 1, now);
}

enum { TCR = 0x00, TXDATA = 0x04, TXKEY = 0x08, RSR = 0x0c, RXDATA = 0x10, RXKEY = 0x14 };

static void route(uint32_t entry, uint32_t key, uint32_t mask, uint32_t to) {
    router_write(chip, 0x4000 + 4 * entry, to);
    router_write(chip, 0x8000 + 4 * entry, key);
    router_write(chip, 0xc000 + 4 * entry, mask);
}

int main(void) {
    chip = running_chip();
    struct processor *from = &chip->core[2], *to = &chip->core[9];

    route(0, 0x1000, 0xfffff000, 1u << (6 + 9));
    comms_write(from, TCR, PACKET_HAS_PAYLOAD);
    comms_write(from, TXDATA, 77);
    comms_write(from, TXKEY, 0x1003);
    CHECK(!(to->vic.lines & VIC_COMMS_RECEIVED)); /* on its way until the window ends */
    end_window();
    CHECK(to->vic.lines & VIC_COMMS_RECEIVED);
    CHECK(to->vic.lines & VIC_COMMS_TYPE(PACKET_MULTICAST));
    CHECK_EQUAL(comms_read(to, RSR), 0x90000001u | PACKET_SOURCE_LOCAL << 24 | PACKET_HAS_PAYLOAD);
    CHECK_EQUAL(comms_read(to, RXDATA), 77);
    CHECK_EQUAL(comms_read(to, RXKEY), 0x1003);
    CHECK_EQUAL(comms_read(to, RSR), 0);
    CHECK(!(to->vic.lines & VIC_COMMS_RECEIVED));

    /* Data written before the key make a payload, whatever the control register says, but only of one packet. */
    comms_write(from, TCR, 0);
    comms_write(from, TXDATA, 3);
    comms_write(from, TXKEY, 0x1004);
    comms_write(from, TXKEY, 0x1005);
    end_window();
    CHECK_EQUAL(comms_read(to, RSR), 0x90000001u | PACKET_SOURCE_LOCAL << 24 | PACKET_HAS_PAYLOAD);
    CHECK_EQUAL(comms_read(to, RXDATA), 3);
    CHECK_EQUAL(comms_read(to, RXKEY), 0x1004);
    CHECK_EQUAL(comms_read(to, RSR), 0x90000001u | PACKET_SOURCE_LOCAL << 24);
    CHECK_EQUAL(comms_read(to, RXKEY), 0x1005);

    /* A full receiver holds the sender up. First its transmit queue takes what it sends, */
    for (unsigned i = 0; i < COMMS_HOLD_MARK + COMMS_TRANSMIT_SIZE; i++) {
        CHECK_EQUAL(comms_read(from, TCR) & 0xf0000000u, 0x90000000u);
        comms_write(from, TXKEY, 0x1000 + i);
        if (i < COMMS_HOLD_MARK)
            end_window();
    }
    CHECK_EQUAL(comms_read(from, TCR) & 0xf0000000u, 0x40000000u); /* then it is full. */
    CHECK(!(from->vic.lines & VIC_COMMS_EMPTY));
    CHECK(from->vic.lines & VIC_COMMS_FULL);
    end_window();
    CHECK_EQUAL(comms_read(from, TCR) & 0xf0000000u, 0x40000000u);
    comms_write(from, TXKEY, 0xbad); /* lost, and said so, once */
    CHECK(from->vic.lines & VIC_COMMS_OVERRUN);
    CHECK_EQUAL(comms_read(from, TCR) & 0xf0000000u, 0x60000000u);
    CHECK_EQUAL(comms_read(from, TCR) & 0xf0000000u, 0x40000000u);
    CHECK_EQUAL(comms_read(to, RXKEY), 0x1000); /* It goes on when there is room, and nothing is lost. */
    end_window();
    CHECK_EQUAL(comms_read(from, TCR) & 0xf0000000u, 0x90000000u);
    CHECK(from->vic.lines & VIC_COMMS_EMPTY);
    CHECK(!(from->vic.lines & (VIC_COMMS_FULL | VIC_COMMS_OVERRUN)));
    for (unsigned i = 1; i < COMMS_HOLD_MARK + COMMS_TRANSMIT_SIZE; i++) {
        CHECK_EQUAL(comms_read(to, RXKEY), 0x1000 + i);
        end_window();
    }
    CHECK_EQUAL(comms_read(to, RSR), 0);
    CHECK_EQUAL(chip->sending, 0);

    /* A core that does not run takes nothing and holds nobody up. */
    to->clocked = false;
    for (unsigned i = 0; i < COMMS_TRANSMIT_SIZE; i++)
        comms_write(from, TXKEY, 0x1000);
    end_window();
    CHECK_EQUAL(chip->sending, 0);
    CHECK_EQUAL(to->comms.unheard, COMMS_TRANSMIT_SIZE);

    /* A reset forgets what was not sent. */
    comms_write(from, TXKEY, 0x1000);
    processor_reset(from);
    CHECK_EQUAL(chip->sending, 0);
    CHECK_EQUAL(chip->unmodelled_count, 0);
    chip_destroy(chip);
    return EXIT_SUCCESS;
}
