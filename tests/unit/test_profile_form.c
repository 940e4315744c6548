/* What single values must look like beyond their type: each form with what it takes, what it
 * refuses and says, and that no secret is ever said again. */
#include "profile/form.h"
#include "profile/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NAME_63 "a23456789b123456789c123456789d123456789e123456789f123456789g123"
#define CANARY "CANARYsecret"
#define REGION_WITH(headers)                                                                       \
    "{\"name\": \"x\", \"regions\": [{\"name\": \"a\", \"endpoint\": \"https://a.example\","       \
    "\"deployment\": \"d\", \"headers\": " headers "}]}"

typedef enum err_code form(const char *text, struct error *err);

/* NULL-terminated lists. */
static void takes(form *accept, const char *const *texts)
{
    for (size_t i = 0; texts[i] != NULL; i++) {
        struct error err = {0};
        if (accept(texts[i], &err) != ERR_OK) fail_msg("\"%s\": %s", texts[i], err.text);
    }
}

static void refuses(form *accept, const char *words, const char *const *texts)
{
    for (size_t i = 0; texts[i] != NULL; i++) {
        struct error err = {0};
        enum err_code code = accept(texts[i], &err);
        if (code != ERR_USAGE || strstr(err.text, words) == NULL)
            fail_msg("\"%s\": %d \"%s\"", texts[i], code, err.text);
        if (strstr(err.text, CANARY) != NULL) fail_msg("\"%s\": says it: %s", texts[i], err.text);
    }
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static void names(void **state)
{
    (void)state;
    takes(form_profile_name, LIST("x", "a.b_c-D9", NAME_63 "x"));
    refuses(form_profile_name, "cannot name a folder",
            LIST("a/b", "a b", "\xC3\xA9", "a:b", NAME_63 "xx", "a\\b"));
    takes(form_region_name, LIST("eastus2", "a_b-C", NAME_63));
    refuses(form_region_name, "cannot name a region", LIST("a.b", "a b", "a,b", NAME_63 "x", "a}"));
    takes(form_deployment, LIST("gpt-realtime", "rt.v2", "d_1:latest"));
    refuses(form_deployment, "is not a name",
            LIST("a b", "a/b", "a?b", "a#b", "a&b", "a?api-key=" CANARY, "a&api-key=" CANARY));
}

static void dates_and_versions(void **state)
{
    (void)state;
    takes(form_api_version, LIST("2025-04-01-preview", "2024-10-21"));
    refuses(form_api_version, "write it as 2025-04-01-preview",
            LIST("2025-04", "v1", "2025-04-01-beta", "2025-04-01preview", "2025/04/01",
                 "2025-04-01-preview-2", "", "2025-04-01-preview&api-key=" CANARY));
    takes(form_date, LIST("2026-10-01"));
    refuses(form_date, "write it as 2026-10-01", LIST("2026-10-01T00:00:00Z", "1.10.2026", "2026"));
}

static void paths_and_commands(void **state)
{
    (void)state;
    takes(form_path, LIST("/", "/openai/v1/realtime", "/a%20b"));
    refuses(form_path, "begin with /",
            LIST("openai", "/a?b=c", "/a#b", "/a b", "https://a/b", "/a?api-key=" CANARY));
    takes(form_command, LIST("az account get-access-token", " x"));
    refuses(form_command, "an empty command", LIST("", " ", "\t  "));
}

/* A reference and nothing else; whatever else it is, it may be the secret itself. */
static void secrets_are_references(void **state)
{
    (void)state;
    takes(form_secret_reference,
          LIST("${A}", "${_x9}", "${file:/run/secrets/key}", "${file:a b}", "${file:x}"));
    refuses(form_secret_reference, "a secret does not belong into a profile",
            LIST(CANARY, "${}", "${1A}", "${A-B}", "${A} ", " ${A}", "${A}${B}", "${file:}",
                 "${" CANARY, CANARY "${A}", "${A B}", ""));
    /* what stands behind the $ is not shown: nobody knows that it is a name */
    refuses(form_secret_reference, "written with braces here: ${NAME} for $NAME",
            LIST("$A", "$EASTUS2_KEY", "$" CANARY));
    refuses(form_secret_reference, "write it as \"token_command\"",
            LIST("$(az account get-access-token)", "$(" CANARY ")"));
}

static void endpoints_are_origins(void **state)
{
    (void)state;
    takes(form_endpoint, LIST("https://a", "wss://A.example.com:8443/", "HTTPS://a_b.c",
                              "http://localhost:1", "ws://127.255.0.1", "https://[::1]:65535"));
    refuses(form_endpoint, "begins with https:// or wss://", LIST("a.example.com", "ftp://a", ""));
    refuses(form_endpoint, "holds no user or password",
            LIST("https://" CANARY "@a", "https://me:" CANARY "@a.example.com/"));
    refuses(form_endpoint, "is an origin without path and query",
            LIST("https://a/" CANARY, "https://a?api-key=" CANARY, "https://a/#" CANARY));
    refuses(form_endpoint, "not a host name with an optional port",
            LIST("https://", "https://a:", "https://a:0", "https://a:65536", "https://a:1:2",
                 "https://.a", "https://a..b", "https://a b", "https://[::1", "https://[::1]x",
                 "https://[a]", "https://-a:x"));
    refuses(form_endpoint, "without TLS the credentials can be read",
            LIST("http://a.example.com", "ws://10.0.0.1", "http://localhost.example.com",
                 "http://[::2]"));
}

static void an_endpoint_in_parts(void **state)
{
    static const struct {
        const char *endpoint, *host;
        uint16_t port;
        bool tls;
    } rows[] = {{"https://A.Example.com", "a.example.com", 443, true},
                {"wss://a:8443/", "a", 8443, true},
                {"http://localhost", "localhost", 80, false},
                {"ws://[::1]:7", "::1", 7, false}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *host = NULL;
        uint16_t port = 0;
        bool tls = !rows[i].tls;
        form_endpoint_split(rows[i].endpoint, &host, &port, &tls);
        assert_string_equal(host, rows[i].host);
        assert_int_equal(port, rows[i].port);
        assert_int_equal(tls, rows[i].tls);
        free(host);
    }
}

static void proxies(void **state)
{
    (void)state;
    takes(form_proxy, LIST("http://proxy:3128", "HTTP://proxy", "http://${U}:${P}@proxy:3128/",
                           "http://me:${P}@proxy", "${HTTPS_PROXY}", "${file:/etc/proxy}"));
    refuses(form_proxy, "a proxy is written http://host:port",
            LIST("proxy:3128", "https://proxy", "socks5://proxy:1080"));
    refuses(form_proxy, "a password does not belong into a profile",
            LIST("http://me:" CANARY "@proxy", "http://" CANARY "@proxy",
                 "http://me:${P}" CANARY "@proxy", "http://me:${P}@" CANARY "@proxy"));
    refuses(form_proxy, "not a proxy's address",
            LIST("http://", "http://proxy:0", "http://proxy/path", "http://proxy?x"));
}

/* ---- headers ---- */

static void header_names(void **state)
{
    (void)state;
    takes(form_header_name, LIST("X-Team", "ocp-apim-subscription-key", "a!#$%&'*+-.^_`|~1",
                                 "Sec-WebSocket-Protocol", "User-Agent"));
    refuses(form_header_name, "cannot name a header", LIST("", "a b", "a:b", "a\xC3\xA9", "(a)"));
    refuses(form_header_name, "credentials go into `auth`",
            LIST("Authorization", "api-key", "API-KEY"));
    refuses(form_header_name, "belongs to the upgrade itself",
            LIST("Host", "connection", "Upgrade", "Content-Length", "transfer-encoding",
                 "Sec-WebSocket-Key", "sec-websocket-version"));
}

/* A line of a tool's trace, pasted whole for its name. */
static void a_header_line_is_not_said_again(void **state)
{
    static const char *const lines[] = {"Authorization: Bearer " CANARY, "X-Key:" CANARY,
                                        "X Key " CANARY, "Cookie=" CANARY "; a: b"};
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char json[512];
        struct profile *profile = NULL;
        struct error err = {0};
        (void)snprintf(json, sizeof json, REGION_WITH("{\"%s\": \"\"}"), lines[i]);
        assert_int_equal(profile_parse("f.json", json, strlen(json), &profile, &err), ERR_PROFILE);
        assert_null(strstr(err.text, CANARY));
        if (strncmp(err.text, "f.json:1:", 9) != 0 ||
            strstr(err.text, ": regions[0].headers: \"") == NULL ||
            strstr(err.text, "cannot name a header") == NULL)
            fail_msg("%s", err.text);
    }
}

static void header_values(void **state)
{
    static const struct {
        const char *name, *value, *words; /* NULL: taken */
    } rows[] = {
        {"X-Team", "load test, 7", NULL},
        {"X-Team", "", NULL},
        {"X-Team", "a\nb", "printable ASCII only"},
        {"X-Team", "\xC3\xA9", "printable ASCII only"},
        {"X-Team", "a ${ b", "begins no reference"},
        {"X-Team", "a ${B} c", NULL},
        {"Ocp-Apim-Subscription-Key", CANARY, "a secret does not belong into a profile"},
        {"X-Auth", CANARY, "a secret does not belong into a profile"},
        {"Cookie", "a=" CANARY, "a secret does not belong into a profile"},
        {"X-Client-Secret", "${NAME}", NULL},
        {"Sec-WebSocket-Protocol", "realtime", NULL},
        {"Sec-WebSocket-Protocol", "realtime, openai-insecure-api-key." CANARY,
         "a secret does not belong into a profile"},
        {"Sec-WebSocket-Protocol", "realtime, openai-insecure-api-key.${KEY}", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct error err = {0};
        enum err_code code = form_header_value(rows[i].name, rows[i].value, &err);
        bool right = rows[i].words == NULL
                         ? code == ERR_OK
                         : code == ERR_USAGE && strstr(err.text, rows[i].words) != NULL;
        if (!right) fail_msg("%s: %s: %d \"%s\"", rows[i].name, rows[i].value, code, err.text);
        assert_null(strstr(err.text, CANARY));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(dates_and_versions),
        cmocka_unit_test(paths_and_commands),
        cmocka_unit_test(secrets_are_references),
        cmocka_unit_test(endpoints_are_origins),
        cmocka_unit_test(an_endpoint_in_parts),
        cmocka_unit_test(proxies),
        cmocka_unit_test(header_names),
        cmocka_unit_test(a_header_line_is_not_said_again),
        cmocka_unit_test(header_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
