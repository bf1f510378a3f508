/* The server of the benchmarks of scale: one thread, one epoll, as little work a connection as there can be.
 *
 *     server PORT [LOG [FIRST]]
 *
 * Listens on 127.0.0.1 (port 0: a free one, which is told) with SO_REUSEPORT, so that several processes share
 * a port. Text and binary messages come back as they are, but on paths that begin with /quiet. Each line on
 * stdin is answered with one JSON object of what was counted so far; the end of stdin ends the server, which
 * then writes when each message was read (CLOCK_MONOTONIC, seconds, doubles) to LOG, unless that is empty.
 *
 * With FIRST, the number of a core, a connection that is begun on that core goes to the process that listened first,
 * one of the next core to the second, and so on.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 1 << 17, EVENTS = 512, MOST_HEAD = 8192 };

/* One connection: what has been read of something that is not whole yet. */
struct peer {
    unsigned char *rest;
    size_t length;
    char is_open, is_quiet, said_goodbye;
};

static struct peer *peers;
static long opened, now_open, most_open, closed_clean, closed_otherwise, messages;
static double first_open, last_open, *stamps;
static long stamped, stamps_room;
static int polling, is_logging;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

/* SHA-1 (RFC 3174), for the answer to the key of the handshake. */
static uint32_t turned(uint32_t x, int n) { return x << n | x >> (32 - n); }

static void sha1(const unsigned char *data, size_t length, unsigned char digest[20]) {
    uint32_t h[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    unsigned char text[128] = {0};
    size_t whole = length + 9 <= 64 ? 64 : 128;
    memcpy(text, data, length);
    text[length] = 0x80;
    for (int i = 0; i < 8; i++) text[whole - 1 - i] = (uint64_t)length * 8 >> 8 * i;
    for (size_t at = 0; at < whole; at += 64) {
        uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
        for (int i = 0; i < 16; i++) {
            const unsigned char *p = text + at + 4 * i;
            w[i] = (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
        }
        for (int i = 16; i < 80; i++) w[i] = turned(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        for (int i = 0; i < 80; i++) {
            uint32_t f, k;
            if (i < 20) f = (b & c) | (~b & d), k = 0x5A827999;
            else if (i < 40) f = b ^ c ^ d, k = 0x6ED9EBA1;
            else if (i < 60) f = (b & c) | (b & d) | (c & d), k = 0x8F1BBCDC;
            else f = b ^ c ^ d, k = 0xCA62C1D6;
            uint32_t t = turned(a, 5) + f + e + k + w[i];
            e = d, d = c, c = turned(b, 30), b = a, a = t;
        }
        h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
    }
    for (int i = 0; i < 20; i++) digest[i] = h[i / 4] >> (24 - 8 * (i % 4));
}

static void accept_key(const unsigned char *key, size_t length, char out[29]) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char text[119], d[21] = {0};
    length = length > 64 ? 64 : length;
    memcpy(text, key, length);
    memcpy(text + length, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", 36);
    sha1(text, length + 36, d);
    for (int i = 0; i < 7; i++) {
        uint32_t n = d[3 * i] << 16 | d[3 * i + 1] << 8 | d[3 * i + 2];
        for (int j = 0; j < 4; j++) out[4 * i + j] = letters[n >> (18 - 6 * j) & 63];
    }
    out[27] = '=';
    out[28] = 0;
}

static void drop(int fd) {
    struct peer *peer = &peers[fd];
    if (peer->is_open) {
        now_open--;
        if (peer->said_goodbye) closed_clean++;
        else closed_otherwise++;
    }
    free(peer->rest);
    memset(peer, 0, sizeof *peer);
    close(fd);
}

static int send_all(int fd, const unsigned char *data, size_t length) {
    while (length) {
        ssize_t n = send(fd, data, length, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            struct pollfd wait = {fd, POLLOUT, 0};
            poll(&wait, 1, 1000);
            continue;
        }
        if (n < 0) return -1;
        data += n, length -= n;
    }
    return 0;
}

/* Answer the upgrade; the bytes that it took, 0 when it is not whole, -1 when it is none. */
static long handshake(int fd, struct peer *peer, const unsigned char *data, size_t length) {
    if (!opened) first_open = now();
    const unsigned char *end = memmem(data, length, "\r\n\r\n", 4);
    if (end == NULL) return length > MOST_HEAD ? -1 : 0;
    char head[MOST_HEAD + 8], answer[256], accept[29];
    size_t size = end + 4 - data;
    if (size > MOST_HEAD) return -1;
    memcpy(head, data, size);
    head[size] = 0;
    char *key = strcasestr(head, "\r\nSec-WebSocket-Key:");
    if (key == NULL) return -1;
    key += 20;
    while (*key == ' ') key++;
    accept_key((unsigned char *)key, strcspn(key, " \r"), accept);
    peer->is_quiet = strncmp(head, "GET /quiet", 10) == 0;
    int n = snprintf(answer, sizeof answer,
                     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Accept: %s\r\n\r\n", accept);
    if (send_all(fd, (unsigned char *)answer, n)) return -1;
    peer->is_open = 1;
    opened++;
    if (++now_open > most_open) most_open = now_open;
    last_open = now();
    return size;
}

static void stamp(double at) {
    if (stamped == stamps_room) {
        stamps_room = stamps_room ? 2 * stamps_room : 1 << 20;
        stamps = realloc(stamps, stamps_room * sizeof *stamps);
        if (stamps == NULL) fail("realloc");
    }
    stamps[stamped++] = at;
}

/* Handle one frame, the answer to which is appended to out; as for handshake. */
static long frame(struct peer *peer, unsigned char *data, size_t length, unsigned char *out, size_t *used,
                  double at) {
    if (length < 2) return 0;
    size_t head = 2, size = data[1] & 127;
    if (size == 126) {
        if (length < 4) return 0;
        size = data[2] << 8 | data[3], head = 4;
    } else if (size == 127) {
        if (length < 10) return 0;
        size = 0, head = 10;
        for (int i = 2; i < 10; i++) size = size << 8 | data[i];
    }
    if (!(data[1] & 128) || size > ROOM / 2) return -1;
    if (length < head + 4 + size) return 0;
    unsigned char *mask = data + head, *body = mask + 4;
    int kind = data[0] & 15, answers = kind == 8 || kind == 9 || (kind < 3 && !peer->is_quiet);
    if (kind < 3) {
        messages++;
        if (is_logging) stamp(at);
    }
    if (kind == 8) peer->said_goodbye = 1;
    if (answers) {
        unsigned char *to = out + *used;
        to[0] = kind == 9 ? 0x8A : data[0];
        memcpy(to + 1, data + 1, head - 1);
        to[1] &= 127;
        to += head;
        uint64_t wide = 0;
        memcpy(&wide, mask, 4);
        wide |= wide << 32;
        size_t i = 0;
        for (; i + 8 <= size; i += 8) {
            uint64_t word;
            memcpy(&word, body + i, 8);
            word ^= wide;
            memcpy(to + i, &word, 8);
        }
        for (; i < size; i++) to[i] = body[i] ^ mask[i & 3];
        *used += head + size;
    }
    return head + 4 + size;
}

static void read_from(int fd) {
    static unsigned char data[2 * ROOM], out[2 * ROOM];
    struct peer *peer = &peers[fd];
    size_t length = peer->length, at = 0, used = 0;
    if (length) memcpy(data, peer->rest, length);
    ssize_t n = recv(fd, data + length, ROOM, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
        drop(fd);
        return;
    }
    double when = is_logging ? now() : 0;
    length += n;
    while (at < length && !peer->said_goodbye) {
        long taken = peer->is_open ? frame(peer, data + at, length - at, out, &used, when)
                                   : handshake(fd, peer, data + at, length - at);
        if (taken < 0) {
            drop(fd);
            return;
        }
        if (taken == 0) break;
        at += taken;
    }
    if ((used && send_all(fd, out, used)) || peer->said_goodbye) {
        drop(fd);
        return;
    }
    peer->length = length - at;
    if (peer->length) {
        peer->rest = realloc(peer->rest, peer->length);
        memcpy(peer->rest, data + at, peer->length);
    } else if (peer->rest != NULL) {
        free(peer->rest);
        peer->rest = NULL;
    }
}

static void let_in(int listener, rlim_t room) {
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK), yes = 1;
        if (fd < 0) return;
        if ((rlim_t)fd >= room) {
            close(fd);
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        memset(&peers[fd], 0, sizeof peers[fd]);
        struct epoll_event event = {EPOLLIN, {.fd = fd}};
        epoll_ctl(polling, EPOLL_CTL_ADD, fd, &event);
    }
}

static void tell(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    double cpu = used.ru_utime.tv_sec + used.ru_stime.tv_sec +
                 (used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
    printf("{\"open\": %ld, \"opened\": %ld, \"most\": %ld, \"closed_clean\": %ld, \"closed_otherwise\": %ld,"
           " \"messages\": %ld, \"first\": %.6f, \"last\": %.6f, \"cpu\": %.6f}\n",
           now_open, opened, most_open, closed_clean, closed_otherwise, messages, first_open, last_open, cpu);
    fflush(stdout);
}

int main(int count, char **words) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    rlim_t room = limit.rlim_cur > 1 << 20 ? 1 << 20 : limit.rlim_cur;
    peers = calloc(room, sizeof *peers);
    is_logging = count > 2 && *words[2];
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), yes = 1;
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons(count > 1 ? atoi(words[1]) : 0),
                                .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof place;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&place, size) || listen(listener, 4096)) fail("listen");
    if (count > 3) {
        /* On the loopback network a handshake is handled on the core of who begins it (socket(7)). */
        struct sock_filter steps[] = {{BPF_LD | BPF_W | BPF_ABS, 0, 0, SKF_AD_OFF + SKF_AD_CPU},
                                      {BPF_ALU | BPF_SUB | BPF_K, 0, 0, atoi(words[3])},
                                      {BPF_RET | BPF_A, 0, 0, 0}};
        struct sock_fprog program = {sizeof steps / sizeof *steps, steps};
        if (setsockopt(listener, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program)) fail("by core");
    }
    getsockname(listener, (struct sockaddr *)&place, &size);
    printf("{\"port\": %d}\n", ntohs(place.sin_port));
    fflush(stdout);
    polling = epoll_create1(0);
    struct epoll_event events[EVENTS], event = {EPOLLIN, {.fd = listener}};
    epoll_ctl(polling, EPOLL_CTL_ADD, listener, &event);
    event.data.fd = 0;
    epoll_ctl(polling, EPOLL_CTL_ADD, 0, &event);
    for (;;) {
        int found = epoll_wait(polling, events, EVENTS, -1);
        for (int i = 0; i < found; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                let_in(listener, room);
            } else if (fd == 0) {
                char line[256];
                if (read(0, line, sizeof line) <= 0) {
                    if (is_logging) {
                        FILE *log = fopen(words[2], "wb");
                        if (log == NULL || fwrite(stamps, sizeof *stamps, stamped, log) != (size_t)stamped)
                            fail(words[2]);
                        fclose(log);
                    }
                    tell();
                    return 0;
                }
                tell();
            } else {
                read_from(fd);
            }
        }
    }
}
