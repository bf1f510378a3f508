/* The server of the comparison: echoes messages, or pushes them, and counts both.

       echo [CERTIFICATE KEY]          prints its port; ws and, with a certificate, wss on the same port

   /        echoes every message whole, fragments put together.
   /dense   sends a message to every connection of this path each PERIOD; what a client does not take is left out.
   /push    the same each SPARSE periods.
   /bursts  sends AT_ONCE messages in one write, as many as /push does in all.
   /counts  over plain HTTP: connections that are open, messages echoed, messages pushed.

   One thread on epoll. It does not sleep while there is work: after the last event it looks for more for SPIN, so that
   no client pays for waking it. It speaks the part of RFC 6455 that well-behaved clients need, and trusts them. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#ifdef TLS
#include <openssl/err.h>
#include <openssl/ssl.h>
#else
typedef struct ssl SSL;
#endif

enum { EVENTS = 1024, ROOM = 1 << 20, PUSH = 100, AT_ONCE = 8, SPARSE = 5 };
static const uint64_t SPIN = 2000000, PERIOD = 1000000; /* nanoseconds */

typedef struct {
  char *at;
  size_t size, room;
} Bytes;

typedef struct Peer {
  int fd, is_open, is_closing, is_new, several, every, place; /* messages, in periods; place among the receivers, -1: none */
  SSL *tls;
  Bytes unread, unsent, message; /* a part of a frame, what the socket did not take, fragments so far */
} Peer;

static int poller;
static long open_now, echoed, pushed;
static Peer *receivers[65536];
static int receiving;
static char input[2 * ROOM];
static Bytes output; /* what one read gives rise to; written at once */

static void die(const char *what) {
  perror(what);
  exit(1);
}

static char *grow(Bytes *bytes, size_t more) {
  if (bytes->size + more > bytes->room) {
    bytes->room = (bytes->size + more) * 2;
    if (!(bytes->at = realloc(bytes->at, bytes->room))) die("memory");
  }
  char *end = bytes->at + bytes->size;
  bytes->size += more;
  return end;
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000ull + time.tv_nsec;
}

/* SHA-1 (RFC 3174) of the key and its suffix: less than 119 bytes, so two blocks at most. */
static void sha1(const char *text, size_t size, unsigned char out[20]) {
  unsigned char data[128] = {0};
  uint32_t h[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
  size_t whole = size < 56 ? 64 : 128;
  memcpy(data, text, size);
  data[size] = 0x80;
  data[whole - 2] = size * 8 >> 8;
  data[whole - 1] = size * 8;
  for (size_t block = 0; block < whole; block += 64) {
    uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    for (int i = 0; i < 80; i++) {
      uint32_t x;
      if (i < 16)
        memcpy(&x, data + block + i * 4, 4), w[i] = ntohl(x);
      else
        x = w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], w[i] = x << 1 | x >> 31;
      uint32_t f = i < 20 ? (b & c) | (~b & d) : i < 40 ? b ^ c ^ d : i < 60 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
      uint32_t k = i < 20 ? 0x5A827999 : i < 40 ? 0x6ED9EBA1 : i < 60 ? 0x8F1BBCDC : 0xCA62C1D6;
      x = (a << 5 | a >> 27) + f + e + k + w[i];
      e = d, d = c, c = b << 30 | b >> 2, b = a, a = x;
    }
    h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
  }
  for (int i = 0; i < 20; i++) out[i] = h[i / 4] >> (24 - i % 4 * 8);
}

static void accept_key(const char *key, size_t size, char out[29]) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  char text[118];
  unsigned char hash[21] = {0};
  sha1(text, snprintf(text, sizeof text, "%.*s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", (int)size, key), hash);
  for (int i = 0; i < 7; i++) {
    uint32_t bits = hash[i * 3] << 16 | hash[i * 3 + 1] << 8 | hash[i * 3 + 2];
    for (int j = 0; j < 4; j++) out[i * 4 + j] = letters[bits >> (18 - j * 6) & 63];
  }
  out[27] = '=', out[28] = 0;
}

#ifdef TLS
// What read and write would return and leave in errno.
static ssize_t outcome(Peer *peer, int n) {
  if (n > 0) return n;
  int why = SSL_get_error(peer->tls, n);
  ERR_clear_error();
  errno = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? EAGAIN : EPIPE;
  return -1;
}
#endif

static ssize_t receive(Peer *peer, char *at, size_t room) {
#ifdef TLS
  if (peer->tls) return outcome(peer, SSL_read(peer->tls, at, room));
#endif
  return read(peer->fd, at, room);
}

static ssize_t deliver(Peer *peer, const char *at, size_t size) {
#ifdef TLS
  if (peer->tls) return outcome(peer, SSL_write(peer->tls, at, size));
#endif
  return send(peer->fd, at, size, MSG_NOSIGNAL);
}

static void watch(Peer *peer, int how, uint32_t what) {
  struct epoll_event event = {.events = what, .data.ptr = peer};
  epoll_ctl(poller, how, peer->fd, &event);
}

/* Write; keep what the socket does not take, and ask to be told when it takes more. 0: the connection is gone. */
static int put(Peer *peer, const char *at, size_t size) {
  if (peer->unsent.size == 0) {
    while (size) {
      ssize_t n = deliver(peer, at, size);
      if (n < 0 && errno != EAGAIN) return 0;
      if (n < 0) break;
      at += n, size -= n;
    }
    if (!size) return 1;
    watch(peer, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
  }
  memcpy(grow(&peer->unsent, size), at, size);
  return 1;
}

static int flush(Peer *peer) {
  size_t done = 0;
  while (done < peer->unsent.size) {
    ssize_t n = deliver(peer, peer->unsent.at + done, peer->unsent.size - done);
    if (n < 0 && errno != EAGAIN) return 0;
    if (n < 0) break;
    done += n;
  }
  memmove(peer->unsent.at, peer->unsent.at + done, peer->unsent.size -= done);
  if (!peer->unsent.size) watch(peer, EPOLL_CTL_MOD, EPOLLIN);
  return 1;
}

static void answer(int opcode, const char *at, size_t size) {
  unsigned char head[10] = {0x80 | opcode};
  int length = 2;
  if (size < 126)
    head[1] = size;
  else if (size < 65536)
    head[1] = 126, head[2] = size >> 8, head[3] = size, length = 4;
  else {
    head[1] = 127, length = 10;
    for (int i = 0; i < 8; i++) head[2 + i] = (uint64_t)size >> (56 - i * 8);
  }
  char *to = grow(&output, length + size);
  memcpy(to, head, length);
  memcpy(to + length, at, size);
}

/* Handle the frames of what was read; return how much of it they are. */
static size_t frames(Peer *peer, char *at, size_t size) {
  size_t done = 0;
  while (!peer->is_closing) {
    unsigned char *frame = (unsigned char *)at + done;
    size_t left = size - done, head = 6;
    if (left < 2) break;
    uint64_t length = frame[1] & 127;
    if (length == 126) head = 8;
    if (length == 127) head = 14;
    if (left < head) break;
    if (head == 8) length = frame[2] << 8 | frame[3];
    if (head == 14)
      for (int i = length = 0; i < 8; i++) length = length << 8 | frame[2 + i];
    if (left < head + length) break;
    char *payload = (char *)frame + head;
    uint64_t mask = 0, word, i = 0;
    memcpy(&mask, frame + head - 4, 4);
    mask |= mask << 32;
    for (; i + 8 <= length; i += 8) memcpy(&word, payload + i, 8), word ^= mask, memcpy(payload + i, &word, 8);
    for (; i < length; i++) payload[i] ^= mask >> i % 8 * 8;
    int opcode = frame[0] & 15, is_last = frame[0] & 128;
    done += head + length;
    if (opcode == 8) {
      answer(8, payload, length < 2 ? 0 : 2);
      peer->is_closing = 1;
    } else if (opcode == 9)
      answer(10, payload, length);
    else if (opcode == 10)
      continue;
    else if (opcode && is_last)
      answer(opcode, payload, length), echoed++;
    else {
      if (opcode) peer->message.size = 0, *grow(&peer->message, 1) = opcode;
      memcpy(grow(&peer->message, length), payload, length);
      if (is_last) answer(peer->message.at[0], peer->message.at + 1, peer->message.size - 1), echoed++;
    }
  }
  return done;
}

static void print(const char *text) { memcpy(grow(&output, strlen(text)), text, strlen(text)); }

static size_t handshake(Peer *peer, char *at, size_t size) {
  char *end = memmem(at, size, "\r\n\r\n", 4), text[300], key[29];
  if (!end) return 0;
  *end = 0;
  char *field = strcasestr(at, "sec-websocket-key:");
  if (!field) {
    snprintf(text, sizeof text, "%ld %ld %ld\n", open_now, echoed, pushed);
    print("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"), print(text);
    peer->is_closing = 1;
    return size;
  }
  field += 18;
  field += strspn(field, " ");
  accept_key(field, strcspn(field, " \r"), key);
  snprintf(text, sizeof text,
           "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Accept: %s\r\n\r\n", key);
  print(text);
  peer->is_open = 1, open_now++;
  if (!strncmp(at, "GET /dense", 10)) peer->several = peer->every = 1;
  if (!strncmp(at, "GET /push", 9)) peer->several = 1, peer->every = SPARSE;
  if (!strncmp(at, "GET /bursts", 11)) peer->several = AT_ONCE, peer->every = AT_ONCE * SPARSE;
  if (peer->several) peer->place = receiving, receivers[receiving++] = peer;
  return end + 4 - at;
}

static void drop(Peer *peer) {
  open_now -= peer->is_open;
  if (peer->place >= 0) (receivers[peer->place] = receivers[--receiving])->place = peer->place;
#ifdef TLS
  if (peer->tls) SSL_free(peer->tls);
#endif
  close(peer->fd);
  free(peer->unread.at), free(peer->unsent.at), free(peer->message.at), free(peer);
}

/* Read all there is, and answer it. 0: the connection is gone. */
static int serve(Peer *peer) {
  for (;;) {
    size_t kept = peer->unread.size;
    if (kept > ROOM) return 0;
    memcpy(input, peer->unread.at, kept);
    ssize_t n = receive(peer, input + kept, ROOM);
    if (n <= 0) return n < 0 && errno == EAGAIN;
    size_t size = kept + n, done = 0;
    output.size = 0;
    if (!peer->is_open) done = handshake(peer, input, size);
    if (peer->is_open) done += frames(peer, input + done, size - done);
    peer->unread.size = 0;
    if (size > done) memcpy(grow(&peer->unread, size - done), input + done, size - done);
    if (output.size && !put(peer, output.at, output.size)) return 0;
    if (peer->is_closing) return 0;
    if (!peer->tls && n < ROOM) return 1;
  }
}

/* Send to those who have read. */
static void push(void) {
  static long number, period;
  char frames[AT_ONCE * (PUSH + 2) + 1];
  for (int i = 0; i < AT_ONCE; i++) {
    char *frame = frames + i * (PUSH + 2);
    frame[0] = 0x81, frame[1] = PUSH;
    int size = snprintf(frame + 2, PUSH + 1, "{\"type\":\"push\",\"n\":%ld,\"text\":\"", ++number);
    memset(frame + 2 + size, '.', PUSH - 2 - size);
    memcpy(frame + PUSH, "\"}", 2);
  }
  period++;
  for (int i = receiving - 1; i >= 0; i--) {
    int several = receivers[i]->several;
    if (receivers[i]->unsent.size || period % receivers[i]->every) continue;
    /* A connection that is gone is dropped when epoll says so. */
    put(receivers[i], frames, several * (PUSH + 2));
    pushed += several;
  }
}

int main(int count, char **words) {
  signal(SIGPIPE, SIG_IGN);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  if (bind(listener, (void *)&address, length) || listen(listener, 4096)) die("listen");
  getsockname(listener, (void *)&address, &length);
#ifdef TLS
  SSL_CTX *context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (count == 3 && (SSL_CTX_use_certificate_file(context, words[1], SSL_FILETYPE_PEM) != 1 ||
                     SSL_CTX_use_PrivateKey_file(context, words[2], SSL_FILETYPE_PEM) != 1))
    die("certificate");
#else
  (void)count, (void)words;
#endif
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  poller = epoll_create1(0);
  struct epoll_event all[EVENTS], event = {.events = EPOLLIN};
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
  for (uint64_t last = now(), due = last;;) {
    int n = epoll_wait(poller, all, EVENTS, receiving || now() - last < SPIN ? 0 : -1);
    if (n > 0) last = now();
    for (int i = 0; i < n; i++) {
      Peer *peer = all[i].data.ptr;
      if (!peer) {
        for (int fd; (fd = accept4(listener, 0, 0, SOCK_NONBLOCK)) >= 0;) {
          setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
          peer = calloc(1, sizeof *peer);
          peer->fd = fd, peer->place = -1, peer->is_new = 1;
          watch(peer, EPOLL_CTL_ADD, EPOLLIN);
        }
        continue;
      }
#ifdef TLS
      char first;
      if (peer->is_new && recv(peer->fd, &first, 1, MSG_PEEK) == 1) {
        peer->is_new = 0;
        if (first == 22) peer->tls = SSL_new(context), SSL_set_fd(peer->tls, peer->fd), SSL_set_accept_state(peer->tls);
      }
#endif
      int is_there = !(all[i].events & EPOLLOUT) || flush(peer);
      if (!is_there || (all[i].events & ~EPOLLOUT && !serve(peer))) drop(peer);
    }
    if (receiving && now() >= due) {
      push();
      due = now() - due > PERIOD ? now() + PERIOD : due + PERIOD;
    }
  }
}
