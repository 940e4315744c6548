#include "engine/credential_private.h"

#include <inttypes.h>
#include <stdio.h>

#define SHORTEST_GAP_NS (5 * NS_PER_S) /* between two renewals of the same thing */
#define BACKOFF_MOST_S INT64_C(60)
#define LONGEST_WAIT_S INT64_C(604800)

const struct region *account_region(const struct account *account)
{
    return &account->renewer->options.profile->regions[account->region];
}

int64_t renewal_now_s(void)
{
    return clock_wall_ns() / NS_PER_S;
}

/* ---- reporting ---- */

void renewer_note(const struct credential_renewer *renewer, const char *text)
{
    if (renewer->options.note != NULL) renewer->options.note(renewer->options.note_user, text);
}

void account_note_failure(const struct account *account, const char *what, const char *why,
                          int64_t again_s)
{
    char text[1200], left[64] = "";
    const int64_t left_s = account->expires_s - renewal_now_s();
    if (account->expires_s != 0 && left_s > 0)
        (void)snprintf(left, sizeof left, ", which is good for another %" PRId64 " s", left_s);
    if (account->expires_s != 0 && left_s <= 0)
        (void)snprintf(left, sizeof left, ", which has expired");
    (void)snprintf(text, sizeof text,
                   "rushhour: region %s: the %s could not be renewed: %s; the old one stays in "
                   "use%s; next try in "
                   "%" PRId64 " s",
                   account_region(account)->name, what, why, left, again_s);
    renewer_note(account->renewer, text);
}

/* ---- when ---- */

void renewal_on_due(uv_timer_t *timer)
{
    struct renewal *renewal = timer->data;
    if (renewal->under_way) return;
    renewal->under_way = true;
    renewal->begun_ns = clock_mono_ns();
    renewal->begin(renewal->account);
}

static void renewal_begin_in(struct renewal *renewal, int64_t seconds)
{
    if (atomic_load(&renewal->account->renewer->stop)) return;
    if (seconds < 0) seconds = 0;
    if (seconds > LONGEST_WAIT_S) seconds = LONGEST_WAIT_S;
    uv_update_time(renewal->account->renewer->loop);
    uv_timer_start(&renewal->timer, renewal_on_due, (uint64_t)seconds * 1000, 0);
}

void renewal_begin_soon(struct renewal *renewal)
{
    if (renewal->under_way) return;
    const uint64_t since_ns = clock_mono_ns() - renewal->begun_ns;
    const bool fresh = renewal->begun_ns != 0 && since_ns < (uint64_t)SHORTEST_GAP_NS;
    renewal_begin_in(renewal, fresh ? (SHORTEST_GAP_NS - (int64_t)since_ns) / NS_PER_S + 1 : 0);
}

void renewal_end_well(struct renewal *renewal, int64_t expires_s)
{
    renewal->under_way = false;
    renewal->failures = 0;
    uv_timer_stop(&renewal->timer);
    if (expires_s == 0) return; /* an opaque token: renewed only when refused */
    const int64_t now = renewal_now_s();
    int64_t wait_s = token_renewal_s(now, expires_s) - now;
    renewal_begin_in(renewal,
                     wait_s > SHORTEST_GAP_NS / NS_PER_S ? wait_s : SHORTEST_GAP_NS / NS_PER_S);
}

int64_t renewal_end_badly(struct renewal *renewal)
{
    int64_t wait_s = SHORTEST_GAP_NS / NS_PER_S;
    for (unsigned i = 0; i < renewal->failures && wait_s < BACKOFF_MOST_S; i++) wait_s *= 2;
    if (wait_s > BACKOFF_MOST_S) wait_s = BACKOFF_MOST_S;
    renewal->under_way = false;
    renewal->failures++;
    renewal_begin_in(renewal, wait_s);
    return wait_s;
}
