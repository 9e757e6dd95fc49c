#include "link.h"

#include "../random.h"
#include "chip.h"

bool link_loses(struct chip *chip, unsigned link) {
    struct link_loss *loss = &chip->links.loss[link];

    if (!(chip->links.losing >> link & 1))
        return false;
    loss->passed++;
    if (loss->left == 0 || random_next(&chip->links.random) % LINK_LOSS_WHOLE >= loss->share)
        return false;
    loss->left--;
    loss->lost++;
    return true;
}

void link_set_loss(struct chip *chip, unsigned link, uint32_t share, uint32_t most, uint64_t random) {
    chip->links.loss[link] = (struct link_loss){.share = share, .left = most};
    chip->links.losing &= ~(1u << link);
    if (share > 0)
        chip->links.losing |= 1u << link;
    chip->links.random = random;
}

void link_cut(struct chip *chip, unsigned link) {
    struct chip *neighbour = chip->neighbour[link];
    unsigned back = (link + LINKS_PER_CHIP / 2) % LINKS_PER_CHIP;

    chip->links.cut |= 1u << link;
    chip->neighbour[link] = NULL;
    if (neighbour != NULL) {
        neighbour->links.cut |= 1u << back;
        neighbour->neighbour[back] = NULL;
    }
}

void links_archive(struct archive *archive, struct links *links) {
    ARCHIVE(archive, links->cut);
    ARCHIVE(archive, links->losing);
    ARCHIVE(archive, links->random);
    archive_expect(archive, ((links->cut | links->losing) >> LINKS_PER_CHIP) == 0);
    for (unsigned i = 0; i < LINKS_PER_CHIP; i++) {
        ARCHIVE(archive, links->loss[i].share);
        ARCHIVE(archive, links->loss[i].left);
        ARCHIVE(archive, links->loss[i].passed);
        ARCHIVE(archive, links->loss[i].lost);
    }
}

void links_apply(struct chip *chip) {
    for (unsigned link = 0; link < LINKS_PER_CHIP; link++)
        if (chip->links.cut >> link & 1)
            link_cut(chip, link);
}
