/* What peer_server.c and raw_client.c share: clocks, frames (RFC 6455), stamped reads. */
#ifndef RUSHHOUR_BENCH_PEERS_WIRE_H
#define RUSHHOUR_BENCH_PEERS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Ends the program with what failed. */
void need(bool holds, const char *what);

/* CLOCK_MONOTONIC. */
uint64_t now_ns(void);

/* As many descriptors as the hard limit allows. */
void raise_files(void);

/* Writes the head of an unmasked frame; first: FIN and opcode. Returns its length, 10 at most. */
size_t frame_head(unsigned char *out, unsigned char first, size_t length);

struct frame {
    unsigned opcode;
    unsigned char *payload; /* unmasked in place */
    size_t length;
};

/* Reads one frame; returns its whole length, 0 if it is incomplete. */
size_t frame_read(unsigned char *bytes, size_t length, struct frame *out);

/* Sec-WebSocket-Accept for a key. */
void accept_value(const char *key, size_t length, char out[32]);

/* recvmsg; *arrived_ns: the kernel's stamp of it (SO_TIMESTAMPNS) on the monotonic clock, or now if
 * there is none. */
ssize_t receive_stamped(int fd, void *bytes, size_t size, uint64_t *arrived_ns);

#endif
