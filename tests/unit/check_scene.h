/* A preflight check of one region; the test plays the other side (scripted_net.h). */
#ifndef CHECK_SCENE_H
#define CHECK_SCENE_H

#include "check_fixture.h"
#include "scripted_net.h"

#include <stdlib.h>

#define WITH_KEY ", \"auth\": {\"api_key\": \"${K}\"}"
#define KEY "s3cret-of-the-region"

static struct {
    uv_loop_t loop;
    struct profile *profile;
    struct check *check;
    const struct check_region *told;
    int changes;
} scene;

static void on_change(void *user)
{
    (void)user;
    scene.changes++;
}

/* Starts the check of one region, with further profile keys in `more`. The plain request is then in
 * progress. */
static FIXTURE_UNUSED void scene_start(const char *more)
{
    char region[1024];
    size_t count;
    struct error err = {0};
    memset(&scripted, 0, sizeof scripted);
    memset(&scripted_https, 0, sizeof scripted_https);
    memset(&scene, 0, sizeof scene);
    (void)setenv("K", KEY, 1);
    (void)snprintf(region, sizeof region, FIXTURE_REGION("r", "%s"), more);
    scene.profile = fixture_profile(region);
    assert_int_equal(uv_loop_init(&scene.loop), 0);
    const struct check_options options = {.profile = scene.profile, .on_change = on_change};
    if (check_start(&scene.loop, &options, &scene.check, &err) != ERR_OK) fail_msg("%s", err.text);
    scene.told = check_told(scene.check, &count);
    assert_int_equal(count, 1);
}

static FIXTURE_UNUSED void scene_end(void)
{
    if (scripted.user != NULL) play_end(&(struct ws_end){.opened = true, .close_code = 1000});
    check_free(scene.check);
    assert_int_equal(scripted.clients, 0);
    assert_int_equal(uv_loop_close(&scene.loop), 0);
    profile_free(scene.profile);
}

/* A successful plain request; the WebSocket is then being dialled. */
static FIXTURE_UNUSED void play_good_https(void)
{
    static const struct http_header headers[] = {{"apim-request-id", "0f0f"},
                                                 {"x-ms-region", "East US 2"}};
    static const struct http_result result = {
        .reached = HTTP_DONE,
        .step_ns = {1000000, 2000000, 3000000, 4000000},
        .addresses = {"20.42.1.5"},
        .address_count = 1,
        .address = "20.42.1.5",
        .tls_version = "TLSv1.3",
        .certificate = {.seen = true,
                        .issuer = "O=Microsoft Corporation",
                        .issuer_organization = "Microsoft Corporation",
                        .not_after_s = INT64_C(4102444800)},
        .status = 404,
        .headers = headers,
        .header_count = 2,
        .body = "",
    };
    play_https(&result);
}

/* Up to session.created, exclusive. */
static FIXTURE_UNUSED void play_upgrade(void)
{
    static const struct http_header id = {"apim-request-id", "abcd-1"};
    play_good_https();
    play_steps(WS_STEP_RESOLVED, WS_STEP_TLS);
    play_open(&id, 1);
}

#define CREATED                                                                                    \
    "{\"type\":\"session.created\",\"session\":{\"id\":\"sess_1\",\"model\":\"gpt-realtime\"}}"
#define UPDATED "{\"type\":\"session.updated\",\"session\":{}}"
#define RESPONSE "{\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\"}}"
#define DELTA "{\"type\":\"response.output_text.delta\",\"delta\":\"OK\"}"
#define DONE                                                                                       \
    "{\"type\":\"response.done\",\"response\":{\"id\":\"resp_1\",\"status\":\"completed\","        \
    "\"output\":[{}],\"usage\":{\"total_tokens\":12,\"input_tokens\":10,\"output_tokens\":2}}}"

/* Up to the turn, which has been requested. */
static FIXTURE_UNUSED void play_ready(void)
{
    play_upgrade();
    play_message(CREATED);
    play_message(UPDATED);
}

#endif
