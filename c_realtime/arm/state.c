/* What of an ARM core is state: the registers, CP15, the interrupt inputs and the two memories. */
#include "internal.h"

void arm_archive(struct archive *archive, struct arm_core *core) {
    uint8_t *flags[] = {&core->n, &core->z, &core->c, &core->v, &core->q};

    archive->bytes(archive, core->r, 15 * sizeof *core->r); /* r[15] is set by each instruction */
    ARCHIVE(archive, core->pc);
    for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++) {
        uint32_t flag = *flags[i];
        ARCHIVE(archive, flag);
        archive_expect(archive, flag <= 1);
        *flags[i] = flag & 1;
    }
    archive_bool(archive, &core->irq_masked);
    archive_bool(archive, &core->fiq_masked);
    archive_bool(archive, &core->thumb);
    ARCHIVE(archive, core->mode);
    archive_expect(archive, core->mode <= 0x1f);
    core->mode &= 0x1f;
    ARCHIVE(archive, core->banked_sp);
    ARCHIVE(archive, core->banked_lr);
    ARCHIVE(archive, core->banked_spsr);
    ARCHIVE(archive, core->usr_r8_r12);
    ARCHIVE(archive, core->fiq_r8_r12);
    ARCHIVE(archive, core->cp15_control);
    archive_bool(archive, &core->irq_line);
    archive_bool(archive, &core->fiq_line);
    archive_bool(archive, &core->waiting);
    ARCHIVE(archive, core->instructions);
    archive->memory(archive, core->itcm, sizeof core->itcm);
    archive->memory(archive, core->dtcm, sizeof core->dtcm);
    core->next_pc = core->pc;
    arm_update_interrupts(core);
}
