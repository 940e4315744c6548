/* Where and how a conversation with a region is opened. */
#include "service/target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void a_connect_override_of_one_region_is_not_its_neighbour_s(void **state)
{
    static const char json[] = "{\"name\":\"r\",\"regions\":["
                               "{\"name\":\"a\",\"endpoint\":\"https://"
                               "x.example.com\",\"deployment\":\"d\",\"dialect\":\"ga\"},"
                               "{\"name\":\"b\",\"endpoint\":\"https://"
                               "x.example.com\",\"deployment\":\"e\",\"dialect\":\"ga\"}],"
                               "\"load\":{\"stages\":[{\"duration\":\"1s\",\"target\":1}]}}";
    char host[] = "X.example.com";
    char first[] = "127.0.0.1";
    char second[] = "127.0.0.2";
    char any[] = "127.0.0.3";
    const struct connect_override connect_overrides[] = {
        {.region = "a", .host = host, .port = 443, .address = first, .address_port = 1},
        {.region = "b", .host = host, .port = 443, .address = second, .address_port = 2},
        {.host = host, .port = 443, .address = any, .address_port = 3}};
    struct profile *profile = NULL;
    struct error err = {0};
    (void)state;
    if (profile_parse("test", json, strlen(json), &profile, &err) != ERR_OK)
        fail_msg("%s", err.text);
    for (size_t i = 0; i < 2; i++) {
        const struct target_options all = {.connect_overrides = connect_overrides,
                                           .connect_override_count = 3};
        const struct target_options of_the_host = {.connect_overrides = &connect_overrides[2],
                                                   .connect_override_count = 1};
        struct target target;
        assert_int_equal(target_init(&target, &profile->regions[i], &all, &err), ERR_OK);
        assert_string_equal(target.where.address, i == 0 ? first : second);
        assert_int_equal(target.where.address_port, i + 1);
        target_free(&target);
        assert_int_equal(target_init(&target, &profile->regions[i], &of_the_host, &err), ERR_OK);
        assert_string_equal(target.where.address, any);
        target_free(&target);
    }
    profile_free(profile);
}

static struct profile *profile_of(const char *regions)
{
    char json[2048];
    struct profile *profile = NULL;
    struct error err = {0};
    int length = snprintf(json, sizeof json,
                          "{\"name\":\"r\",\"regions\":[%s],"
                          "\"load\":{\"stages\":[{\"duration\":\"1s\",\"target\":1}]}}",
                          regions);
    if (profile_parse("test", json, (size_t)length, &profile, &err) != ERR_OK)
        fail_msg("%s", err.text);
    return profile;
}

#define REGION(more)                                                                               \
    "{\"name\":\"a\",\"endpoint\":\"https://x.example.com\",\"deployment\":\"d\","                 \
    "\"dialect\":\"ga\"" more "}"

/* The target of the first region; ${K} is "s3cret". */
static struct target target_of(struct profile *profile, const char *client_secret)
{
    const struct target_options options = {.client_secret = client_secret};
    struct target target;
    struct error err = {0};
    (void)setenv("K", "s3cret", 1);
    if (profile_secrets_load(profile, &err) != ERR_OK ||
        target_init(&target, &profile->regions[0], &options, &err) != ERR_OK)
        fail_msg("%s", err.text);
    return target;
}

static const char *header_of(const struct target *target, const char *name)
{
    for (size_t i = 0; i < target->header_count; i++) {
        if (strcmp(target->headers[i].name, name) == 0) return target->headers[i].value;
    }
    return "(absent)";
}

static void the_credential_goes_where_the_profile_says(void **state)
{
    static const struct {
        const char *auth, *client_secret, *path, *api_key, *authorization;
    } rows[] = {
        {"{\"api_key\":\"${K}\"}", NULL, "/openai/v1/realtime?model=d", "s3cret", "(absent)"},
        {"{\"api_key\":\"${K}\",\"in\":\"query\"}", NULL,
         "/openai/v1/realtime?model=d&api-key=s3cret", "(absent)", "(absent)"},
        {"{\"token\":\"${K}\"}", NULL, "/openai/v1/realtime?model=d", "(absent)", "Bearer s3cret"},
        /* a client secret replaces the key, and its header exists before there is one */
        {"{\"api_key\":\"${K}\",\"ephemeral\":true}", "ek_1", "/openai/v1/realtime?model=d",
         "(absent)", "Bearer ek_1"},
        {"{\"api_key\":\"${K}\",\"ephemeral\":true}", NULL, "/openai/v1/realtime?model=d",
         "(absent)", "Bearer none"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char region[512];
        (void)snprintf(region, sizeof region, REGION(",\"auth\":%s"), rows[i].auth);
        struct profile *profile = profile_of(region);
        struct target target = target_of(profile, rows[i].client_secret);
        assert_string_equal(target.where.target, rows[i].path);
        assert_string_equal(header_of(&target, "api-key"), rows[i].api_key);
        assert_string_equal(header_of(&target, "Authorization"), rows[i].authorization);
        target_free(&target);
        profile_free(profile);
    }
}

static void a_key_in_the_subprotocol_is_known(void **state)
{
    static const struct {
        const char *headers;
        bool known;
    } rows[] = {
        {"{}", false},
        {"{\"Sec-WebSocket-Protocol\":\"realtime, openai-insecure-api-key.${K}\"}", true},
        {"{\"sec-websocket-protocol\":\"openai-insecure-api-key.${K}\"}", true},
        {"{\"Sec-WebSocket-Protocol\":\"realtime\"}", false},
        {"{\"x-note\":\"openai-insecure-api-key.${K}\"}", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char region[512];
        (void)snprintf(region, sizeof region, REGION(",\"headers\":%s"), rows[i].headers);
        struct profile *profile = profile_of(region);
        struct target target = target_of(profile, NULL);
        if (target.key_as_subprotocol != rows[i].known) fail_msg("row %zu", i);
        target_free(&target);
        profile_free(profile);
    }
}

static void too_many_headers_are_refused(void **state)
{
    struct text headers = {0};
    struct error err = {0};
    struct target target;
    (void)state;
    for (int i = 0; i < TARGET_HEADERS - 1; i++)
        text_printf(&headers, "%s\"x-%d\":\"1\"", i == 0 ? "" : ",", i);
    struct text region = {0};
    text_printf(&region, REGION(",\"headers\":{%s}"), text_str(&headers));
    struct profile *profile = profile_of(text_str(&region));
    assert_int_equal(target_init(&target, &profile->regions[0], &(struct target_options){0}, &err),
                     ERR_PROFILE);
    assert_non_null(strstr(err.text, "region a"));
    target_free(&target); /* nothing is left to free, which is fine */
    profile_free(profile);
    text_free(&region);
    text_free(&headers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connect_override_of_one_region_is_not_its_neighbour_s),
        cmocka_unit_test(the_credential_goes_where_the_profile_says),
        cmocka_unit_test(a_key_in_the_subprotocol_is_known),
        cmocka_unit_test(too_many_headers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
