/* A service with a single fault, for the tests of response faults. */
#ifndef TEST_SIMULATOR_FAULT_RESPONSE_FIXTURE_H
#define TEST_SIMULATOR_FAULT_RESPONSE_FIXTURE_H

#include "service_fixture.h"

#define REGIONS 3 /* ga, preview, openai */

static inline void start_fault(const char *fault, const char *more)
{
    char block[512];
    (void)snprintf(block, sizeof block,
                   "{" QUICK
                   ",\"output_deltas\":6,\"audio_delta_bytes\":48,\"faults\":[{\"fault\":\"%s\","
                   "\"rate\":\"100%%\"%s}]}",
                   fault, more);
    start(block);
}

/* Opens a session and requests a response with an event_id of ours. */
static inline void ask_for_response(int region)
{
    open_session(region);
    expect("session.created");
    wire_send_text(&wire, "{\"type\":\"response.create\",\"event_id\":\"mine\"}");
}

static inline bool is(const cJSON *event, const char *type)
{
    return strcmp(at_path(event, "type"), type) == 0;
}

static inline bool is_output(const cJSON *event)
{
    const char *type = at_path(event, "type");
    const char *end = strrchr(type, '.');
    return end != NULL && strcmp(end, ".delta") == 0;
}

static inline const cJSON *response_line(const cJSON *lines, int region)
{
    static const char *const names[] = {"eastus2", "beta", "openai"};
    const cJSON *line;
    cJSON_ArrayForEach(line, lines)
    {
        if (strcmp(at_path(line, "kind"), "response") == 0 &&
            strcmp(at_path(line, "region"), names[region]) == 0)
            return line;
    }
    fail_msg("no response of region %d in the ledger", region);
    return NULL;
}

/* Every region's response must have a ledger line with fault and outcome. */
static inline void assert_ledger(const char *name, const char *number, const char *outcome)
{
    cJSON *lines = ledger_after_stop();
    for (int region = 0; region < REGIONS; region++) {
        const cJSON *line = response_line(lines, region);
        assert_string_equal(at_path(line, "fault_name"), name);
        assert_string_equal(at_path(line, "fault"), number);
        assert_string_equal(at_path(line, "outcome"), outcome);
    }
    cJSON_Delete(lines);
    finish();
}

struct done {
    const char *fault, *number, *status, *type, *code, *fragment, *reason;
    const char *outcome;
    const char *input, *output, *cached; /* tokens; NULL: any number above 0 */
    int items;
};

#endif
