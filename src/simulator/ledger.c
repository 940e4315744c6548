#include "simulator/ledger.h"

#include "base/calendar.h"
#include "base/files.h"
#include "base/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FLUSH_MS 1000
#define FLUSH_BYTES ((size_t)64 * 1024)
#define HELD_MOST ((size_t)64 * 1024 * 1024)

struct ledger {
    uv_timer_t timer;
    int fd; /* -1 if none */
    char *path;
    struct text buffer;
    size_t written;  /* bytes at the buffer's beginning that the file has already */
    int write_error; /* errno of the last write, which failed: the rest is held; 0: none is */
    int lost;        /* why lines are missing for good; 0: none is */
};

static void give_up(struct ledger *ledger, int reason)
{
    ledger->lost = reason;
    text_free(&ledger->buffer);
    ledger->written = 0;
}

/* What a disk does not take is held until it does, as the lines of the run's own files are. */
static void flush(struct ledger *ledger)
{
    size_t done;
    struct text *buffer = &ledger->buffer;
    ledger->write_error = 0;
    if (buffer->failed) {
        give_up(ledger, ENOMEM);
        return;
    }
    if (buffer->length == ledger->written) return;
    const bool whole = file_put(ledger->fd, buffer->data + ledger->written,
                                buffer->length - ledger->written, &done);
    ledger->write_error = whole ? 0 : errno;
    ledger->written += done;
    if (!whole && buffer->length <= HELD_MOST) return;
    if (!whole) {
        give_up(ledger, ledger->write_error);
        return;
    }
    if (buffer->length > 2 * FLUSH_BYTES) text_free(buffer);
    text_clear(buffer);
    ledger->written = 0;
}

static void on_timer(uv_timer_t *timer)
{
    flush(timer->data);
}

enum err_code ledger_open(uv_loop_t *loop, const char *path, struct ledger **out, struct error *err)
{
    struct ledger *ledger = calloc(1, sizeof *ledger);
    if (ledger == NULL) return error_set(err, ERR_NOMEM, "no memory for the ledger");
    ledger->fd = -1;
    if (path != NULL) {
        ledger->path = strdup(path);
        enum err_code code = ledger->path == NULL
                                 ? error_set(err, ERR_NOMEM, "no memory for the ledger")
                                 : file_open_output(path, &ledger->fd, err);
        if (code != ERR_OK) {
            free(ledger->path);
            free(ledger);
            return error_prefix(err, "cannot write the ledger");
        }
    }
    uv_timer_init(loop, &ledger->timer); /* cannot fail */
    ledger->timer.data = ledger;
    uv_timer_start(&ledger->timer, on_timer, FLUSH_MS, FLUSH_MS);
    uv_unref((uv_handle_t *)&ledger->timer);
    *out = ledger;
    return ERR_OK;
}

static const char *outcome_name(enum ledger_outcome outcome)
{
    static const char *const names[] = {"completed", "failed",  "incomplete", "cancelled",
                                        "stalled",   "reset",   "cut",        "closed",
                                        "refused",   "expired", "abandoned",  "stopped"};
    return names[outcome];
}

static void add_delay(struct text *out, const char *key, uint64_t ns)
{
    if (ns != PHASE_UNSEEN) json_put_count(out, key, (ns + 500) / 1000);
}

static const char *kind_name(enum ledger_kind kind)
{
    static const char *const names[] = {"response", "session", "connection", "region"};
    return names[kind];
}

static void add_course(const struct ledger_line *line, struct text *out)
{
    bool is_session = line->kind == LEDGER_SESSION;
    json_put_known(out, "outcome", outcome_name(line->outcome));
    if (is_session) {
        json_key(out, "http_status");
        line->http_status != 0 ? json_signed(out, line->http_status) : json_null(out);
        json_put_count(out, "responses", line->responses);
    } else {
        json_put_count(out, "counted_tokens", line->counted_tokens);
        if (line->spoken_ms > 0) json_put_count(out, "spoken_ms", line->spoken_ms);
    }
    json_key(out, "delay_us");
    json_open(out, '{');
    if (is_session) {
        add_delay(out, "upgrade", line->upgrade_ns);
        add_delay(out, "session", line->session_ns);
        add_delay(out, "configure", line->configure_ns);
    } else {
        add_delay(out, "response_created", line->response_created_ns);
        add_delay(out, "first_output", line->first_output_ns);
        add_delay(out, "response", line->response_ns);
        if (line->spoken_ms > 0) {
            add_delay(out, "endpoint", line->endpoint_ns);
            add_delay(out, "voice", line->voice_ns);
        }
    }
    add_delay(out, "ended", line->ended_ns);
    text_puts(out, "}");
}

void ledger_format(const struct ledger_line *line, struct text *out)
{
    char stamp[32];
    format_utc_ms(line->wall_ns, stamp);
    json_open(out, '{');
    json_put_string(out, "kind", kind_name(line->kind));
    json_put_string(out, "time", stamp);
    json_put_known(out, "region", line->region);
    json_put_known(out, "session_id", line->session_id);
    json_put_known(out, "response_id", line->response_id);
    json_put_known(out, "client_request_id", line->client_request_id);
    json_put_known(out, "fault", line->fault);
    json_put_known(out, "fault_name", line->fault_name);
    if (line->kind == LEDGER_RESPONSE || line->kind == LEDGER_SESSION) add_course(line, out);
    text_puts(out, "}\n");
}

void ledger_add(struct ledger *ledger, const struct ledger_line *line)
{
    if (ledger->fd < 0 || ledger->lost != 0) return;
    ledger_format(line, &ledger->buffer);
    /* a disk that failed is tried again by the timer alone */
    const bool full = ledger->buffer.length >= FLUSH_BYTES && ledger->write_error == 0;
    if (full || ledger->buffer.failed) flush(ledger);
}

static void on_closed(uv_handle_t *handle)
{
    struct ledger *ledger = handle->data;
    text_free(&ledger->buffer);
    free(ledger->path);
    free(ledger);
}

enum err_code ledger_close(struct ledger *ledger, struct error *err)
{
    enum err_code code = ERR_OK;
    if (ledger->fd >= 0) {
        flush(ledger);
        if (ledger->lost == 0) ledger->lost = ledger->write_error;
        if (close(ledger->fd) != 0 && ledger->lost == 0) ledger->lost = errno;
        ledger->fd = -1;
        if (ledger->lost != 0)
            code = error_set(err, ERR_IO, "the ledger %s is not complete: %s", ledger->path,
                             strerror(ledger->lost));
    }
    uv_close((uv_handle_t *)&ledger->timer, on_closed);
    return code;
}
