#include "peers/wire.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

void need(bool holds, const char *what)
{
    if (holds) return;
    (void)fprintf(stderr, "no %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t clock_of(clockid_t clock)
{
    struct timespec at;
    (void)clock_gettime(clock, &at);
    return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

uint64_t now_ns(void)
{
    return (uint64_t)clock_of(CLOCK_MONOTONIC);
}

void raise_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

size_t frame_head(unsigned char *out, unsigned char first, size_t length)
{
    const size_t extended = length < 126 ? 0 : length < 65536 ? 2 : 8;
    out[0] = first;
    out[1] = (unsigned char)(extended == 0 ? length : extended == 2 ? 126 : 127);
    for (size_t i = 0; i < extended; i++)
        out[2 + i] = (unsigned char)(length >> (8 * (extended - 1 - i)));
    return 2 + extended;
}

size_t frame_read(unsigned char *bytes, size_t length, struct frame *out)
{
    if (length < 2) return 0;
    const size_t extended = (bytes[1] & 127) < 126 ? 0 : (bytes[1] & 127) == 126 ? 2 : 8;
    const size_t mask = bytes[1] & 128 ? 4 : 0, head = 2 + extended + mask;
    if (length < head) return 0;
    size_t payload = extended == 0 ? bytes[1] & 127U : 0;
    for (size_t i = 0; i < extended; i++) payload = payload << 8 | bytes[2 + i];
    if (length - head < payload) return 0;
    *out = (struct frame){.opcode = bytes[0] & 15U, .payload = bytes + head, .length = payload};
    for (size_t i = 0; mask > 0 && i < payload; i++) bytes[head + i] ^= bytes[head - 4 + i % 4];
    return head + payload;
}

void accept_value(const char *key, size_t length, char out[32])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char joined[128];
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    need(length < 64, "sensible Sec-WebSocket-Key");
    memcpy(joined, key, length);
    memcpy(joined + length, guid, sizeof guid - 1);
    need(EVP_Digest(joined, length + sizeof guid - 1, digest, &size, EVP_sha1(), NULL) == 1,
         "SHA-1");
    (void)EVP_EncodeBlock((unsigned char *)out, digest, (int)size);
}

static int64_t stamp_of(struct msghdr *message)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        struct timespec at;
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS) continue;
        memcpy(&at, CMSG_DATA(c), sizeof at);
        return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
    }
    return 0;
}

ssize_t receive_stamped(int fd, void *bytes, size_t size, uint64_t *arrived_ns)
{
    union {
        char room[CMSG_SPACE(sizeof(struct timespec))];
        struct cmsghdr align;
    } control;
    struct iovec part = {.iov_base = bytes, .iov_len = size};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof control.room};
    const ssize_t n = recvmsg(fd, &message, 0);
    const int64_t stamp_ns = n > 0 ? stamp_of(&message) : 0;
    *arrived_ns = now_ns();
    if (stamp_ns != 0) *arrived_ns -= (uint64_t)(clock_of(CLOCK_REALTIME) - stamp_ns);
    return n;
}
