#include "run/notify.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/redact.h"
#include "figures/cells.h"
#include "net/http.h"
#include "profile/form.h"
#include "report/figures_json.h"
#include "report/thresholds_json.h"

#include <stdlib.h>
#include <string.h>

#define STEP_NS (5 * NS_PER_S)
#define ANSWER_NS (10 * NS_PER_S)

/* ---- where it goes ---- */

/* "${NAME}" stands for what the environment holds; NULL: nothing of that name. */
static const char *of_environment(const char *url)
{
    const size_t length = strlen(url);
    char name[128];
    if (strncmp(url, "${", 2) != 0 || url[length - 1] != '}' || length >= sizeof name) return url;
    text_copy(name, sizeof name, url + 2);
    name[length - 3] = '\0';
    /* A URL between the braces is one that nobody may read in a message. */
    return strpbrk(name, ":/") == NULL ? getenv(name) : url;
}

/* Whether a request line can hold it. */
static bool is_one_word(const char *url)
{
    for (const char *at = url; *at != '\0'; at++) {
        if ((unsigned char)*at <= ' ' || *at == 0x7f) return false;
    }
    return true;
}

/* "https://HOST:PORT" of the URL, if it is an origin that may be sent to; false otherwise. */
static bool read_origin(const char *url, struct text *origin, const char **path)
{
    const char *authority = strstr(url, "://");
    if (authority == NULL || strncmp(url, "ws", 2) == 0 || !is_one_word(url)) return false;
    *path = authority + 3 + strcspn(authority + 3, "/?#");
    text_append(origin, url, (size_t)(*path - url));
    return form_endpoint(text_str(origin), NULL) == ERR_OK;
}

static enum err_code read_url(const char *url, struct notify_target *out, struct error *err)
{
    struct text origin = {0};
    const char *path;
    enum err_code code = ERR_OK;
    if (read_origin(url, &origin, &path)) {
        form_endpoint_split(text_str(&origin), &out->host, &out->port, &out->tls);
        if (*path != '/') text_puts(&out->path, "/");
        text_append(&out->path, path, strcspn(path, "#"));
        if (out->host == NULL || out->path.failed)
            code = error_set(err, ERR_NOMEM, "--notify: no memory");
    } else {
        code = error_set(err, ERR_USAGE,
                         "--notify: write https://HOST/PATH, without spaces (http:// is for this "
                         "machine alone)");
    }
    text_free(&origin);
    return code;
}

enum err_code notify_target_read(const char *url, struct notify_target *out, struct error *err)
{
    *out = (struct notify_target){0};
    const char *meant = of_environment(url);
    if (meant == NULL)
        return error_set(err, ERR_USAGE, "--notify %s: the environment has no such variable", url);
    return *meant == '\0' ? ERR_OK : read_url(meant, out, err);
}

void notify_target_free(struct notify_target *target)
{
    free(target->host);
    text_wipe(&target->path);
    *target = (struct notify_target){0};
}

/* ---- what is said ---- */

bool notify_is_news(const struct notice *notice)
{
    const char *now = verdict_name(results_verdict(notice->results));
    return notice->before == NULL || strcmp(now, notice->before) != 0;
}

static void regions_json(const struct results *results, struct text *out)
{
    json_open(out, '[');
    for (size_t r = 0; r < results->region_count; r++) {
        const struct report_cell *cell = results_region(results, r);
        const struct rate rate = report_cell_rate(cell, RATE_ATTEMPT);
        json_open(out, '{');
        json_put_string(out, "name", results->regions[r]);
        json_put_count(out, "attempts_ok", cell->cell.counters.attempts_ok);
        json_put_count(out, "attempts_failed", cell->cell.counters.attempts_failed);
        figures_estimate_json("failure_rate", &rate.estimate, out);
        json_close(out, '}');
    }
    json_close(out, ']');
}

/* For a channel where people read: "peak: fail, was pass: failure_rate < 1%". */
static void sentence(const struct notice *notice, struct text *out)
{
    const struct results *results = notice->results;
    const enum verdict verdict = results_verdict(results);
    text_printf(out, "%s: %s, %s%s", results_fact(results, "run", "profile"), verdict_name(verdict),
                notice->before == NULL ? "the first verdict" : "was ",
                notice->before == NULL ? "" : notice->before);
    for (size_t i = 0; i < results->judged_count; i++) {
        if (results->judged[i].of.verdict == verdict && verdict != VERDICT_PASS)
            text_printf(out, "; %s", results->judged[i].expression);
    }
}

void notify_json(const struct notice *notice, struct text *out)
{
    const struct results *results = notice->results;
    struct text json = {0};
    struct text said = {0};
    sentence(notice, &said);
    json_open(&json, '{');
    json_put_string(&json, "event", "verdict");
    json_put_string(&json, "text", text_str(&said));
    json_put_string(&json, "profile", results_fact(results, "run", "profile"));
    json_put_string(&json, "run", notice->run);
    json_put_count(&json, "runs", notice->runs);
    json_put_known(&json, "started", results_fact(results, "run", "started"));
    json_put_known(&json, "ended", results_fact(results, "run", "ended"));
    json_put_bool(&json, "simulated", results_simulated(results));
    json_put_string(&json, "verdict", verdict_name(results_verdict(results)));
    json_put_known(&json, "before", notice->before);
    json_key(&json, "thresholds");
    thresholds_json(results, &json);
    json_key(&json, "regions");
    regions_json(results, &json);
    json_close(&json, '}');
    if (json.failed || said.failed)
        out->failed = true;
    else
        redact(out, text_str(&json), json.length, NULL, 0);
    text_free(&json);
    text_free(&said);
}

/* ---- sending ---- */

struct sending {
    const char *host;
    enum err_code code;
    struct error *err;
};

static void on_done(void *user, const struct http_result *result)
{
    static const char *const steps[] = {"resolving its name", "connecting", "the TLS handshake",
                                        "waiting for its answer"};
    struct sending *sending = user;
    if (result->reached != HTTP_DONE) {
        sending->code =
            error_set(sending->err, ERR_NET, "--notify %s: %s %s%s", sending->host,
                      steps[result->reached], result->timed_out ? "took too long" : "failed: ",
                      result->timed_out ? "" : result->detail);
    } else if (result->status < 200 || result->status > 299) {
        sending->code = error_set(sending->err, ERR_NET, "--notify %s: it answered with status %d",
                                  sending->host, result->status);
    }
}

enum err_code notify_send(const struct notify_target *target, const struct notice *notice,
                          struct error *err)
{
    struct text body = {0};
    struct sending sending = {.host = target->host, .err = err};
    notify_json(notice, &body);
    if (body.failed) {
        text_free(&body);
        return error_set(err, ERR_NOMEM, "--notify %s: no memory", target->host);
    }
    const struct http_target where = {.host = target->host,
                                      .port = target->port,
                                      .tls = target->tls,
                                      .target = text_str(&target->path)};
    const struct http_request request = {.where = &where,
                                         .method = "POST",
                                         .content_type = "application/json",
                                         .body = text_str(&body),
                                         .resolve_ns = STEP_NS,
                                         .connect_ns = STEP_NS,
                                         .tls_ns = STEP_NS,
                                         .answer_ns = ANSWER_NS};
    const enum err_code code = http_ask(&request, on_done, &sending, err);
    text_free(&body);
    return code == ERR_OK ? sending.code : code;
}
