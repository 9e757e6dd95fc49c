#define _GNU_SOURCE
#include "gdb.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hold.h"
#include "host.h"

#define EVENTS_AT_A_TIME 16
#define BYTES_AT_A_TIME  4096 /* of each debugger: one that floods must not stop the others */

/* ---- sessions ---- */

static struct gdb_session *session_of(struct gdb *gdb, const struct processor *core) {
    for (unsigned i = 0; i < GDB_SESSIONS; i++)
        if (gdb->session[i].core == core)
            return &gdb->session[i];
    return NULL;
}

static void watch(struct gdb_session *session, int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = session};
    epoll_ctl(session->gdb->poll, EPOLL_CTL_ADD, fd, &event);
}

/* One debugger at a time: the next one's call waits in the listener until this one has left. */
static void hang_up(struct gdb_session *session) {
    if (session->connection >= 0) {
        close(session->connection);
        watch(session, session->listener);
    }
    session->connection = -1;
    session->stopped = false;
    if (session->core != NULL)
        session->core->debug = NULL;
}

static void set_reason(struct gdb_session *session, const struct gdb_answer *answer) {
    size_t length = answer->length < sizeof session->reason ? answer->length : sizeof session->reason - 1;
    memcpy(session->reason, answer->text, length);
    session->reason[length] = '\0';
}

/* Answers are short and come one at a time: whoever has not made room for one is gone, or means harm. */
static void send_bytes(struct gdb_session *session, const char *bytes, size_t length) {
    if (session->connection >= 0 &&
        send(session->connection, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)length)
        hang_up(session);
}

static void send_answer(struct gdb_session *session, const char *text, size_t length) {
    session->frame_length = rsp_frame(text, length, session->frame);
    send_bytes(session, session->frame, session->frame_length);
}

/* Called by the core in the middle of its window. */
static void hold(void *context, struct processor *processor, enum debug_reason reason, uint32_t address) {
    struct gdb_session *session = context;
    struct gdb *gdb = session->gdb;
    struct gdb_answer answer = gdb_stop_reply(reason, address);

    (void)processor;
    session->stopped = true;
    set_reason(session, &answer);
    send_answer(session, answer.text, answer.length);
    gdb->inside_window = true;
    while (gdb_holds(gdb))
        if (!hold_wait(gdb->host))
            gdb_release(gdb);
    gdb->inside_window = false;
}

static void attach(struct gdb_session *session) {
    session->rsp.state = RSP_IDLE;
    session->quiet = false;
    session->stopped = true; /* GDB expects to find a core that is stopped */
    session->frame_length = 0;
    snprintf(session->reason, sizeof session->reason, "T%02xthread:1;", GDB_SIGTRAP);
    session->debug = (struct debug){.hold = hold, .context = session};
    session->core->debug = &session->debug;
}

/* ---- packets ---- */

static void interrupt(struct gdb_session *session) {
    if (session->stopped)
        return;
    session->stopped = true; /* between two of the core's instructions: its own window is not being executed */
    session->debug.stepping = false;
    snprintf(session->reason, sizeof session->reason, "T%02xthread:1;", GDB_SIGINT);
    send_answer(session, session->reason, strlen(session->reason));
}

static void obey(struct gdb_session *session) {
    struct gdb_answer answer;
    bool may_write = session->gdb->host->recorder == NULL;
    enum gdb_outcome outcome = gdb_obey(session->core, &session->rsp, session->reason, may_write, &answer);

    if (outcome == GDB_GO_ON || outcome == GDB_STEP) {
        session->debug.stepping = outcome == GDB_STEP;
        session->stopped = false;
        return;
    }
    if (outcome != GDB_LEAVE)
        send_answer(session, answer.text, answer.length);
    if (outcome == GDB_QUIET)
        session->quiet = true;
    if (outcome == GDB_LEAVE || outcome == GDB_DETACH)
        hang_up(session);
}

static void take_byte(struct gdb_session *session, uint8_t byte) {
    switch (rsp_take(&session->rsp, byte)) {
    case RSP_NOTHING:
        break;
    case RSP_PACKET:
        if (!session->quiet)
            send_bytes(session, "+", 1);
        if (session->connection >= 0 && session->stopped) /* a running core is only ever interrupted */
            obey(session);
        break;
    case RSP_DAMAGED:
        if (!session->quiet)
            send_bytes(session, "-", 1);
        break;
    case RSP_INTERRUPT:
        interrupt(session);
        break;
    case RSP_RESEND:
        send_bytes(session, session->frame, session->frame_length);
        break;
    }
}

static void receive(struct gdb_session *session) {
    uint8_t bytes[BYTES_AT_A_TIME];
    ssize_t length = recv(session->connection, bytes, sizeof bytes, MSG_DONTWAIT);

    if (length == 0 || (length < 0 && errno != EAGAIN && errno != EINTR)) {
        hang_up(session);
        return;
    }
    for (ssize_t i = 0; i < length && session->connection >= 0; i++)
        take_byte(session, bytes[i]);
}

/* ---- sockets ---- */

static void take_call(struct gdb_session *session) {
    int one = 1, fd = accept4(session->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0)
        return;
    epoll_ctl(session->gdb->poll, EPOLL_CTL_DEL, session->listener, NULL);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    session->connection = fd;
    watch(session, fd);
    attach(session);
}

void gdb_serve(struct gdb *gdb) {
    struct epoll_event events[EVENTS_AT_A_TIME];
    int count = epoll_wait(gdb->poll, events, EVENTS_AT_A_TIME, 0);

    for (int i = 0; i < count; i++) {
        struct gdb_session *session = events[i].data.ptr;
        if (session->connection >= 0)
            receive(session);
        else
            take_call(session);
    }
}

static int listen_on(const struct options *options, unsigned board, unsigned *port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)*port)};
    socklen_t length = sizeof address;
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    memcpy(&address.sin_addr, options->ip[board], sizeof options->ip[board]);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 1) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
        close(fd);
        return -1;
    }
    *port = ntohs(address.sin_port);
    return fd;
}

unsigned gdb_listen(struct gdb *gdb, struct processor *core, unsigned board, unsigned port, const char **complaint) {
    struct gdb_session *session = session_of(gdb, core);

    if (session != NULL)
        return session->port;
    session = session_of(gdb, NULL);
    if (session == NULL) {
        *complaint = "no more debuggers: close one of the 16 ports with gdb X,Y,P off";
        return 0;
    }
    int fd = listen_on(gdb->host->options, board, &port);
    if (fd < 0) {
        *complaint = "the port cannot be had; 0 takes a free one";
        return 0;
    }
    session->core = core;
    session->listener = fd;
    session->port = port;
    watch(session, fd);
    return port;
}

bool gdb_close(struct gdb *gdb, const struct processor *core) {
    struct gdb_session *session = session_of(gdb, core);

    if (session == NULL)
        return false;
    hang_up(session);
    close(session->listener);
    session->listener = -1;
    session->core = NULL;
    return true;
}

/* ---- all of them ---- */

bool gdb_start(struct gdb *gdb, struct host *host) {
    gdb->host = host;
    gdb->inside_window = false;
    for (unsigned i = 0; i < GDB_SESSIONS; i++) {
        gdb->session[i].gdb = gdb;
        gdb->session[i].core = NULL;
        gdb->session[i].listener = gdb->session[i].connection = -1;
        gdb->session[i].stopped = false;
    }
    gdb->poll = epoll_create1(EPOLL_CLOEXEC);
    if (gdb->poll < 0)
        perror("spinnlive-board: epoll");
    return gdb->poll >= 0;
}

void gdb_end(struct gdb *gdb) {
    for (unsigned i = 0; i < GDB_SESSIONS; i++)
        if (gdb->session[i].core != NULL)
            gdb_close(gdb, gdb->session[i].core);
    close(gdb->poll);
}

bool gdb_holds(const struct gdb *gdb) {
    for (unsigned i = 0; i < GDB_SESSIONS; i++)
        if (gdb->session[i].stopped)
            return true;
    return false;
}

bool gdb_is_attached(const struct gdb *gdb) {
    for (unsigned i = 0; i < GDB_SESSIONS; i++)
        if (gdb->session[i].connection >= 0)
            return true;
    return false;
}

void gdb_release(struct gdb *gdb) {
    for (unsigned i = 0; i < GDB_SESSIONS; i++)
        hang_up(&gdb->session[i]);
}
