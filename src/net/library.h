/* Versions, at run time, of the libraries that only this folder knows. */
#ifndef RUSHHOUR_NET_LIBRARY_H
#define RUSHHOUR_NET_LIBRARY_H

const char *net_websocket_library_version(void); /* libwebsockets */
const char *net_tls_library_version(void);       /* OpenSSL */

#endif
