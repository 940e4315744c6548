#include "simulator/client_secret.h"

#include "simulator/site.h"
#include "simulator/upgrade.h"

#include <stdio.h>
#include <string.h>

#define LIFE_S 600 /* default of the service; a lifetime in the request is ignored here */
#define PREVIEW_LIFE_S 60
#define SECRET_LETTERS 32

/* Whether the target is `path` with `rest` after it, up to the query. */
static bool target_is(const char *target, const char *path, const char *rest)
{
    size_t length = strlen(path);
    if (strncmp(target, path, length) != 0 || strncmp(target + length, rest, strlen(rest)) != 0)
        return false;
    char next = target[length + strlen(rest)];
    return next == '\0' || next == '?';
}

/* Which dialect's endpoint this is, if any. */
static bool find_endpoint(const struct request_site *gate, const char *target,
                          enum dialect *dialect)
{
    *dialect = gate->dialect;
    const char *rest = gate->dialect == DIALECT_PREVIEW ? "api/sessions" : "/client_secrets";
    if (gate->path != NULL && target_is(target, gate->path, rest)) return true;
    if (gate->dialect == DIALECT_OPENAI) return target_is(target, "/v1/realtime", rest);
    *dialect = DIALECT_GA;
    if (target_is(target, "/openai/v1/realtime", "/client_secrets")) return true;
    *dialect = DIALECT_PREVIEW;
    return target_is(target, "/openai/realtimeapi", "/sessions");
}

static void refuse(struct site *site, struct ws_peer *peer, const struct request *request,
                   const struct verdict *verdict)
{
    struct text headers = {0}, body = {0};
    char client_request_id[CLIENT_REQUEST_ID_SIZE];
    request_client_id(request, client_request_id);
    site_headers(site, client_request_id, &headers);
    request_refusal_body(verdict, request->target, &body);
    ws_peer_refuse(peer, verdict->status, text_str(&headers), "application/json", text_str(&body));
    text_free(&headers);
    text_free(&body);
}

/* Shapes: realtime protocol, section 2. */
static void write_answer(struct site *site, enum dialect dialect, const char *value,
                         int64_t expires_s, struct text *out)
{
    char session_id[IDENTIFIER_SIZE];
    identifier_make(&site->service->ids, "sess_", session_id);
    if (dialect == DIALECT_PREVIEW) {
        text_printf(out, "{\"id\":\"%s\",\"object\":\"realtime.session\",\"model\":", session_id);
        text_json(out, site->gate.deployment);
        text_printf(out,
                    ",\"expires_at\":0,\"client_secret\":{\"value\":\"%s\",\"expires_at\":%lld}}",
                    value, (long long)expires_s);
        return;
    }
    text_printf(
        out,
        "{\"value\":\"%s\",\"expires_at\":%lld,\"session\":{\"type\":\"realtime\",\"object\":"
        "\"realtime.session\",\"id\":\"%s\",\"model\":",
        value, (long long)expires_s, session_id);
    text_json(out, site->gate.deployment);
    text_puts(out, ",\"expires_at\":0}}");
}

static void give(struct site *site, struct ws_peer *peer, const struct request *request,
                 enum dialect dialect)
{
    struct issued_secrets *issued = &site->secrets;
    size_t place = issued->given++ % ISSUED_SECRETS;
    char *value = issued->kept[place].value;
    memcpy(value, "ek_", 4);
    random_alphanumeric(&site->service->ids.random, value + 3, SECRET_LETTERS);
    int64_t life_s = site->service->plan->client_secret_life_ns / NS_PER_S;
    if (life_s == 0) life_s = dialect == DIALECT_PREVIEW ? PREVIEW_LIFE_S : LIFE_S;
    issued->kept[place].expires_s = request->now_s + life_s;
    struct text headers = {0}, body = {0};
    char client_request_id[CLIENT_REQUEST_ID_SIZE];
    request_client_id(request, client_request_id);
    site_headers(site, client_request_id, &headers);
    write_answer(site, dialect, value, issued->kept[place].expires_s, &body);
    ws_peer_refuse(peer, 200, text_str(&headers), "application/json", text_str(&body));
    text_free(&headers);
    text_free(&body);
}

bool client_secret_serve(struct site *site, struct ws_peer *peer, const struct ws_request *told)
{
    enum dialect dialect;
    if (told->is_websocket || strcmp(told->method, "POST") != 0) return false;
    if (!find_endpoint(&site->gate, told->target, &dialect)) return false;
    const struct request request = upgrade_read(peer, told);
    struct verdict verdict = request_judge_post(&request, &site->gate, dialect);
    if (verdict.kind == VERDICT_ACCEPT) {
        give(site, peer, &request, dialect);
    } else {
        refuse(site, peer, &request, &verdict);
    }
    return true;
}
