#include "engine/credential_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- delivery ---- */

static bool deliver(struct account *account, const char *secret, int64_t expires_s)
{
    const size_t size = strlen(secret) + sizeof "Bearer ";
    struct credential credential = {
        .value = secret_new(size), .expires_s = expires_s, .serial = account->serial + 1};
    if (credential.value == NULL) return false;
    (void)snprintf(credential.value, size, "Bearer %s", secret);
    bool delivered = account->renewer->options.deliver(account->renewer->options.user,
                                                       account->region, &credential);
    secret_free(credential.value);
    if (!delivered) return false;
    account->serial++;
    account->expires_s = expires_s;
    return true;
}

static const char *token_of(const struct account *account)
{
    const struct account *holder = account->holder;
    return holder->token != NULL ? holder->token : account_region(holder)->auth.secret;
}

static int64_t token_end_s(const char *token)
{
    struct token_facts facts;
    return token_read(token, &facts) ? facts.expires_s : 0;
}

/* ---- tokens ---- */

static void on_read(uv_work_t *work)
{
    struct account *account = work->data;
    const struct credential_renewer *renewer = account->renewer;
    account->work_token = NULL;
    account->work_code =
        profile_secret_again(renewer->options.profile, account->region, &renewer->stop,
                             &account->work_token, &account->work_error);
}

/* Delivers a token to every region that uses it. */
static void spread(struct account *holder)
{
    struct credential_renewer *renewer = holder->renewer;
    const int64_t end_s = token_end_s(holder->token);
    for (size_t i = 0; i < renewer->count; i++) {
        struct account *account = &renewer->accounts[i];
        if (account->holder != holder) continue;
        if (!account->ephemeral) {
            (void)deliver(account, holder->token, end_s); /* when out of memory, keep the old one */
        } else if (account->ask_after_token) {
            account->ask_after_token = false;
            account->of_secret.begin(account);
        }
    }
}

static void fail_waiting(struct account *holder);

static void after_read(uv_work_t *work, int status)
{
    struct account *account = work->data;
    struct credential_renewer *renewer = account->renewer;
    renewer->open_handles--;
    if (atomic_load(&renewer->stop) || status != 0) {
        secret_free(account->work_token);
        account->work_token = NULL;
        return;
    }
    if (account->work_code != ERR_OK) {
        int64_t again_s = renewal_end_badly(&account->of_token);
        account_note_failure(account, "token", account->work_error.text, again_s);
        fail_waiting(account);
        return;
    }
    secret_free(account->token);
    account->token = account->work_token;
    account->work_token = NULL;
    renewal_end_well(&account->of_token, token_end_s(account->token));
    spread(account);
}

static void read_token(struct account *account)
{
    account->work.data = account;
    int status = uv_queue_work(account->renewer->loop, &account->work, on_read, after_read);
    if (status == 0) {
        account->renewer->open_handles++;
    } else {
        account_note_failure(account, "token", uv_strerror(status),
                             renewal_end_badly(&account->of_token));
    }
}

/* ---- client secrets ---- */

static void fail_secret(struct account *account, const char *why)
{
    if (account->renewer->opening) {
        account->of_secret.under_way = false;
        if (account->renewer->failure.code != ERR_OK) return;
        (void)error_set(&account->renewer->failure, ERR_NET,
                        "region %s: the request for a client secret failed: %s",
                        account_region(account)->name, why);
        return;
    }
    account_note_failure(account, "client secret", why, renewal_end_badly(&account->of_secret));
}

/* The token that a client secret waited for did not come. */
static void fail_waiting(struct account *holder)
{
    struct credential_renewer *renewer = holder->renewer;
    for (size_t i = 0; i < renewer->count; i++) {
        struct account *account = &renewer->accounts[i];
        if (account->holder != holder || !account->ask_after_token) continue;
        account->ask_after_token = false;
        fail_secret(account, "its token is refused, and could not be renewed");
    }
}

static void on_secret(void *user, const struct client_secret_result *result)
{
    struct account *account = user;
    account->request = NULL;
    if (result->value != NULL) {
        if (deliver(account, result->value, result->expires_s)) {
            renewal_end_well(&account->of_secret, result->expires_s);
        } else {
            fail_secret(account, "no memory");
        }
    } else if (result->status == 401 && account->holder->changes &&
               account->of_secret.failures == 0 && !account->ask_after_token &&
               !account->holder->of_token.under_way) {
        account->of_secret.failures++; /* counted once */
        account->ask_after_token = true;
        renewal_begin_soon(&account->holder->of_token);
    } else {
        fail_secret(account, result->why);
    }
}

static void ask_for_secret(struct account *account)
{
    const struct renewer_options *options = &account->renewer->options;
    const struct client_secret_question question = {.target = &options->targets[account->region],
                                                    .token = token_of(account),
                                                    .timeouts = &options->profile->timeouts};
    struct error err = {0};
    if (client_secret_request(account->renewer->loop, &question, on_secret, account,
                              &account->request, &err) != ERR_OK) {
        account->request = NULL;
        fail_secret(account, err.text);
    }
}

/* ---- requests ---- */

bool credential_renewer_renews(const struct credential_renewer *renewer, size_t region)
{
    if (renewer == NULL) return false;
    const struct account *account = &renewer->accounts[region];
    return account->ephemeral || account->changes;
}

void credential_renewer_ask(struct credential_renewer *renewer, size_t region, unsigned serial)
{
    if (!credential_renewer_renews(renewer, region)) return;
    atomic_store(&renewer->accounts[region].refused, serial);
    (void)uv_async_send(&renewer->knock);
}

static void on_knock(uv_async_t *knock)
{
    struct credential_renewer *renewer = knock->data;
    for (size_t i = 0; i < renewer->count; i++) {
        struct account *account = &renewer->accounts[i];
        unsigned refused = atomic_exchange(&account->refused, 0);
        if (refused == 0 || refused != account->serial) continue;
        renewal_begin_soon(account->ephemeral ? &account->of_secret : &account->holder->of_token);
    }
}

/* ---- start and end ---- */

/* The earlier region that gets its token from the same command, or this one. */
static struct account *holder_of(struct credential_renewer *renewer, struct account *account)
{
    const struct auth *auth = &account_region(account)->auth;
    for (size_t i = 0; i < account->region; i++) {
        const struct auth *other = &renewer->options.profile->regions[i].auth;
        if (auth->kind == AUTH_TOKEN_COMMAND && other->kind == AUTH_TOKEN_COMMAND &&
            strcmp(auth->source, other->source) == 0)
            return &renewer->accounts[i];
    }
    return account;
}

static void renewal_init(struct renewal *renewal, struct account *account,
                         void (*begin)(struct account *account))
{
    renewal->account = account;
    renewal->begin = begin;
    uv_timer_init(account->renewer->loop, &renewal->timer); /* cannot fail */
    renewal->timer.data = renewal;
    account->renewer->open_handles++;
}

static void account_init(struct credential_renewer *renewer, size_t region)
{
    struct account *account = &renewer->accounts[region];
    account->renewer = renewer;
    account->region = region;
    account->ephemeral = account_region(account)->auth.ephemeral;
    account->holder = holder_of(renewer, account);
    account->changes = profile_secret_changes(account_region(account));
    atomic_init(&account->refused, 0);
    renewal_init(&account->of_token, account, read_token);
    renewal_init(&account->of_secret, account, ask_for_secret);
}

enum err_code credential_renewer_new(uv_loop_t *loop, const struct renewer_options *options,
                                     struct credential_renewer **out, struct error *err)
{
    const size_t count = options->profile->region_count;
    struct credential_renewer *renewer = calloc(1, sizeof *renewer);
    if (renewer != NULL) renewer->accounts = calloc(count, sizeof *renewer->accounts);
    if (renewer == NULL || renewer->accounts == NULL ||
        uv_async_init(loop, &renewer->knock, on_knock) != 0) {
        if (renewer != NULL) free(renewer->accounts);
        free(renewer);
        return error_set(err, ERR_NOMEM, "no memory for the credentials of %zu regions", count);
    }
    renewer->loop = loop;
    renewer->options = *options;
    renewer->count = count;
    renewer->knock.data = renewer;
    renewer->open_handles = 1;
    atomic_init(&renewer->stop, false);
    for (size_t i = 0; i < count; i++) account_init(renewer, i);
    *out = renewer;
    return ERR_OK;
}

/* For tokens available from the start: determines their times, and gives each worker that opens
 * sessions with one a copy. */
static enum err_code open_token(struct account *account, struct error *err)
{
    const struct auth *auth = &account_region(account)->auth;
    if (auth->secret == NULL || (auth->kind != AUTH_TOKEN && auth->kind != AUTH_TOKEN_COMMAND))
        return ERR_OK;
    const int64_t end_s = token_end_s(auth->secret);
    if (!account->ephemeral && !deliver(account, auth->secret, end_s))
        return error_set(err, ERR_NOMEM, "region %s: no memory for its token",
                         account_region(account)->name);
    if (account->changes && account->holder == account) renewal_end_well(&account->of_token, end_s);
    const int64_t left_s = end_s - renewal_now_s();
    if (account->changes || end_s == 0 || left_s > account->renewer->options.load_ns / NS_PER_S)
        return ERR_OK;
    char text[320];
    (void)snprintf(text, sizeof text,
                   "rushhour: region %s: its token expires in %" PRId64
                   " s, before the load ends, and an environment variable cannot be read again: "
                   "use token_command "
                   "or ${file:PATH}",
                   account_region(account)->name, left_s > 0 ? left_s : 0);
    renewer_note(account->renewer, text);
    return ERR_OK;
}

static bool secrets_are_awaited(const struct credential_renewer *renewer)
{
    for (size_t i = 0; i < renewer->count; i++) {
        if (renewer->accounts[i].of_secret.under_way) return true;
    }
    return false;
}

enum err_code credential_renewer_open(struct credential_renewer *renewer, struct error *err)
{
    for (size_t i = 0; i < renewer->count; i++) {
        enum err_code code = open_token(&renewer->accounts[i], err);
        if (code != ERR_OK) return code;
    }
    renewer->opening = true;
    for (size_t i = 0; i < renewer->count; i++) {
        struct renewal *renewal = &renewer->accounts[i].of_secret;
        if (renewer->accounts[i].ephemeral) renewal_on_due(&renewal->timer);
    }
    /* each step has its own limit */
    while (secrets_are_awaited(renewer)) (void)uv_run(renewer->loop, UV_RUN_ONCE);
    renewer->opening = false;
    if (renewer->failure.code != ERR_OK && err != NULL) *err = renewer->failure;
    return renewer->failure.code;
}

static void on_closed(uv_handle_t *handle)
{
    struct renewal *renewal = handle->data;
    renewal->account->renewer->open_handles--;
}

static void on_knock_closed(uv_handle_t *handle)
{
    struct credential_renewer *renewer = handle->data;
    renewer->open_handles--;
}

void credential_renewer_free(struct credential_renewer *renewer)
{
    if (renewer == NULL) return;
    atomic_store(&renewer->stop, true);
    for (size_t i = 0; i < renewer->count; i++) {
        struct account *account = &renewer->accounts[i];
        if (account->request != NULL) client_secret_request_abort(account->request);
        if (account->of_token.under_way) (void)uv_cancel((uv_req_t *)&account->work);
        uv_close((uv_handle_t *)&account->of_token.timer, on_closed);
        uv_close((uv_handle_t *)&account->of_secret.timer, on_closed);
    }
    uv_close((uv_handle_t *)&renewer->knock, on_knock_closed);
    while (renewer->open_handles > 0) (void)uv_run(renewer->loop, UV_RUN_ONCE);
    for (size_t i = 0; i < renewer->count; i++) secret_free(renewer->accounts[i].token);
    free(renewer->accounts);
    free(renewer);
}
