/* What is said of a profile's regions before anybody is asked, and of who signs certificates. */
#include "check/issuer.h"
#include "check/lint.h"
#include "check_fixture.h"

/* 2026-11-29T00:00:00Z */
#define AS_OF (INT64_C(1795910400) * 1000000000)

struct lint_case {
    const char *region;    /* JSON */
    const char *code;      /* of the failure, or NULL */
    const char *catalogue; /* of the failure */
    const char *note;      /* words of a note, or NULL */
};

#define AT(host)                                                                                   \
    "\"name\": \"r\", \"endpoint\": \"https://" host "\", \"deployment\": \"gpt-realtime\""
#define AZURE AT("contoso.openai.azure.com")
#define PREVIEW "\"dialect\": \"preview\", \"api_version\": \"2025-04-01-preview\""
#define TOKEN(command) "\"auth\": {\"token_command\": \"" command "\"}"

static const struct lint_case cases[] = {
    /* hosts */
    {"{" AZURE "}", NULL, NULL, NULL},
    {"{" AT("contoso.services.ai.azure.com") "}", NULL, NULL, NULL},
    {"{" AT("contoso.cognitiveservices.azure.com") "}", NULL, NULL, NULL},
    {"{" AT("gateway.example.com") "}", NULL, NULL, NULL},
    {"{" AT("contoso.services.ai.azure.com") ", " PREVIEW "}", NULL, NULL, "documented for"},
    {"{" AT("contoso.eastus.azure.com") "}", NULL, NULL, "known forms"},
    {"{" AT("ai.azure.com") "}", "wrong_host", "", NULL},
    {"{" AT("contoso.privatelink.openai.azure.com") "}", "wrong_host", "F08", NULL},
    {"{" AT("eastus2.api.cognitive.microsoft.com") "}", "wrong_host", "", NULL},
    {"{" AT("api.openai.com") "}", "wrong_host", "F28", NULL},
    {"{\"name\": \"r\", \"endpoint\": \"https://contoso.openai.azure.com\", \"model\": "
     "\"gpt-realtime\", "
     "\"dialect\": \"openai\"}",
     "wrong_host", "F28", NULL},
    {"{" AT("api.openai.com.evil.example") "}", NULL, NULL, NULL},
    /* paths and versions */
    {"{" AZURE ", \"path\": \"/openai/realtime\"}", "mixed_forms", "F28", NULL},
    {"{" AZURE ", \"path\": \"/openai/v1/realtime\"}", NULL, NULL, NULL},
    {"{" AZURE ", \"path\": \"/v1/realtime\"}", "mixed_forms", "F28", NULL},
    {"{" AZURE ", " PREVIEW ", \"path\": \"/openai/v1/realtime\"}", "mixed_forms", "F17", NULL},
    {"{" AT("gateway.example.com") ", \"path\": \"/v1/realtime\"}", NULL, NULL, NULL},
    {"{" AZURE ", \"dialect\": \"preview\", \"api_version\": \"2024-10-01-preview\"}", NULL, NULL,
     "retired"},
    /* models */
    {"{" AZURE ", \"model\": \"gpt-4o\"}", NULL, NULL, "serves no conversations"},
    {"{" AZURE ", \"model\": \"gpt-realtime-whisper\"}", NULL, NULL, "serves no conversations"},
    {"{" AZURE ", \"model\": \"gpt-4o-realtime-preview\"}", NULL, NULL, "model of the preview"},
    {"{" AZURE ", " PREVIEW "}", NULL, NULL, "GA model"},
    {"{" AZURE ", " PREVIEW "}", NULL, NULL, "deprecated since 2026-04-30"},
    {"{" AZURE ", \"model\": \"gpt-realtime-mini\"}", NULL, NULL, "retired on 2026-12-15"},
    {"{\"name\": \"r\", \"endpoint\": \"https://api.openai.com\", \"model\": \"gpt-realtime\", "
     "\"dialect\": \"openai\"}",
     NULL, NULL, "retired on 2027-01-20"},
    {"{" AZURE ", \"model\": \"ours\"}", NULL, NULL, "no row for the model ours"},
    /* credentials */
    {"{" AZURE ", " TOKEN(
         "az account get-access-token --scope https://cognitiveservices.azure.com/.default") "}",
     NULL, NULL, NULL},
    {"{" AZURE ", " TOKEN("az account get-access-token --resource https://ai.azure.com") "}", NULL,
     NULL, NULL},
    {"{" AZURE ", " TOKEN("az account get-access-token") "}", "wrong_scope", "F21", NULL},
    {"{" AZURE
     ", " TOKEN("az account get-access-token --scope https://graph.microsoft.com/.default") "}",
     "wrong_scope", "F21", NULL},
    {"{" AZURE
     ", " TOKEN("az account get-access-token --scope https://cognitiveservices.azure.com") "}",
     NULL, NULL, "/.default"},
    {"{" AZURE ", " TOKEN("./get-token") "}", NULL, NULL, NULL},
    {"{" AZURE ", \"auth\": {\"api_key\": \"${KEY}\", \"in\": \"query\"}}", NULL, NULL, "query"},
    /* F34: ten are borne, eleven are not */
    {"{" AZURE
     ", \"headers\": {\"a1\": \"x\", \"a2\": \"x\", \"a3\": \"x\", \"a4\": \"x\", \"a5\": \"x\", "
     "\"a6\": \"x\", \"a7\": \"x\", \"a8\": \"x\", \"a9\": \"x\", \"b1\": \"x\"}}",
     NULL, NULL, NULL},
    {"{" AZURE
     ", \"headers\": {\"a1\": \"x\", \"a2\": \"x\", \"a3\": \"x\", \"a4\": \"x\", \"a5\": \"x\", "
     "\"a6\": \"x\", \"a7\": \"x\", \"a8\": \"x\", \"a9\": \"x\", \"b1\": \"x\", \"b2\": \"x\"}}",
     "upgrade_431", "F34", NULL},
};

static void each_mistake_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct lint_case *given = &cases[i];
        struct profile *profile = fixture_profile(given->region);
        struct check_region told = {.region = &profile->regions[0]};
        lint_region(profile, AS_OF, &told);
        const struct check_result *result = &told.steps[CHECK_PROFILE];
        if (given->code != NULL && result->status != CHECK_FAILED)
            fail_msg("%s was taken", given->region);
        if (given->code == NULL && result->status != CHECK_OK)
            fail_msg("%s: %s", given->region, result->cause);
        if (given->code != NULL) {
            assert_string_equal(result->code, given->code);
            assert_string_equal(result->catalogue, given->catalogue);
            assert_true(result->fix[0] != '\0');
        } else if (given->note == NULL && told.note_count > 0) {
            fail_msg("%s: %s", given->region, told.notes[0].text);
        }
        if (given->note != NULL && !has_note(&told, given->note))
            fail_msg("%s: no note", given->region);
        profile_free(profile);
    }
}

static void a_second_mistake_is_not_lost(void **state)
{
    (void)state;
    struct profile *profile =
        fixture_profile("{" AT("ai.azure.com") ", \"path\": \"/openai/realtime\"}");
    struct check_region told = {.region = &profile->regions[0]};
    lint_region(profile, AS_OF, &told);
    assert_string_equal(told.steps[CHECK_PROFILE].code, "wrong_host");
    assert_true(has_note(&told, "preview route"));
    profile_free(profile);
}

static void issuers_are_told_apart(void **state)
{
    static const struct {
        const char *issuer, *organization;
        enum issuer_kind kind;
        const char *product;
    } issuers[] = {
        {"CN=Microsoft Azure RSA TLS Issuing CA 03,O=Microsoft Corporation,C=US",
         "Microsoft Corporation", ISSUER_PUBLIC, NULL},
        {"CN=DigiCert TLS RSA SHA256 2020 CA1,O=DigiCert Inc,C=US", "DigiCert Inc", ISSUER_PUBLIC,
         NULL},
        {"CN=WE1,O=Google Trust Services,C=US", "Google Trust Services", ISSUER_PUBLIC, NULL},
        {"CN=Zscaler Intermediate Root CA (zscloud.net),OU=Zscaler Inc.,O=Zscaler Inc.",
         "Zscaler Inc.", ISSUER_INSPECTOR, "Zscaler"},
        {"CN=ca.contoso.goskope.com,O=Netskope Inc", "Netskope Inc", ISSUER_INSPECTOR, "Netskope"},
        {"CN=FG100,O=Fortinet,OU=Certificate Authority", "Fortinet", ISSUER_INSPECTOR,
         "Fortinet FortiGate"},
        {"CN=mitmproxy,O=mitmproxy", "mitmproxy", ISSUER_INSPECTOR, "mitmproxy"},
        {"CN=Cisco Umbrella Primary SubCA,O=Cisco", "Cisco", ISSUER_INSPECTOR, "Cisco Umbrella"},
        {"CN=Contoso Root,O=Contoso Ltd", "Contoso Ltd", ISSUER_PRIVATE, NULL},
        {"CN=proxy", "", ISSUER_PRIVATE, NULL},
        /* a public authority's name inside a private one's proves nothing */
        {"CN=Not DigiCert,O=Fake DigiCert Inc", "Fake DigiCert Inc", ISSUER_PRIVATE, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof issuers / sizeof *issuers; i++) {
        const char *product = "unset";
        assert_int_equal(issuer_judge(issuers[i].issuer, issuers[i].organization, &product),
                         issuers[i].kind);
        if (issuers[i].product == NULL) {
            assert_null(product);
        } else {
            assert_string_equal(product, issuers[i].product);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mistake_is_named),
        cmocka_unit_test(a_second_mistake_is_not_lost),
        cmocka_unit_test(issuers_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
