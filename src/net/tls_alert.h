/* The alerts of TLS by their numbers (RFC 8446, 6, and IANA's "TLS Alerts" registry). */
#ifndef RUSHHOUR_NET_TLS_ALERT_H
#define RUSHHOUR_NET_TLS_ALERT_H

#include <stdbool.h>
#include <stddef.h>

/* "certificate required" for 116; "not registered" for a number that nobody has. Static. */
const char *tls_alert_name(int number);

/* Whether an alert ends the connection for a reason: every one but close_notify, and those two that
 * warn (90 user_canceled, 100 no_renegotiation). TLS 1.3 does not look at the level. */
bool tls_alert_is_fatal(int number, bool level_fatal, bool tls13);

#endif
