#include "engine/credential.h"

#include "base/secret.h"

#include <stdlib.h>

struct posted_credential {
    struct posted_credential *next;
    size_t region;
    struct credential credential;
};

bool credential_box_init(struct credential_box *box, size_t region_count)
{
    atomic_init(&box->inbox, NULL);
    box->held = calloc(region_count, sizeof *box->held);
    box->count = box->held == NULL ? 0 : region_count;
    return box->held != NULL;
}

static void posted_free(struct posted_credential *posted)
{
    secret_free(posted->credential.value);
    free(posted);
}

void credential_box_free(struct credential_box *box)
{
    struct posted_credential *next;
    for (struct posted_credential *h = atomic_exchange(&box->inbox, NULL); h != NULL; h = next) {
        next = h->next;
        posted_free(h);
    }
    for (size_t i = 0; i < box->count; i++) secret_free(box->held[i].value);
    free(box->held);
    box->held = NULL;
    box->count = 0;
}

bool credential_box_post(struct credential_box *box, size_t region,
                         const struct credential *credential)
{
    struct posted_credential *posted = calloc(1, sizeof *posted);
    if (posted == NULL) return false;
    posted->region = region;
    posted->credential = *credential;
    posted->credential.value = secret_copy(credential->value);
    if (posted->credential.value == NULL) {
        free(posted);
        return false;
    }
    posted->next = atomic_load(&box->inbox);
    while (!atomic_compare_exchange_weak(&box->inbox, &posted->next, posted)) {}
    return true;
}

void credential_box_take(struct credential_box *box, void (*arrived)(void *user, size_t region),
                         void *user)
{
    struct posted_credential *next;
    for (struct posted_credential *h = atomic_exchange(&box->inbox, NULL); h != NULL; h = next) {
        next = h->next;
        struct credential *held = &box->held[h->region];
        if (h->credential.serial > held->serial) { /* keep the newest */
            const struct credential old = *held;
            *held = h->credential;
            h->credential = old;
            if (arrived != NULL) arrived(user, h->region);
        }
        posted_free(h);
    }
}
