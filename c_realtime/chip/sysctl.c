#include "chip.h"

/* Registers (SpiNNaker datasheet, system controller). */
enum {
    CHIP_ID = 0x00,
    CPU_DISABLE = 0x04,
    SET_IRQ = 0x08,
    CLEAR_IRQ = 0x0c,
    SET_OK = 0x10,
    CLEAR_OK = 0x14,
    SOFT_RESET_LEVEL = 0x18,
    HARD_RESET_LEVEL = 0x1c,
    SUBSYSTEM_RESET_LEVEL = 0x20,
    SOFT_RESET_PULSE = 0x24,
    HARD_RESET_PULSE = 0x28,
    SUBSYSTEM_RESET_PULSE = 0x2c,
    RESET_CODE = 0x30,
    MONITOR_ID = 0x34,
    MISC_CONTROL = 0x38,
    GPIO_PULL = 0x3c,
    GPIO_PORT = 0x40,
    GPIO_DIRECTION = 0x44,
    GPIO_SET = 0x48, /* reads the pins */
    GPIO_CLEAR = 0x4c,
    PLL1 = 0x50,
    PLL2 = 0x54,
    SET_FLAG = 0x58,
    CLEAR_FLAG = 0x5c,
    CLOCK_MUX = 0x60,
    SLEEP_STATUS = 0x64,
    TEMPERATURE0 = 0x68,
    TEMPERATURE1 = 0x6c,
    TEMPERATURE2 = 0x70,
    ARBITRATION = 0x80,
    TEST_AND_SET = 0x100,
    TEST_AND_CLEAR = 0x180,
    LINK_DISABLE = 0x200,
};

#define CHIP_ID_VALUE    0x59111012u
#define WRITE_CODE       0x5ec00000u /* must stand in the top bits of writes that can harm */
#define WRITE_CODE_MASK  0xfff00000u
#define CORE_MASK        0x0003ffffu
#define LOCK_WAS_SET     0x80000000u
#define RESET_OF_MONITOR 4u /* reset code: the watchdog's interrupt reset the monitor processor alone */

/* The subsystems that can be reset, in the registers of that. The others of the datasheet (memory controller, networks
 * on chip, clocks) have no state here that a reset would change. */
#define SUBSYSTEM_ROUTER          0x00000001u
#define SUBSYSTEM_SENDERS_SHIFT   4
#define SUBSYSTEM_RECEIVERS_SHIFT 10
#define SUBSYSTEM_LEVELS          0x0000ffffu /* can be held in reset */
#define SUBSYSTEM_CHIP            0x00020000u /* all of it; as a pulse alone */

#define MONITOR_NUMBER        0x0000001fu
#define MONITOR_ARBITRATE     0x00000100u /* let the arbitration begin anew */
#define MONITOR_RESET_ON_BARK 0x00010000u
#define ARBITRATION_WON       0x80000000u

#define TEMPERATURE_SAMPLE 0x01000000u /* a finished sample of no particular temperature */

void sysctl_reset(struct chip *chip, enum reset_code code) {
    uint32_t well = chip->working_cores;

    for (unsigned i = 0; i < CORES_PER_CHIP; i++)
        if (chip->core[i].broken)
            well &= ~(1u << i);
    /* The boot ROM's part in it is over: core 0 has won the arbitration, and the self-tests are done. */
    chip->sysctl = (struct sysctl){.cpu_ok = well, .reset_code = code};
}

static void drive_irqs(struct chip *chip) {
    for (unsigned i = 0; i < CORES_PER_CHIP; i++)
        vic_drive(&chip->core[i], VIC_SYSTEM_CONTROL, chip->sysctl.cpu_irq >> i & 1);
}

static void set_clocks(struct chip *chip) {
    for (unsigned i = 0; i < CORES_PER_CHIP; i++) {
        struct processor *core = &chip->core[i];
        core->clocked = !(chip->sysctl.cpu_disable >> i & 1);
        if (core->clocked)
            processor_wake(core);
        else
            arm_yield(&core->arm); /* a core may stop its own clock */
    }
}

/* Hold the cores in `mask` in reset and let go of the others that were held. */
static void set_resets(struct chip *chip, uint32_t mask) {
    for (unsigned i = 0; i < CORES_PER_CHIP; i++) {
        struct processor *core = &chip->core[i];
        if (mask >> i & 1) {
            core->state = PROCESSOR_IN_RESET;
            processor_reset(core);
            arm_yield(&core->arm);
        } else if (core->state == PROCESSOR_IN_RESET) {
            core->state = PROCESSOR_RUNNING;
            processor_wake(core);
        }
    }
    chip->sysctl.cpu_reset = mask;
}

#define LINK_SENDERS_SHIFT 8 /* in the link disable register; receivers are below */

bool sysctl_link_receives(const struct chip *chip, unsigned link) {
    const struct sysctl *sysctl = &chip->sysctl;
    return !((sysctl->link_disable | sysctl->subsystem_reset >> SUBSYSTEM_RECEIVERS_SHIFT) >> link & 1);
}

bool sysctl_link_sends(const struct chip *chip, unsigned link) {
    const struct sysctl *sysctl = &chip->sysctl;
    return !((sysctl->link_disable >> LINK_SENDERS_SHIFT | sysctl->subsystem_reset >> SUBSYSTEM_SENDERS_SHIFT) >> link &
             1);
}

bool sysctl_router_is_held(const struct chip *chip) {
    return chip->sysctl.subsystem_reset & SUBSYSTEM_ROUTER;
}

static void hold_subsystems(struct chip *chip, uint32_t subsystems) {
    if (subsystems & SUBSYSTEM_ROUTER)
        router_reset(chip);
    chip->sysctl.subsystem_reset = subsystems & SUBSYSTEM_LEVELS;
}

static void pulse_resets(struct chip *chip, uint32_t cores) {
    uint32_t held = chip->sysctl.cpu_reset;

    set_resets(chip, held | cores);
    set_resets(chip, held);
}

static void pulse_subsystems(struct chip *chip, uint32_t subsystems) {
    if (subsystems & SUBSYSTEM_ROUTER)
        router_reset(chip);
    if (subsystems & SUBSYSTEM_CHIP)
        chip_request_reset(chip, RESET_BY_SOFTWARE);
}

void sysctl_watchdog_barks(struct chip *chip) {
    struct sysctl *sysctl = &chip->sysctl;

    if (!(sysctl->monitor_id & MONITOR_RESET_ON_BARK))
        return;
    sysctl->monitor_bark_reset = true;
    pulse_resets(chip, 1u << (sysctl->monitor_id & MONITOR_NUMBER) & CORE_MASK);
}

static uint32_t sleeping_cores(const struct chip *chip) {
    uint32_t sleeping = 0;
    for (unsigned i = 0; i < CORES_PER_CHIP; i++)
        if (chip->core[i].arm.waiting)
            sleeping |= 1u << i;
    return sleeping;
}

uint32_t sysctl_read(struct chip *chip, uint32_t offset) {
    struct sysctl *sysctl = &chip->sysctl;

    switch (offset) {
    case CHIP_ID:
        return CHIP_ID_VALUE;
    case CPU_DISABLE:
        return sysctl->cpu_disable;
    case SET_IRQ:
    case CLEAR_IRQ:
        return sysctl->cpu_irq;
    case SET_OK:
    case CLEAR_OK:
        return sysctl->cpu_ok;
    case SOFT_RESET_LEVEL:
    case HARD_RESET_LEVEL:
        return sysctl->cpu_reset;
    case SUBSYSTEM_RESET_LEVEL:
        return sysctl->subsystem_reset;
    case RESET_CODE:
        return sysctl->monitor_bark_reset ? RESET_OF_MONITOR : sysctl->reset_code;
    case MONITOR_ID:
        return sysctl->monitor_id;
    case MISC_CONTROL:
        return sysctl->misc_control;
    case GPIO_PULL:
        return sysctl->gpio_pull;
    case GPIO_PORT:
    case GPIO_SET:
        return sysctl->gpio;
    case GPIO_DIRECTION:
        return sysctl->gpio_direction;
    case PLL1:
        return sysctl->pll1;
    case PLL2:
        return sysctl->pll2;
    case SET_FLAG:
    case CLEAR_FLAG:
        return sysctl->flags;
    case LINK_DISABLE:
        return sysctl->link_disable;
    case CLOCK_MUX:
        return sysctl->clock_mux;
    case SLEEP_STATUS:
        return sleeping_cores(chip);
    case TEMPERATURE0:
    case TEMPERATURE1:
    case TEMPERATURE2:
        return TEMPERATURE_SAMPLE;
    }
    if (offset >= TEST_AND_SET && offset < LINK_DISABLE) {
        uint32_t lock = 1u << ((offset & 0x7f) / 4), was_set = sysctl->locks & lock ? LOCK_WAS_SET : 0;
        if (offset < TEST_AND_CLEAR)
            sysctl->locks |= lock;
        else
            sysctl->locks &= ~lock;
        return was_set;
    }
    if (offset >= ARBITRATION && offset < TEST_AND_SET) {
        uint32_t won = sysctl->arbiter ? ARBITRATION_WON : 0;
        sysctl->arbiter = 0;
        return won;
    }
    chip_note_unmodelled(chip, NULL, SYSCTL_BASE + offset, false);
    return 0;
}

/* Writes that stop or start cores count only with the code in the top bits; true if it is there or not needed. */
static bool code_fits(uint32_t offset, uint32_t value) {
    bool guarded = (offset >= CPU_DISABLE && offset <= CLEAR_IRQ) ||
                   (offset >= SOFT_RESET_LEVEL && offset < RESET_CODE) || offset == MONITOR_ID ||
                   offset == LINK_DISABLE;
    return !guarded || (value & WRITE_CODE_MASK) == WRITE_CODE;
}

void sysctl_write(struct chip *chip, uint32_t offset, uint32_t value) {
    struct sysctl *sysctl = &chip->sysctl;
    uint32_t cores = value & CORE_MASK;

    if (!code_fits(offset, value))
        return;
    switch (offset) {
    case CPU_DISABLE:
        sysctl->cpu_disable = cores;
        set_clocks(chip);
        break;
    case SET_IRQ:
        sysctl->cpu_irq |= cores;
        drive_irqs(chip);
        break;
    case CLEAR_IRQ:
        sysctl->cpu_irq &= ~cores;
        drive_irqs(chip);
        break;
    case SET_OK:
        sysctl->cpu_ok |= cores;
        break;
    case CLEAR_OK:
        sysctl->cpu_ok &= ~cores;
        break;
    case SOFT_RESET_LEVEL:
    case HARD_RESET_LEVEL:
        set_resets(chip, cores);
        break;
    case SUBSYSTEM_RESET_LEVEL:
        hold_subsystems(chip, cores);
        break;
    case SOFT_RESET_PULSE:
    case HARD_RESET_PULSE:
        pulse_resets(chip, cores);
        break;
    case SUBSYSTEM_RESET_PULSE:
        pulse_subsystems(chip, cores);
        break;
    case MONITOR_ID:
        sysctl->monitor_id = value & (MONITOR_NUMBER | MONITOR_RESET_ON_BARK);
        if (value & MONITOR_ARBITRATE)
            sysctl->arbiter = 1;
        break;
    case MISC_CONTROL:
        sysctl->misc_control = value;
        break;
    case GPIO_PULL:
        sysctl->gpio_pull = value;
        break;
    case GPIO_PORT:
        sysctl->gpio = value;
        break;
    case GPIO_DIRECTION:
        sysctl->gpio_direction = value;
        break;
    case GPIO_SET:
        sysctl->gpio |= value;
        break;
    case GPIO_CLEAR:
        sysctl->gpio &= ~value;
        break;
    case PLL1:
        sysctl->pll1 = value;
        break;
    case PLL2:
        sysctl->pll2 = value;
        break;
    case SET_FLAG:
        sysctl->flags |= cores;
        break;
    case CLEAR_FLAG:
        sysctl->flags &= ~cores;
        break;
    case LINK_DISABLE:
        sysctl->link_disable = value & ~WRITE_CODE_MASK;
        break;
    case CLOCK_MUX:
        sysctl->clock_mux = value;
        break;
    default:
        chip_note_unmodelled(chip, NULL, SYSCTL_BASE + offset, true);
        break;
    }
}

void sysctl_archive(struct archive *archive, struct sysctl *sysctl) {
    ARCHIVE(archive, *sysctl); /* words alone: no padding */
}
