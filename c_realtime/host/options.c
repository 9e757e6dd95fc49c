#define _POSIX_C_SOURCE 200809L
#include "options.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_USAGE 2

static const char usage[] =
    "Usage: spinnlive-board [options]\n"
    "Emulated SpiNNaker boards that answer UDP on loopback addresses.\n"
    "\n"
    "  --address A     IPv4 address to answer on (127.0.0.2); further boards take the ones after it\n"
    "  --board B       spinn3 (4 chips, default) or spinn5 (48 chips)\n"
    "  --boards N      how many SpiNN-5 are joined into one machine: 1 (default), 3, 6, 12 or 24\n"
    "  --image FILE    start booted with this image; without it, wait for a boot over UDP 54321\n"
    "  --boot-cache D  keep what the image has become in this folder, and take it from there the next time\n"
    "  --restore FILE  go on from a snapshot, with its boards\n"
    "  --pace P        realtime: emulated time never runs ahead of the wall clock (default)\n"
    "                  free: as fast as it goes\n"
    "  --engine E      fast: translates ARM code to the host's (default, where it can); plain: interprets\n"
    "  --threads N     execute the chips on so many host threads (1); what happens is the same\n"
    "  --record FILE   write everything that enters the machine to a new file\n"
    "  --replay FILE   have a recorded run again, tell where it first differs, and end\n"
    "  --measure-ms MS measure the speed over so much emulated time, from --image or --restore, tell, and end\n"
    "  --folder DIR    where snapshots and logs go that the control port asks for\n"
    "  --fault WORDS   what is wrong from the start, such as \"kill chip 1,1\", \"kill core 0,0,5\" (physical\n"
    "                  numbers), \"kill link 0,0,2\"; may be repeated\n"
    "  --lifeline      end when standard input is closed\n"
    "  --run-ms MS     end after so many milliseconds of emulated time\n";

static _Noreturn void mistake(const char *option, const char *value, const char *remedy) {
    fprintf(stderr, "spinnlive-board: %s %s: %s\n", option, value, remedy);
    exit(EXIT_USAGE);
}

static void parse_address(struct options *options, const char *text) {
    struct in_addr address;
    if (inet_pton(AF_INET, text, &address) != 1)
        mistake("--address", text, "not an IPv4 address such as 127.0.0.2");
    memcpy(options->ip[0], &address, sizeof options->ip[0]);
    if (options->ip[0][0] != 127)
        mistake("--address", text, "not a loopback address; whoever reaches a board can run programs on it");
}

void options_number_addresses(struct options *options) {
    struct in_addr address;

    memcpy(&address, options->ip[0], sizeof address);
    for (uint32_t board = 0; board < options->boards; board++) {
        struct in_addr next = {htonl(ntohl(address.s_addr) + board)};
        memcpy(options->ip[board], &next, sizeof next);
        inet_ntop(AF_INET, &next, options->address[board], sizeof options->address[board]);
        if (options->ip[board][0] != 127)
            mistake("--address", options->address[0], "too high: not all boards find a loopback address after it");
    }
}

static unsigned long parse_number(const char *option, const char *text, unsigned long most, const char *remedy) {
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || number == 0 || number > most)
        mistake(option, text, remedy);
    return number;
}

static void check_boards(const struct options *options) {
    struct topology topology;
    char count[16];

    snprintf(count, sizeof count, "%u", options->boards);
    if (!topology_make(options->board, options->boards, &topology))
        mistake("--boards", count,
                options->board == BOARD_SPINN5 ? "SpiNN-5 are joined by 3, 6, 12 or 24"
                                               : "only SpiNN-5 can be joined: --board spinn5");
}

struct options options_parse(int argc, char **argv) {
    static const struct option names[] = {
        {"address", required_argument, NULL, 'a'},
        {"board", required_argument, NULL, 'b'},
        {"boards", required_argument, NULL, 'n'},
        {"image", required_argument, NULL, 'i'},
        {"boot-cache", required_argument, NULL, 'c'},
        {"restore", required_argument, NULL, 's'},
        {"pace", required_argument, NULL, 'p'},
        {"engine", required_argument, NULL, 'e'},
        {"threads", required_argument, NULL, 't'},
        {"record", required_argument, NULL, 'w'},
        {"fault", required_argument, NULL, 'x'},
        {"replay", required_argument, NULL, 'y'},
        {"folder", required_argument, NULL, 'f'},
        {"measure-ms", required_argument, NULL, 'm'},
        {"lifeline", no_argument, NULL, 'l'},
        {"run-ms", required_argument, NULL, 'r'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct options options = {
        .board = BOARD_SPINN3, .boards = 1, .threads = 1, .pace = PACE_REALTIME, .engine = ENGINE_BEST};
    int option;

    parse_address(&options, "127.0.0.2");
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        switch (option) {
        case 'a':
            parse_address(&options, optarg);
            break;
        case 'b':
            if (strcmp(optarg, "spinn3") == 0)
                options.board = BOARD_SPINN3;
            else if (strcmp(optarg, "spinn5") == 0)
                options.board = BOARD_SPINN5;
            else
                mistake("--board", optarg, "there are spinn3 (4 chips) and spinn5 (48 chips)");
            break;
        case 'n':
            options.boards =
                (unsigned)parse_number("--boards", optarg, MACHINE_MAX_BOARDS, "must be 1, 3, 6, 12 or 24");
            break;
        case 'i':
            options.image = optarg;
            break;
        case 'c':
            options.boot_cache = optarg;
            break;
        case 's':
            options.restore = optarg;
            break;
        case 'p':
            if (strcmp(optarg, "realtime") == 0)
                options.pace = PACE_REALTIME;
            else if (strcmp(optarg, "free") == 0)
                options.pace = PACE_FREE;
            else
                mistake("--pace", optarg, "must be realtime or free");
            break;
        case 'e':
            if (strcmp(optarg, "fast") == 0)
                options.engine = ENGINE_FAST;
            else if (strcmp(optarg, "plain") == 0)
                options.engine = ENGINE_PLAIN;
            else
                mistake("--engine", optarg, "must be fast or plain");
            break;
        case 't':
            options.threads =
                (unsigned)parse_number("--threads", optarg, MACHINE_MAX_THREADS, "must be a number from 1 to 16");
            break;
        case 'w':
            options.record = optarg;
            break;
        case 'y':
            options.replay = optarg;
            break;
        case 'x':
            if (options.faults == OPTIONS_FAULTS)
                mistake("--fault", optarg, "more than 64 faults");
            options.fault[options.faults++] = optarg;
            break;
        case 'f':
            options.folder = optarg;
            break;
        case 'l':
            options.lifeline = true;
            break;
        case 'r':
            options.run_cycles =
                parse_number("--run-ms", optarg, 1000000000, "must be a whole number of milliseconds above 0") * 1000 *
                CYCLES_PER_US;
            break;
        case 'm':
            options.measure_cycles =
                parse_number("--measure-ms", optarg, 1000000000, "must be a whole number of milliseconds above 0") *
                1000 * CYCLES_PER_US;
            break;
        case 'h':
            fputs(usage, stdout);
            exit(EXIT_SUCCESS);
        default:
            fputs(usage, stderr);
            exit(EXIT_USAGE);
        }
    }
    if (optind < argc)
        mistake("argument", argv[optind], "not expected; see --help");
    if (options.restore != NULL && options.image != NULL)
        mistake("--restore", options.restore, "brings its own firmware: leave out --image");
    check_boards(&options);
    options_number_addresses(&options);
    return options;
}
