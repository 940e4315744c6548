#include "check/credentials.h"

#include "base/clock.h"
#include "base/units.h"
#include "check/lint.h"
#include "check/step.h"
#include "realtime/audience.h"
#include "realtime/token.h"

#include <string.h>

#define SHORT_LIFE_S (INT64_C(10) * 60)

static const char *kind_of(const struct auth *auth)
{
    switch (auth->kind) {
    case AUTH_NONE:
        return "none";
    case AUTH_API_KEY:
        return auth->in_query ? "API key, in the query" : "API key";
    case AUTH_TOKEN:
        return "bearer token";
    case AUTH_TOKEN_COMMAND:
        return "bearer token, by a command";
    }
    return "";
}

/* The parser's sentence says what is wrong and where; this says what to do about it. */
static const char *fix_of(const struct auth *auth)
{
    switch (auth->kind) {
    case AUTH_NONE:
        return "write \"auth\" into the region: {\"api_key\": \"${NAME}\"} and export NAME";
    case AUTH_API_KEY:
    case AUTH_TOKEN:
        return "export the variable, or write the file, that `auth` names; then check again";
    case AUTH_TOKEN_COMMAND:
        return "run the command by hand: it should print the token and nothing else";
    }
    return "";
}

#define FIX_CLIENT                                                                                 \
    "correct client_cert, client_key or client_key_passphrase of the region, then check again"

/* ---- claims of a token ---- */

static void fail_audience(struct check_region *told, const struct token_facts *facts, int64_t ns)
{
    struct text fix = {0};
    text_puts(&fix, "ask for a token with --scope ");
    audience_scope(told->region->host, &fix);
    step_failed(told, CHECK_CREDENTIALS, ns, "wrong_audience", "F21", text_str(&fix),
                "the token is for %s, not for the model", facts->audience);
    text_free(&fix);
}

static void fail_expired(struct check_region *told, const struct token_facts *facts, int64_t ns,
                         int64_t now_s)
{
    struct text ago = {0};
    text_duration(&ago, (now_s - facts->expires_s) * NS_PER_S);
    step_failed(told, CHECK_CREDENTIALS, ns, "token_expired", "F88",
                "get a new token (az account get-access-token), or let token_command do it",
                "the token expired %s ago", text_str(&ago));
    text_free(&ago);
}

static void accept_token(struct check_region *told, const struct token_facts *facts, int64_t ns,
                         int64_t now_s)
{
    struct text left = {0};
    text_duration(&left, (facts->expires_s - now_s) * NS_PER_S);
    if (facts->expires_s == 0) {
        step_ok(told, CHECK_CREDENTIALS, ns, "bearer token for %s", facts->audience);
    } else {
        step_ok(told, CHECK_CREDENTIALS, ns, "bearer token for %s, expires in %s", facts->audience,
                text_str(&left));
        if (facts->expires_s - now_s < SHORT_LIFE_S)
            step_note(told, CHECK_CREDENTIALS, "the token expires in %s", text_str(&left));
    }
    text_free(&left);
}

void credentials_judge_token(struct check_region *told, const char *token, int64_t ns,
                             int64_t now_s)
{
    struct token_facts facts;
    bool azure = lint_is_azure(told->region->host);
    if (!token_read(token, &facts)) {
        step_ok(told, CHECK_CREDENTIALS, ns, "bearer token");
        if (azure)
            step_note(told, CHECK_CREDENTIALS,
                      "the token is no JWT, as Entra's are: is it a key? Then write api_key");
        return;
    }
    told->token_expires_s = facts.expires_s;
    text_copy(told->token_audience, sizeof told->token_audience, facts.audience);
    if (facts.expires_s != 0 && facts.expires_s <= now_s) {
        fail_expired(told, &facts, ns, now_s);
    } else if (facts.not_before_s > now_s + SHORT_LIFE_S) {
        step_failed(
            told, CHECK_CREDENTIALS, ns, "token_not_yet_valid", "F10",
            "check this machine's clock: the token was made in what it takes for the future",
            "the token is not valid yet");
    } else if (azure && facts.audience[0] != '\0' &&
               !audience_fits(facts.audience, told->region->host)) {
        fail_audience(told, &facts, ns);
    } else {
        accept_token(told, &facts, ns, now_s);
    }
}

/* ---- the step ---- */

void credentials_read(struct profile *profile, size_t index, bool given, struct check_region *told)
{
    const struct auth *auth = &profile->regions[index].auth;
    struct error err = {0};
    if (given) {
        step_ok(told, CHECK_CREDENTIALS, NOT_TIMED, "the simulator's key");
        return;
    }
    uint64_t began_ns = clock_mono_ns();
    enum err_code code = profile_secrets_load_region(profile, index, &err);
    int64_t ns = (int64_t)(clock_mono_ns() - began_ns);
    if (code != ERR_OK) {
        const bool client = strstr(err.text, ": client_") != NULL;
        step_failed(told, CHECK_CREDENTIALS, ns, client ? "no_client_certificate" : "no_credential",
                    "", client ? FIX_CLIENT : fix_of(auth), "%s", err.text);
        return;
    }
    bool is_token = auth->kind == AUTH_TOKEN || auth->kind == AUTH_TOKEN_COMMAND;
    struct token_facts facts;
    if (is_token && told->region->dialect != DIALECT_OPENAI) {
        credentials_judge_token(told, auth->secret, ns, clock_wall_ns() / NS_PER_S);
        return;
    }
    step_ok(told, CHECK_CREDENTIALS, ns, "%s", kind_of(auth));
    if (auth->kind == AUTH_API_KEY && token_read(auth->secret, &facts))
        step_note(told, CHECK_CREDENTIALS,
                  "the API key is a token (JWT): write \"token\" instead of \"api_key\"");
}
