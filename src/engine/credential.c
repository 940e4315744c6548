#include "engine/credential.h"

#include "base/secret.h"

#include <stdlib.h>

struct handover {
    struct handover *next;
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

static void handover_free(struct handover *handover)
{
    secret_free(handover->credential.value);
    free(handover);
}

void credential_box_free(struct credential_box *box)
{
    struct handover *next;
    for (struct handover *h = atomic_exchange(&box->inbox, NULL); h != NULL; h = next) {
        next = h->next;
        handover_free(h);
    }
    for (size_t i = 0; i < box->count; i++) secret_free(box->held[i].value);
    free(box->held);
    box->held = NULL;
    box->count = 0;
}

bool credential_box_post(struct credential_box *box, size_t region,
                         const struct credential *credential)
{
    struct handover *handover = calloc(1, sizeof *handover);
    if (handover == NULL) return false;
    handover->region = region;
    handover->credential = *credential;
    handover->credential.value = secret_copy(credential->value);
    if (handover->credential.value == NULL) {
        free(handover);
        return false;
    }
    handover->next = atomic_load(&box->inbox);
    while (!atomic_compare_exchange_weak(&box->inbox, &handover->next, handover)) {}
    return true;
}

void credential_box_take(struct credential_box *box, void (*arrived)(void *user, size_t region),
                         void *user)
{
    struct handover *next;
    for (struct handover *h = atomic_exchange(&box->inbox, NULL); h != NULL; h = next) {
        next = h->next;
        struct credential *held = &box->held[h->region];
        if (h->credential.serial > held->serial) { /* the newest comes first */
            const struct credential old = *held;
            *held = h->credential;
            h->credential = old;
            if (arrived != NULL) arrived(user, h->region);
        }
        handover_free(h);
    }
}
