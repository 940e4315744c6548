/* The libraries that only this folder knows: their versions at run time, and their memory. */
#ifndef RUSHHOUR_NET_LIBRARY_H
#define RUSHHOUR_NET_LIBRARY_H

const char *net_websocket_library_version(void); /* libwebsockets */
const char *net_tls_library_version(void);       /* OpenSSL */
const char *net_http_library_version(void);      /* libcurl */

/*
 * Gives libuv, libwebsockets and libcurl allocation functions that note what fails (base/memory.h);
 * libcurl's wipe what they free, since it copies keys and tokens that it sends. Call before any of
 * them is used; only the first call does anything.
 */
void net_note_memory(void);

#endif
