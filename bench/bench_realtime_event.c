/* The cost of one received event: the scan that every event gets, and the cJSON parsing that few
 * get. */
#include "base/clock.h"
#include "base/text.h"
#include "realtime/event.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

#define ROUNDS 15

/* Receives results, so that the compiler cannot drop the work. */
static volatile unsigned sink;

static void scan(const char *message, size_t length)
{
    char type[EVENT_TYPE_SIZE];
    sink += event_scan(message, length, type);
}

static void parse_tree(const char *message, size_t length)
{
    cJSON *root = cJSON_ParseWithLength(message, length);
    sink += root != NULL;
    cJSON_Delete(root);
}

static void scan_and_parse(const char *message, size_t length)
{
    char type[EVENT_TYPE_SIZE];
    struct event_facts facts;
    sink += event_parse(event_scan(message, length, type), message, length, &facts);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median over the rounds of the mean time of one call in ns. */
static double measure(void (*call)(const char *, size_t), const struct text *message,
                      unsigned calls)
{
    double rounds[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t start = clock_mono_ns();
        for (unsigned i = 0; i < calls; i++) call(message->data, message->length);
        rounds[round] = (double)(clock_mono_ns() - start) / calls;
    }
    qsort(rounds, ROUNDS, sizeof rounds[0], compare);
    return rounds[ROUNDS / 2];
}

/* An audio delta of about `length` bytes, with its type first as the service sends it, or last. */
static struct text delta(size_t length, bool type_first)
{
    static const char type[] = "\"type\":\"response.output_audio.delta\"";
    struct text message = {0};
    text_puts(&message, "{");
    if (type_first) text_printf(&message, "%s,", type);
    text_puts(&message, "\"event_id\":\"event_D1aBcDeFgHiJkLmNoPqRs\",\"response_id\":\"resp_"
                        "D1aBcDeFgHiJkLmNoPqRs\","
                        "\"delta\":\"");
    while (message.length + (type_first ? 2 : sizeof type + 3) < length) text_puts(&message, "A");
    text_puts(&message, "\"");
    if (!type_first) text_printf(&message, ",%s", type);
    text_puts(&message, "}");
    return message;
}

static struct text response_done(void)
{
    struct text message = {0};
    text_puts(
        &message,
        "{\"type\":\"response.done\",\"event_id\":\"event_15\",\"response\":{\"object\":\"realtime."
        "response\","
        "\"id\":\"resp_01\",\"status\":\"completed\",\"status_details\":null,\"output\":[{\"id\":"
        "\"item_a1\","
        "\"type\":\"message\",\"status\":\"completed\",\"role\":\"assistant\",\"content\":[{"
        "\"type\":"
        "\"output_text\",\"text\":\"Blue.\"}]}],\"usage\":{\"total_tokens\":36,\"input_tokens\":32,"
        "\"output_tokens\":4,\"input_token_details\":{\"text_tokens\":32,\"audio_tokens\":0,"
        "\"cached_tokens\":0,\"cached_tokens_details\":{\"text_tokens\":0,\"audio_tokens\":0}},"
        "\"output_token_details\":{\"text_tokens\":4,\"audio_tokens\":0}},\"metadata\":null}}");
    return message;
}

static void row(const char *what, struct text message, void (*call)(const char *, size_t),
                unsigned calls)
{
    printf("%-44s %7zu %10.1f\n", what, message.length, measure(call, &message, calls));
    text_free(&message);
}

int main(void)
{
    printf("%-44s %7s %10s   (median of %d rounds)\n", "realtime events", "bytes", "ns", ROUNDS);
    row("event_scan, type first", delta(200, true), scan, 200000);
    row("event_scan, type first", delta(4096, true), scan, 200000);
    row("event_scan, type last", delta(200, false), scan, 200000);
    row("event_scan, type last", delta(4096, false), scan, 100000);
    row("cJSON parse and free, delta", delta(200, true), parse_tree, 20000);
    row("cJSON parse and free, delta", delta(4096, true), parse_tree, 5000);
    row("cJSON parse and free, response.done", response_done(), parse_tree, 10000);
    row("event_scan and event_parse, response.done", response_done(), scan_and_parse, 10000);
    return 0;
}
