#include "net/http.h"

enum err_code http_ask(const struct http_request *request, http_done *done, void *user,
                       struct error *err)
{
    uv_loop_t loop;
    struct http_exchange *exchange = NULL;
    const int status = uv_loop_init(&loop);
    if (status != 0) return error_set(err, ERR_NET, "no event loop: %s", uv_strerror(status));
    enum err_code code = http_start_alone(&loop, request, done, user, &exchange, err);
    (void)uv_run(&loop, UV_RUN_DEFAULT); /* until all handles are closed */
    (void)uv_loop_close(&loop);
    return code;
}
