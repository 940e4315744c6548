#include "check/step.h"

#include "profile/environment.h"
#include "profile/hidden.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *check_step_name(enum check_step step)
{
    static const char *const names[CHECK_STEPS] = {"profile",   "resolve",     "tcp",     "tls",
                                                   "https",     "credentials", "upgrade", "session",
                                                   "configure", "turn"};
    return step < CHECK_STEPS ? names[step] : "";
}

const char *check_status_name(enum check_status status)
{
    static const char *const names[] = {"pending", "ok", "failed", "skipped"};
    return names[status];
}

/* Appends what the service or a library said, without what no output may show. */
static void put_clean(const struct check_region *told, const char *line, struct text *out)
{
    struct hidden hidden;
    /* rather nothing than a secret */
    if (!hidden_of(told->region, told->said, told->client_secret, &hidden)) return;
    hidden_redact(&hidden, out, line);
    hidden_free(&hidden);
}

void step_clean_id(const struct check_region *told, char *id, size_t size)
{
    struct text clean = {0};
    put_clean(told, id, &clean);
    (void)snprintf(id, size, "%s", text_str(&clean));
    text_free(&clean);
}

/* A printed line, without the region's secrets and control characters. */
static void print_clean(const struct check_region *told, char *out, size_t size, const char *format,
                        va_list arguments)
{
    char line[1024];
    struct text clean = {0};
    (void)vsnprintf(line, sizeof line, format, arguments);
    put_clean(told, line, &clean);
    for (size_t i = 0; i < clean.length; i++) {
        if ((unsigned char)clean.data[i] < 0x20) clean.data[i] = ' ';
    }
    (void)snprintf(out, size, "%s", text_str(&clean));
    explicit_bzero(line, sizeof line);
    text_free(&clean);
}

void step_ok(struct check_region *told, enum check_step step, int64_t ns, const char *seen, ...)
{
    struct check_result *result = &told->steps[step];
    va_list arguments;
    va_start(arguments, seen);
    result->status = CHECK_OK;
    result->ns = ns;
    print_clean(told, result->seen, sizeof result->seen, seen, arguments);
    va_end(arguments);
}

void step_failed(struct check_region *told, enum check_step step, int64_t ns, const char *code,
                 const char *catalogue, const char *fix, const char *cause, ...)
{
    struct check_result *result = &told->steps[step];
    va_list arguments;
    va_start(arguments, cause);
    result->status = CHECK_FAILED;
    result->ns = ns;
    (void)snprintf(result->code, sizeof result->code, "%s", code);
    (void)snprintf(result->catalogue, sizeof result->catalogue, "%s", catalogue);
    (void)snprintf(result->fix, sizeof result->fix, "%s", fix);
    print_clean(told, result->cause, sizeof result->cause, cause, arguments);
    va_end(arguments);
}

void step_classified(struct check_region *told, enum check_step step, int64_t ns,
                     const struct failure_facts *facts, const char *cause, ...)
{
    const struct failure_class class = failure_classify(facts);
    char printed[sizeof told->steps[step].cause];
    va_list arguments;
    va_start(arguments, cause);
    print_clean(told, printed, sizeof printed, cause, arguments);
    va_end(arguments);
    struct text fix = {0};
    text_puts(&fix, class.advice);
    const char *unused = told->goes_directly ? environment_unused_proxy(told->region) : NULL;
    if (unused != NULL && class.phase <= PHASE_CONNECT) {
        text_puts(&fix, "; ");
        environment_unused_words(unused, &fix);
    }
    step_failed(told, step, ns, class.code, class.catalogue, text_str(&fix), "%s", printed);
    text_free(&fix);
}

void step_skipped(struct check_region *told, enum check_step step, const char *why, ...)
{
    struct check_result *result = &told->steps[step];
    va_list arguments;
    va_start(arguments, why);
    result->status = CHECK_SKIPPED;
    result->ns = NOT_TIMED;
    print_clean(told, result->cause, sizeof result->cause, why, arguments);
    va_end(arguments);
}

void steps_skipped(struct check_region *told, enum check_step from, enum check_step to,
                   const char *why)
{
    for (enum check_step step = from; step <= to; step++) {
        if (told->steps[step].status == CHECK_PENDING) step_skipped(told, step, "%s", why);
    }
}

void step_note(struct check_region *told, enum check_step step, const char *text, ...)
{
    if (told->note_count == CHECK_NOTES) return;
    struct check_note *note = &told->notes[told->note_count++];
    va_list arguments;
    va_start(arguments, text);
    note->step = step;
    print_clean(told, note->text, sizeof note->text, text, arguments);
    va_end(arguments);
}
