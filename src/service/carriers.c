#include "service/carriers.h"

#include <stdlib.h>

static struct carrier *find(const struct carriers *carriers, const struct transport *transport)
{
    for (size_t i = 0; i < carriers->count; i++) {
        if (carriers->list[i]->transport == transport) return carriers->list[i];
    }
    return NULL;
}

struct carrier *carriers_for(const struct carriers *carriers, const struct target *target)
{
    return find(carriers, transport_of(target->region));
}

struct receive_stamps carriers_stamps(const struct carriers *carriers)
{
    struct receive_stamps all = {0};
    for (size_t i = 0; i < carriers->count; i++) {
        const struct carrier *carrier = carriers->list[i];
        const struct receive_stamps stamps = carrier->transport->stamps(carrier);
        all.kernel += stamps.kernel;
        all.loop += stamps.loop;
        all.loop_last = all.loop_last || stamps.loop_last;
        if (stamps.behind_ns != 0 && (all.behind_ns == 0 || stamps.behind_ns < all.behind_ns))
            all.behind_ns = stamps.behind_ns;
    }
    return all;
}

static enum err_code open_each(struct carriers *carriers, const struct carriers_plan *plan,
                               const struct carrier_plan *each, struct error *err)
{
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < plan->target_count && code == ERR_OK; i++) {
        const struct transport *transport = transport_of(plan->targets[i]->region);
        if (find(carriers, transport) != NULL) continue;
        if (carriers->count == CARRIERS_MOST)
            return error_set(err, ERR_NET, "more than %d transports in one run", CARRIERS_MOST);
        code = transport->create(each, &carriers->list[carriers->count], err);
        if (code == ERR_OK) carriers->count++;
    }
    return code;
}

enum err_code carriers_open(struct carriers *carriers, const struct carriers_plan *plan,
                            struct error *err)
{
    struct tls_terms *terms = calloc(plan->target_count + 1, sizeof *terms);
    if (terms == NULL) return error_set(err, ERR_NOMEM, "no memory for the transports");
    const struct carrier_plan each = {
        .loop = plan->loop,
        .terms = terms,
        .terms_count = plan->target_count,
        .handlers = plan->handlers,
    };
    for (size_t i = 0; i < plan->target_count; i++) terms[i] = plan->targets[i]->where.terms;
    *carriers = (struct carriers){0};
    enum err_code code = open_each(carriers, plan, &each, err);
    free(terms);
    if (code != ERR_OK) carriers_close(carriers);
    return code;
}

void carriers_close(struct carriers *carriers)
{
    while (carriers->count > 0) {
        struct carrier *carrier = carriers->list[--carriers->count];
        carrier->transport->free(carrier);
    }
}
