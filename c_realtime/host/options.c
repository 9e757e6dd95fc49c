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
    "An emulated SpiNNaker board that answers UDP on a loopback address.\n"
    "\n"
    "  --address A     IPv4 address to answer on (127.0.0.2)\n"
    "  --chips N       4 (a SpiNN-3) or 48 (a SpiNN-5); default 4\n"
    "  --image FILE    start booted with this image; without it, wait for a boot over UDP 54321\n"
    "  --pace P        realtime: emulated time never runs ahead of the wall clock (default)\n"
    "                  free: as fast as it goes\n"
    "  --engine E      fast: translates ARM code to the host's (default where it can: x86-64); plain: interprets\n"
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
    memcpy(options->ip, &address, sizeof options->ip);
    if (options->ip[0] != 127)
        mistake("--address", text, "not a loopback address; whoever reaches a board can run programs on it");
    inet_ntop(AF_INET, &address, options->address, sizeof options->address);
}

struct options options_parse(int argc, char **argv) {
    static const struct option names[] = {
        {"address", required_argument, NULL, 'a'},
        {"chips", required_argument, NULL, 'c'},
        {"image", required_argument, NULL, 'i'},
        {"pace", required_argument, NULL, 'p'},
        {"engine", required_argument, NULL, 'e'},
        {"lifeline", no_argument, NULL, 'l'},
        {"run-ms", required_argument, NULL, 'r'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct options options = {.board = BOARD_SPINN3, .pace = PACE_REALTIME, .engine = ENGINE_BEST};
    char *end;
    int option;

    parse_address(&options, "127.0.0.2");
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        switch (option) {
        case 'a':
            parse_address(&options, optarg);
            break;
        case 'c':
            if (strcmp(optarg, "4") == 0)
                options.board = BOARD_SPINN3;
            else if (strcmp(optarg, "48") == 0)
                options.board = BOARD_SPINN5;
            else
                mistake("--chips", optarg, "there are boards of 4 and of 48 chips");
            break;
        case 'i':
            options.image = optarg;
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
        case 'l':
            options.lifeline = true;
            break;
        case 'r':
            options.run_cycles = strtoull(optarg, &end, 10) * 1000 * CYCLES_PER_US;
            if (*end != '\0' || options.run_cycles == 0)
                mistake("--run-ms", optarg, "must be a whole number of milliseconds above 0");
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
    return options;
}
