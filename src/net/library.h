/* The libraries that only this folder knows: their versions at run time, and their memory. */
#ifndef RUSHHOUR_NET_LIBRARY_H
#define RUSHHOUR_NET_LIBRARY_H

const char *net_websocket_library_version(void); /* libwebsockets */
const char *net_tls_library_version(void);       /* OpenSSL */

/* Gives libuv and libwebsockets allocation functions that note what fails (base/memory.h). Call
 * before either is used. */
void net_note_memory(void);

#endif
