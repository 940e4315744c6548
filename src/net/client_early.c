/*
 * Frames that came with the response to the upgrade: lws reads as much as fits, and keeps what lies
 * behind the head for its own reader of frames. The public way to a response's body shows it.
 */
#include "net/client_private.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool client_early_keep(struct ws_conn *conn)
{
    struct lws *wsi = conn->wsi;
    if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0) {
        conn->end.protocol_violation = conn->observed = true; /* RFC 9112, 6.1 */
        client_conn_detail(conn, "the answer 101 has a Transfer-Encoding", SIZE_MAX);
        return false;
    }
    /* With nothing kept, lws reads the socket into this; frames that are there by now are welcome,
     * too. With TLS there is nothing to read any more but through us. */
    char *at = (char *)conn->client->reader.bytes;
    int length = (int)CLIENT_READ_SIZE;
    (void)lws_http_client_read(wsi, &at, &length);
    if (!conn->early_shown) return true;
    conn->early = malloc((size_t)length);
    if (conn->early == NULL) {
        client_conn_detail(conn, "no memory for a message", SIZE_MAX);
        conn->end.local_error = ENOMEM;
        return false;
    }
    memcpy(conn->early, at, (size_t)length);
    conn->early_length = (size_t)length;
    return true;
}

void client_early_deliver(struct ws_conn *conn)
{
    char *early = conn->early;
    if (early == NULL) return;
    conn->early = NULL;
    conn->told_ns = clock_mono_ns();
    (void)client_receive_bytes(conn, early, conn->early_length, conn->told_ns);
    free(early);
}
