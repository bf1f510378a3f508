/* The floor: what nothing but reading and writing frames costs on one thread and epoll.

       floor PORT PATH CONNECTIONS SIZE

   Each connection writes a frame of SIZE bytes, masked anew each time, whenever a frame has come; on other
   paths than / it only reads. Frames are found by their lengths; nothing looks into them, nothing is timed or kept. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 1024, ROOM = 1 << 18 };

typedef struct {
  int fd, have;           /* bytes of a head that was cut */
  unsigned char head[16];
  uint64_t left;          /* bytes of a payload still to come */
} Line;

static unsigned char input[ROOM], payload[ROOM + 8], frame[ROOM + 32];
static int size, is_push;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void write_frame(int fd) {
  static uint32_t key = 2463534242u;
  key ^= key << 13, key ^= key >> 17, key ^= key << 5;
  int head = 2;
  frame[0] = 0x81;
  if (size < 126)
    frame[1] = 0x80 | size;
  else if (size < 65536)
    frame[1] = 0x80 | 126, frame[2] = size >> 8, frame[3] = size, head = 4;
  else {
    frame[1] = 0x80 | 127, head = 10;
    for (int i = 0; i < 8; i++) frame[2 + i] = (uint64_t)size >> (56 - i * 8);
  }
  memcpy(frame + head, &key, 4);
  head += 4;
  uint64_t mask = (uint64_t)key << 32 | key, word;
  for (int i = 0; i < size; i += 8) memcpy(&word, payload + i, 8), word ^= mask, memcpy(frame + head + i, &word, 8);
  for (int done = 0; done < head + size;) {
    ssize_t n = send(fd, frame + done, head + size - done, MSG_NOSIGNAL);
    if (n < 0) die("write");
    done += n;
  }
}

static void read_frames(Line *line) {
  ssize_t n = read(line->fd, input, ROOM);
  if (n <= 0) die("read");
  for (ssize_t at = 0; at < n || (!line->left && line->have > 1);) {
    if (line->left) {
      uint64_t step = line->left < (uint64_t)(n - at) ? line->left : (uint64_t)(n - at);
      at += step, line->left -= step;
      if (line->left) break;
      if (!is_push) write_frame(line->fd);
      continue;
    }
    int need = 2;
    if (line->have > 1) need = line->head[1] == 126 ? 4 : line->head[1] == 127 ? 10 : 2;
    if (line->have < need) {
      if (at == n) break;
      line->head[line->have++] = input[at++];
      continue;
    }
    line->left = line->head[1];
    if (need == 4) line->left = line->head[2] << 8 | line->head[3];
    if (need == 10)
      for (int i = line->left = 0; i < 8; i++) line->left = line->left << 8 | line->head[2 + i];
    line->have = 0;
  }
}

int main(int count, char **words) {
  if (count != 5) return 2;
  int connections = atoi(words[3]), one = 1, poller = epoll_create1(0);
  size = atoi(words[4]), is_push = strcmp(words[2], "/") != 0;
  if (size < 1 || size > ROOM) return 2;
  memset(payload, '.', size);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(words[1]))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  Line *lines = calloc(connections, sizeof *lines);
  for (int i = 0; i < connections; i++) {
    int fd = lines[i].fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, (void *)&address, sizeof address)) die("connect");
    dprintf(fd,
            "GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", words[2]);
    for (uint32_t last = 0; last != 0x0d0a0d0a;) {
      unsigned char byte;
      if (read(fd, &byte, 1) != 1) die("handshake");
      last = last << 8 | byte;
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &lines[i]};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
  }
  for (int i = 0; i < connections && !is_push; i++) write_frame(lines[i].fd);
  for (;;) {
    struct epoll_event all[EVENTS];
    int n = epoll_wait(poller, all, EVENTS, -1);
    for (int i = 0; i < n; i++) read_frames(all[i].data.ptr);
  }
}
