#include "simulator/upgrade.h"

#include "base/clock.h"
#include "simulator/refusal.h"
#include "simulator/session.h"

#include <stdio.h>
#include <string.h>

static struct refusal_site refusal_site(struct visit *visit)
{
    struct site *site = visit->site;
    int64_t wall_ns = service_wall(site->service, visit->asked_ns);
    struct quota_state requests = quota_of_requests(&site->quota, wall_ns);
    struct quota_state tokens = quota_of_tokens(&site->quota, wall_ns);
    return (struct refusal_site){.dialect = visit->verdict.dialect,
                                 .requests_per_minute = (double)requests.limit,
                                 .tokens_per_minute = (double)tokens.limit,
                                 .limits_told = site->limits_told};
}

/* The id that the service gives a refused request; on OpenAI in a header of its own. */
static void add_request_id(struct visit *visit, struct text *headers)
{
    struct site *site = visit->site;
    site_headers(site, visit->client_request_id, headers);
    if (site->region->dialect != DIALECT_OPENAI) return;
    char id[33];
    random_alphanumeric(&site->service->ids.random, id, sizeof id - 1);
    text_printf(headers, "x-request-id: req_%s\r\n", id);
}

/* The limits and what is left of them, as found by the request. */
static void add_counters(struct visit *visit, struct text *headers)
{
    struct site *site = visit->site;
    quota_headers(&site->quota, service_wall(site->service, visit->asked_ns), headers);
}

/* Sends a refusal and ends the visit. */
static void refuse(struct visit *visit, int status, const struct text *headers,
                   const char *content_type, const struct text *body)
{
    ws_peer_refuse(visit->peer, status, text_str(headers), content_type, text_str(body));
    visit->http_status = status;
    visit->upgrade_delay_ns = clock_mono_ns() - visit->asked_ns;
    ws_peer_flush(visit->peer);
    visit_record(visit, OUTCOME_REFUSED);
}

static void refuse_as_judged(struct visit *visit)
{
    struct text *headers = visit_draft(visit);
    struct text body = {0};
    add_request_id(visit, headers);
    if (visit->verdict.status == 426)
        text_puts(headers, "upgrade: websocket\r\nsec-websocket-version: 13\r\n");
    request_refusal_body(&visit->verdict, visit->target, &body);
    refuse(visit, visit->verdict.status, headers, "application/json", &body);
    text_free(&body);
}

static void refuse_as_struck(struct visit *visit, const struct refusal *refusal)
{
    struct text *headers = visit_draft(visit);
    struct text body = {0};
    struct refusal_site site = refusal_site(visit);
    if (refusal_voice(refusal) == VOICE_SERVICE) add_request_id(visit, headers);
    int64_t wait_ns = visit->strike.after_ns;
    struct text counters = {0};
    if (visit->strike.retry_after_ns > 0) { /* refused by a limit: send the real counters */
        wait_ns = visit->strike.retry_after_ns;
        add_counters(visit, &counters);
        site.limit_lines = text_str(&counters);
    }
    refusal_headers(refusal, &site, wait_ns, headers);
    const char *content_type = refusal_body(refusal, site.dialect, wait_ns, &body);
    text_free(&counters);
    refuse(visit, refusal_status(refusal), headers, content_type, &body);
    text_free(&body);
}

/* 101 with the wrong key: no session comes of it, however the client reacts. */
static void accept_wrongly(struct visit *visit)
{
    struct text *headers = visit_draft(visit); /* from whoever broke it on the way, so without
                                                  the ids */
    ws_peer_accept_wrongly(visit->peer, text_str(headers));
    visit->http_status = 101;
    visit->upgrade_delay_ns = clock_mono_ns() - visit->asked_ns;
    ws_peer_flush(visit->peer);
    visit_record(visit, OUTCOME_REFUSED);
}

static void strike(struct visit *visit)
{
    const struct refusal *refusal = refusal_of(visit->strike.kind);
    visit->fault = visit->strike.info;
    if (refusal != NULL) {
        refuse_as_struck(visit, refusal);
    } else if (visit->strike.kind == FAULT_BAD_HANDSHAKE) {
        accept_wrongly(visit);
    } else if (visit->strike.kind == FAULT_UPGRADE_CLOSED) {
        visit_cut(visit, OUTCOME_CUT);
    } else { /* never answered */
        visit_record(visit, OUTCOME_STALLED);
    }
}

/* OpenAI accepts everybody, then says what is wrong and closes. */
static void turn_away(struct visit *visit)
{
    const struct verdict *verdict = &visit->verdict;
    struct complaint complaint;
    char reason[96];
    (void)complain(&complaint, verdict->code, "", "%s", verdict->message);
    (void)snprintf(reason, sizeof reason, "invalid_request_error%s%s",
                   verdict->code == NULL ? "" : ".", verdict->code == NULL ? "" : verdict->code);
    visit_complain(visit, &complaint, NULL);
    ws_peer_close(visit->peer, verdict->close_code, reason);
    ws_peer_flush(visit->peer);
    visit_record(visit, OUTCOME_REFUSED);
}

static void let_in(struct visit *visit)
{
    struct text *headers = visit_draft(visit);
    site_headers(visit->site, visit->client_request_id, headers);
    if (visit->site->region->dialect != DIALECT_OPENAI) {
        add_counters(visit, headers);
        visit->site->limits_told = true;
    }
    ws_peer_accept(visit->peer, text_str(headers));
    visit->http_status = 101;
    visit->opened_ns = clock_mono_ns();
    visit->upgrade_delay_ns = visit->opened_ns - visit->asked_ns;
    if (visit->verdict.kind == VERDICT_CLOSE) {
        turn_away(visit);
    } else {
        visit->retries = script_claim(&visit->site->script);
        session_open(visit);
    }
}

void upgrade_answer(struct visit *visit)
{
    if (visit->strike.struck) {
        strike(visit);
    } else if (visit->verdict.kind == VERDICT_REFUSE) {
        refuse_as_judged(visit);
    } else {
        let_in(visit);
    }
}

static void draw_fault(struct visit *visit, const struct request *request)
{
    struct site *site = visit->site;
    struct refusal_site traits = refusal_site(visit);
    /* Requests that the region rejects draw no fault, except the one that changes its 401. */
    if (visit->verdict.kind != VERDICT_ACCEPT &&
        !refusal_applies(FAULT_SUBPROTOCOL_REFUSED, request, &visit->verdict, &traits))
        return;
    struct moment moment = {.wall_ns = service_wall(site->service, visit->asked_ns)};
    struct strike drawn = script_strike(&site->script, CHANCE_PER_UPGRADE, visit->lot, &moment);
    if (drawn.struck && refusal_applies(drawn.kind, request, &visit->verdict, &traits))
        visit->strike = drawn;
    if (visit->verdict.kind != VERDICT_ACCEPT) return;
    struct strike refused = quota_connect(&site->quota, moment.wall_ns);
    if (refused.struck) visit->strike = refused;
}

struct request upgrade_read(const struct ws_peer *peer, const struct ws_request *told)
{
    return (struct request){
        .target = told->target,
        .is_websocket = told->is_websocket,
        .api_key = ws_request_header(peer, "api-key"),
        .authorization = ws_request_header(peer, "authorization"),
        .beta = ws_request_header(peer, "openai-beta"),
        .protocols = ws_request_header(peer, "sec-websocket-protocol"),
        .upgrade = ws_request_header(peer, "upgrade"),
        .client_request_id = ws_request_header(peer, "x-ms-client-request-id"),
        .now_s = clock_wall_ns() / NS_PER_S,
    };
}

void upgrade_judge(struct visit *visit, const struct ws_request *told)
{
    struct request request = upgrade_read(visit->peer, told);
    request_client_id(&request, visit->client_request_id);
    visit_find_lot(visit);
    visit->verdict = request_judge(&request, &visit->site->gate);
    visit->preview = visit->verdict.dialect == DIALECT_PREVIEW;
    size_t length = strcspn(told->target, "?"); /* the query may hold a key */
    if (length > sizeof visit->target - 1) length = sizeof visit->target - 1;
    memcpy(visit->target, told->target, length);
    draw_fault(visit, &request);
}
