/* What the response to the upgrade says besides its status. */
#include "engine/driver.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_VALUE_MOST 159 /* bytes kept of a value */

static const struct run_clock *clock_of(const struct driver *driver)
{
    return &driver->worker->recorder.clock;
}

struct last_words *driver_last_words(struct driver *driver)
{
    if (driver->words == NULL) driver->words = calloc(1, sizeof *driver->words);
    return driver->words;
}

static void keep_headers(struct driver *driver, const struct raw_answer *answer)
{
    size_t count = 0;
    size_t size = 0;
    if (driver->headers != NULL) return;
    for (size_t i = 0; i < answer->header_count; i++) {
        const struct http_header *header = &answer->headers[i];
        if (!response_header_may_be_kept(header->name, header->value)) continue;
        size += strlen(header->name) + 1 + strnlen(header->value, HEADER_VALUE_MOST) + 1;
        count++;
    }
    if (count == 0) return;
    driver->headers = calloc(1, count * sizeof *driver->headers + size);
    if (driver->headers == NULL) return; /* the record will have less detail */
    char *next = (char *)(driver->headers + count);
    for (size_t i = 0; i < answer->header_count; i++) {
        const struct http_header *header = &answer->headers[i];
        if (!response_header_may_be_kept(header->name, header->value)) continue;
        struct evidence_header *kept = &driver->headers[driver->header_count++];
        kept->name = next;
        next = stpcpy(next, header->name) + 1;
        kept->value = next;
        next = stpncpy(next, header->value, strnlen(header->value, HEADER_VALUE_MOST)) + 1;
    }
}

/* The highest limit that this worker has seen in the region, excluding the present one. */
static double usual_limit(struct driver *driver, double limit)
{
    struct region_state *state = &driver->worker->regions[driver->region];
    double usual = state->usual_limit_tokens;
    if (limit > usual) state->usual_limit_tokens = limit;
    return usual;
}

static void keep_refusal(struct driver *driver, const struct answer *answer, uint64_t at_ns)
{
    const int64_t now_s = run_clock_wall_at(clock_of(driver), at_ns) / NS_PER_S;
    driver->http_status = answer->raw.status;
    driver->hint_ns = response_headers_wait_ns(&answer->headers, now_s);
    driver->reset_ns = response_headers_reset_ns(&answer->headers);
    struct last_words *words = driver_last_words(driver);
    if (words == NULL) return;
    memcpy(words->body_code, answer->body_code, sizeof words->body_code);
    memcpy(words->body_message, answer->body_message, sizeof words->body_message);
}

static void keep_limits(struct driver *driver, const struct answer *answer, uint64_t at_ns)
{
    (void)recorder_at(&driver->worker->recorder, at_ns);
    struct told_limits *limits = &recorder_cell(&driver->worker->recorder, driver->region)->limits;
    told_limit_add(&limits->requests, answer->headers.requests.limit);
    told_limit_add(&limits->tokens, answer->headers.tokens.limit);
}

struct failure_facts driver_take_answer(struct driver *driver, const struct answer *answer,
                                        uint64_t at_ns)
{
    struct failure_facts facts = answer->facts;
    keep_headers(driver, &answer->raw);
    keep_limits(driver, answer, at_ns);
    if (answer->headers.date_s >= 0)
        driver->skew = skew_by_date(clock_of(driver), answer->headers.date_s,
                                    life_asked_ns(&driver->session.life), at_ns);
    if (!answer->raw.accepted) keep_refusal(driver, answer, at_ns);
    facts.usual_limit_tokens = usual_limit(driver, facts.limit_tokens);
    return facts;
}
