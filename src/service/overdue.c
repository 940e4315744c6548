#include "service/overdue.h"

bool overdue_may_judge(struct overdue *overdue, uint64_t due_ns,
                       const struct conversation *conversation, uint64_t now_ns)
{
    if (overdue->due_ns != due_ns) {
        *overdue = (struct overdue){.due_ns = due_ns, .seen_ns = now_ns};
        return false;
    }
    if (conversation == NULL || !conversation->transport->unread(conversation)) return true;
    return now_ns >= overdue->seen_ns + (uint64_t)OVERDUE_READING_NS;
}
