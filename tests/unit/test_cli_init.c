/* `init`: a profile that is whole in every environment, and holds no secret of it. */
#include "cli_fixture.h"

#include "profile/profile.h"

#include <sys/stat.h>

#define KEY "canary-of-a-key-0123456789abcdef"

static const char *const variables[] = {"AZURE_OPENAI_ENDPOINT",
                                        "AZURE_OPENAI_API_KEY",
                                        "AZURE_OPENAI_DEPLOYMENT",
                                        "AZURE_OPENAI_DEPLOYMENT_NAME",
                                        "AZURE_OPENAI_REALTIME_DEPLOYMENT",
                                        "AZURE_OPENAI_MODEL",
                                        "OPENAI_API_KEY",
                                        "OPENAI_MODEL"};

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) (void)unsetenv(variables[i]);
    return 0;
}

/* What `init -` prints, as a profile; the caller frees it. */
static struct profile *profile_of(const char *line)
{
    const struct told *told = tell_line(line);
    struct profile *profile = NULL;
    struct error err = {0};
    if (told->status != 0 ||
        profile_parse("it", told->out, strlen(told->out), &profile, &err) != ERR_OK)
        fail_msg("%d: %s%s\n%s", told->status, told->err, err.text, told->out);
    lacks(told->out, KEY);
    return profile;
}

static void a_starter_is_a_whole_profile(void **state)
{
    (void)state;
    struct profile *profile = profile_of("init -");
    assert_int_equal(profile->region_count, 1);
    assert_string_equal(profile->regions[0].deployment, "gpt-realtime-2.1");
    assert_true(profile->budget.tokens > 0 || profile->budget.usd > 0);
    profile_free(profile);
}

/* Each of what users have set: the region that comes of it. */
static void the_environment_fills_it_in(void **state)
{
    static const struct {
        const char *set[5][2];
        const char *name, *endpoint, *deployment, *model;
        enum dialect dialect;
        bool usd;
    } cases[] = {
        {{{"AZURE_OPENAI_ENDPOINT", "https://contoso-x.openai.azure.com/openai/v1/"},
          {"AZURE_OPENAI_API_KEY", KEY},
          {"AZURE_OPENAI_DEPLOYMENT_NAME", "my-rt"},
          {"AZURE_OPENAI_MODEL", "gpt-realtime-2"}},
         "contoso-x",
         "https://contoso-x.openai.azure.com",
         "my-rt",
         "gpt-realtime-2",
         DIALECT_GA,
         true},
        {{{"AZURE_OPENAI_ENDPOINT", "https://contoso-x.openai.azure.com"},
          {"AZURE_OPENAI_DEPLOYMENT", "a"},
          {"AZURE_OPENAI_REALTIME_DEPLOYMENT", "b"},
          {"OPENAI_API_KEY", KEY}},
         "contoso-x",
         "https://contoso-x.openai.azure.com",
         "b",
         "gpt-realtime-2.1",
         DIALECT_GA,
         false},
        {{{"OPENAI_API_KEY", KEY}, {"OPENAI_MODEL", "gpt-realtime-2"}},
         "openai",
         "https://api.openai.com",
         NULL,
         "gpt-realtime-2",
         DIALECT_OPENAI,
         true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        (void)set_up(state);
        for (size_t v = 0; cases[i].set[v][0] != NULL; v++)
            assert_int_equal(setenv(cases[i].set[v][0], cases[i].set[v][1], 1), 0);
        struct profile *profile = profile_of("init - --from-env");
        const struct region *region = &profile->regions[0];
        assert_string_equal(region->name, cases[i].name);
        assert_string_equal(region->endpoint, cases[i].endpoint);
        assert_string_equal(region->model, cases[i].model);
        if (cases[i].deployment != NULL)
            assert_string_equal(region->deployment, cases[i].deployment);
        assert_int_equal(region->dialect, cases[i].dialect);
        assert_int_equal(profile->budget.usd > 0, cases[i].usd);
        profile_free(profile);
    }
}

/* URLs of a socket, addresses, and hosts that cannot be the name of a region as they are. */
static void an_endpoint_tells_what_it_is(void **state)
{
    static const struct {
        const char *endpoint, *name, *api_version, *deployment;
    } cases[] = {
        {"wss://c-x.openai.azure.com/openai/realtime?api-version=2025-04-01-preview&deployment=d1",
         "c-x", "2025-04-01-preview", "d1"},
        {"https://c-x.openai.azure.com/openai/"
         "realtime?deployment=d2&api-version=2024-10-01-preview",
         "c-x", "2024-10-01-preview", "d2"},
        {"wss://c-x.openai.azure.com?api-version=2025-04-01-preview#x", "c-x", "2025-04-01-preview",
         NULL},
        {"wss://c-x.openai.azure.com/openai/v1/realtime?api-version=2025-04-01-preview", "c-x",
         NULL, NULL},
        {"wss://c-x.openai.azure.com/openai/v1/realtime?model=m", "c-x", NULL, NULL},
        {"wss://c-x.openai.azure.com/openai/realtime?api-version=preview", "c-x", NULL, NULL},
        {"wss://c-x.openai.azure.com/openai/realtime?my-api-version=2025-04-01-preview", "c-x",
         NULL, NULL},
        {"https://[::1]:8443", "here", NULL, NULL},
        {"https://[2001:db8::17]", "here", NULL, NULL},
        {"https://[::]:8443", "here", NULL, NULL},
        {"https://aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg.example.com",
         "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg", NULL, NULL},
        {"https://10.1.2.3:8443", "10", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        (void)set_up(state);
        assert_int_equal(setenv("AZURE_OPENAI_ENDPOINT", cases[i].endpoint, 1), 0);
        struct profile *profile = profile_of("init - --from-env");
        const struct region *region = &profile->regions[0];
        assert_string_equal(region->name, cases[i].name);
        if (cases[i].api_version == NULL) {
            assert_int_equal(region->dialect, DIALECT_GA);
            assert_null(region->api_version);
        } else {
            assert_int_equal(region->dialect, DIALECT_PREVIEW);
            assert_string_equal(region->api_version, cases[i].api_version);
        }
        assert_string_equal(region->deployment,
                            cases[i].deployment != NULL ? cases[i].deployment : "gpt-realtime-2.1");
        profile_free(profile);
    }
    (void)set_up(state);
}

static void what_cannot_be_is_named(void **state)
{
    (void)state;
    refused("init - --from-env", 2, "neither AZURE_OPENAI_ENDPOINT nor OPENAI_API_KEY");
    assert_int_equal(setenv("AZURE_OPENAI_ENDPOINT", "contoso", 1), 0);
    refused("init - --from-env", 2, "AZURE_OPENAI_ENDPOINT: ");
    assert_int_equal(setenv("AZURE_OPENAI_ENDPOINT", "https://a.openai.azure.com", 1), 0);
    assert_int_equal(setenv("AZURE_OPENAI_DEPLOYMENT", "no \"name\"", 1), 0);
    refused("init - --from-env", 2, "deployment");
    /* A key in the wrong variable comes into no file and no message. */
    assert_int_equal(setenv("AZURE_OPENAI_API_KEY", KEY, 1), 0);
    assert_int_equal(setenv("AZURE_OPENAI_DEPLOYMENT", KEY, 1), 0);
    refused("init - --from-env", 2, "looks like a key");
    lacks(tell_line("init - --from-env")->err, KEY);
    assert_int_equal(setenv("AZURE_OPENAI_DEPLOYMENT", "sk-proj-0123456789abcdef0123456789", 1), 0);
    refused("init - --from-env", 2, "looks like a key");
    assert_int_equal(setenv("AZURE_OPENAI_DEPLOYMENT", "rt", 1), 0);
    assert_int_equal(setenv("AZURE_OPENAI_MODEL", KEY, 1), 0);
    refused("init - --from-env", 2, "AZURE_OPENAI_MODEL holds");
}

static void a_file_that_is_there_stays(void **state)
{
    (void)state;
    char folder[] = "/tmp/rushhour-init-XXXXXX";
    char line[128];
    char path[96];
    struct stat status;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/a.json", folder);
    (void)snprintf(line, sizeof line, "init %s", path);
    const struct told *told = tell_line(line);
    assert_int_equal(told->status, 0);
    holds(told->out, "a.json --simulate ");
    assert_int_equal(truncate(path, 3), 0);
    refused(line, 1, "a.json: ");
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_size, 3);
    (void)unlink(path);
    (void)rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_endpoint_tells_what_it_is, set_up),
        cmocka_unit_test_setup(a_starter_is_a_whole_profile, set_up),
        cmocka_unit_test_setup(the_environment_fills_it_in, set_up),
        cmocka_unit_test_setup(what_cannot_be_is_named, set_up),
        cmocka_unit_test_setup(a_file_that_is_there_stays, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
