/* Where secrets come from, and that they go nowhere else. */
#include "base/files.h"
#include "test_profile_fixture.h"

#include <stdlib.h>
#include <unistd.h>

#define REGION(more) "{ \"name\": \"s\", \"regions\": [{" REGION_KEYS("eastus2") ", " more "}] }"

static char folder[] = "/tmp/rushhour-secrets-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    (void)state;
    folder_remove(folder);
    return 0;
}

static void write_secret(const char *name, const char *content, size_t length)
{
    char path[128];
    struct error err = {0};
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    if (file_write(path, content, length, &err) != ERR_OK) fail_msg("%s", err.text);
}

static void test_environment_file_and_command(void **state)
{
    (void)state;
    char json[512];
    struct error err = {0};
    assert_int_equal(setenv("RUSHHOUR_UNIT_KEY", "CANARY-key", 1), 0);
    struct profile *profile = parsed(REGION("\"auth\": { \"api_key\": \"${RUSHHOUR_UNIT_KEY}\" }"));
    assert_int_equal(profile_secrets_load(profile, &err), ERR_OK);
    assert_string_equal(profile->regions[0].auth.secret, "CANARY-key");
    assert_int_equal(profile_secrets_load(profile, &err), ERR_OK); /* again: replaced, not leaked */
    profile_free(profile);

    write_secret("token", "CANARY-token\r\n\n", 15);
    (void)snprintf(json, sizeof json, REGION("\"auth\": { \"token\": \"${file:%s/token}\" }"),
                   folder);
    profile = parsed(json);
    assert_int_equal(profile_secrets_load(profile, &err), ERR_OK);
    assert_string_equal(profile->regions[0].auth.secret, "CANARY-token");
    profile_free(profile);

    profile =
        parsed(REGION("\"auth\": { \"token_command\": \"printf ' CANARY-%s\\\\n' command\" }"));
    assert_int_equal(profile_secrets_load(profile, &err), ERR_OK);
    assert_string_equal(profile->regions[0].auth.secret, "CANARY-command");
    profile_free(profile);
}

/* `az` takes seconds: two regions with the same command run it once. */
static void test_one_command_runs_once(void **state)
{
    (void)state;
    char json[768];
    struct error err = {0};
    struct text log = {0};
    (void)snprintf(
        json, sizeof json,
        "{ \"name\": \"s\", \"regions\": [{" REGION_KEYS(
            "a") ", \"auth\": { \"token_command\": \"echo x >>%s/log; echo t\" } },"
                 "{" REGION_KEYS(
                     "b") ", \"auth\": { \"token_command\": \"echo x >>%s/log; echo t\" } }] }",
        folder, folder);
    struct profile *profile = parsed(json);
    assert_int_equal(profile_secrets_load(profile, &err), ERR_OK);
    assert_string_equal(profile->regions[1].auth.secret, "t");
    (void)snprintf(json, sizeof json, "%s/log", folder);
    assert_int_equal(file_read(json, 100, &log, &err), ERR_OK);
    assert_string_equal(text_str(&log), "x\n");
    text_free(&log);
    profile_free(profile);
}

static void test_references_within_headers_and_proxy(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(setenv("RUSHHOUR_UNIT_A", "first", 1), 0);
    assert_int_equal(setenv("RUSHHOUR_UNIT_B", "second", 1), 0);
    struct profile *profile = parsed(
        REGION("\"headers\": { \"X-Both\": \"<${RUSHHOUR_UNIT_A}> $ {x} ${RUSHHOUR_UNIT_B}\" },"
               "\"proxy\": \"http://me:${RUSHHOUR_UNIT_B}@proxy:3128\""));
    assert_int_equal(profile_secrets_load(profile, &err), ERR_OK);
    assert_string_equal(profile->regions[0].headers[0].value, "<first> $ {x} second");
    assert_string_equal(profile->regions[0].proxy, "http://me:second@proxy:3128");
    assert_int_equal(profile_secrets_load(profile, &err), ERR_OK);
    assert_string_equal(profile->regions[0].proxy, "http://me:second@proxy:3128");
    profile_free(profile);
}

/* As in HTTPS_PROXY: address and login together. */
static void test_a_whole_proxy_by_reference(void **state)
{
    (void)state;
    static const char *const good[] = {"http://proxy:3128", "http://me:CAN%40RY@proxy:3128/"};
    static const char *const bad[] = {"socks5://CANARY@proxy:1080", "proxy:3128CANARY", "CANARY"};
    struct error err = {0};
    struct profile *profile = parsed(REGION("\"proxy\": \"${RUSHHOUR_UNIT_P}\""));
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(setenv("RUSHHOUR_UNIT_P", good[i], 1), 0);
        assert_int_equal(profile_secrets_load(profile, &err), ERR_OK);
        assert_string_equal(profile->regions[0].proxy, good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(setenv("RUSHHOUR_UNIT_P", bad[i], 1), 0);
        assert_int_equal(profile_secrets_load(profile, &err), ERR_PROFILE);
        assert_non_null(strstr(err.text, "proxy"));
        assert_null(strstr(err.text, "CANARY"));
    }
    profile_free(profile);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    assert_int_equal(unsetenv("RUSHHOUR_UNIT_NONE"), 0);
    assert_int_equal(setenv("RUSHHOUR_UNIT_EMPTY", "", 1), 0);
    assert_int_equal(setenv("RUSHHOUR_UNIT_LINES", "CANARY\nCANARY", 1), 0);
    assert_int_equal(setenv("RUSHHOUR_UNIT_BEARER", "Bearer CANARY", 1), 0);
    write_secret("empty", "\n", 1);
    write_secret("nul", "CAN\0ARY", 7);
    static const struct {
        const char *auth, *says;
    } cases[] = {
        {"{ \"api_key\": \"${RUSHHOUR_UNIT_NONE}\" }", "RUSHHOUR_UNIT_NONE is not set"},
        {"{ \"api_key\": \"${RUSHHOUR_UNIT_EMPTY}\" }", "RUSHHOUR_UNIT_EMPTY is empty"},
        {"{ \"api_key\": \"${RUSHHOUR_UNIT_LINES}\" }", "auth.api_key: the secret holds a space"},
        {"{ \"token\": \"${RUSHHOUR_UNIT_BEARER}\" }", "auth.token: the secret holds a space"},
        {"{ \"token\": \"${file:%s/missing}\" }", "missing: cannot open"},
        {"{ \"token\": \"${file:%s/empty}\" }", "is empty"},
        {"{ \"token\": \"${file:%s/nul}\" }", "NUL byte"},
        {"{ \"token_command\": \"echo CANARY; exit 3\" }",
         "auth.token_command: the command failed with status 3"},
        {"{ \"token_command\": \"rushhour-no-such-command 2>/dev/null\" }", "was not found"},
        {"{ \"token_command\": \"kill -9 $$\" }", "signal 9"},
        {"{ \"token_command\": \"true\" }", "the secret is empty"},
        {"{ \"token_command\": \"printf 'CANARY CANARY'\" }", "the secret holds a space"},
        {"{ \"token_command\": \"printf '{ \\\"accessToken\\\": \\\"CANARY\\\" }'\" }",
         "add --query accessToken -o tsv"},
        {"{ \"token_command\": \"head -c 100000 /dev/zero | tr '\\\\0' x\" }", "more than 64 KiB"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char auth[256];
        char json[512];
        struct error err = {0};
        char *slot = strstr(cases[i].auth, "%s");
        int before = slot == NULL ? (int)strlen(cases[i].auth) : (int)(slot - cases[i].auth);
        (void)snprintf(auth, sizeof auth, "%.*s%s%s", before, cases[i].auth,
                       slot == NULL ? "" : folder, slot == NULL ? "" : slot + 2);
        (void)snprintf(json, sizeof json, REGION("\"auth\": %s"), auth);
        struct profile *profile = parsed(json);
        enum err_code code = profile_secrets_load(profile, &err);
        if (code != ERR_PROFILE || strstr(err.text, cases[i].says) == NULL)
            fail_msg("%s: %d %s", auth, code, err.text);
        assert_non_null(strstr(err.text, "sample.json:1:"));
        assert_non_null(strstr(err.text, "region eastus2"));
        assert_null(strstr(err.text, "CANARY"));
        assert_null(profile->regions[0].auth.secret);
        profile_free(profile);
    }
}

static void test_azure_asks_for_credentials(void **state)
{
    (void)state;
    struct error err = {0};
    struct profile *profile =
        parsed("{ \"name\": \"s\", \"regions\": [{ \"name\": \"a\", \"deployment\": \"d\","
               "\"endpoint\": \"https://contoso.openai.azure.com\" }] }");
    assert_int_equal(profile_secrets_load(profile, &err), ERR_PROFILE);
    assert_non_null(strstr(err.text, "region a"));
    assert_non_null(strstr(err.text, "--simulate"));
    profile_free(profile);
    profile = parsed(PROFILE("")); /* a gateway elsewhere may require none */
    assert_int_equal(profile_secrets_load(profile, &err), ERR_OK);
    profile_free(profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_environment_file_and_command),
        cmocka_unit_test(test_one_command_runs_once),
        cmocka_unit_test(test_references_within_headers_and_proxy),
        cmocka_unit_test(test_a_whole_proxy_by_reference),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_azure_asks_for_credentials),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
