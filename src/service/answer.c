#include "service/answer.h"

#include "realtime/retry_hint.h"

#include <stdio.h>

static bool has_expired(const struct request_facts *request)
{
    return request->credential_expires_s != 0 && request->now_s >= request->credential_expires_s;
}

static bool says_when(const struct answer *answer)
{
    const struct response_headers *headers = &answer->headers;
    return headers->retry_after_ms_ns >= 0 || headers->retry_after_ns >= 0 ||
           headers->retry_at_s >= 0 || retry_hint_in_text(answer->body_message) > 0;
}

static bool is_html(const struct answer *answer)
{
    const struct raw_answer *raw = &answer->raw;
    return answer->headers.html || (!raw->accepted && body_is_page(raw->body, raw->body_length));
}

/* Uses the target of a redirection as the message: the body only repeats it, with its query. */
static void say_target(struct answer *answer)
{
    const char *target = answer->headers.location;
    const char *words = "redirected to ";
    if (target[0] == '\0' && answer->headers.has_location)
        words = "redirected to a target that cannot be read";
    else if (target[0] == '\0')
        words = "redirected without a target";
    (void)snprintf(answer->body_message, sizeof answer->body_message, "%s%s", words, target);
}

void answer_read(struct answer *out, const struct raw_answer *raw,
                 const struct request_facts *request)
{
    *out = (struct answer){.raw = *raw};
    response_headers_init(&out->headers);
    for (size_t i = 0; i < raw->header_count; i++)
        response_headers_add(&out->headers, raw->headers[i].name, raw->headers[i].value);
    if (!raw->accepted)
        (void)failure_body_parse(raw->body, raw->body_length, out->body_code, out->body_message);
    if (raw->status >= 300 && raw->status <= 399) say_target(out);
    out->facts = (struct failure_facts){
        .from_service = out->headers.from_service,
        .speaker = speaker_of(&out->headers, body_shape_of(raw->body, raw->body_length)),
        .html = is_html(out),
        .hinted = says_when(out),
        .limit_tokens = out->headers.tokens.limit > 0 ? out->headers.tokens.limit : 0,
        .key_as_subprotocol = request->key_as_subprotocol,
        .credential_expired = has_expired(request),
    };
}

struct failure_facts answer_refusal(const struct answer *answer)
{
    return (struct failure_facts){
        .phase = PHASE_UPGRADE,
        .http_status = answer->raw.status,
        .body_code = answer->body_code,
        .body_message = answer->body_message,
    };
}

void answer_add_facts(const struct failure_facts *answer, struct failure_facts *failure)
{
    failure->from_service = answer->from_service;
    failure->speaker = answer->speaker;
    failure->html = answer->html;
    failure->hinted = answer->hinted;
    failure->limit_tokens = answer->limit_tokens;
    failure->usual_limit_tokens = answer->usual_limit_tokens;
    failure->key_as_subprotocol = answer->key_as_subprotocol;
    failure->credential_expired = answer->credential_expired;
}
