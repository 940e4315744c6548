/* The output of `check`: the page at every width, with and without colour; the progress line; and a
 * check against a port that nobody listens on, from the command line to the exit status. */
#include "cli_fixture.h"

#include "check/step.h"
#include "check_fixture.h"
#include "cli/check_print.h"

#include <arpa/inet.h>
#include <cjson/cJSON.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>

#define MS INT64_C(1000000)
#define ALL 5

static struct profile *profile;
static struct check_region regions[ALL];

static int set_up(void **state)
{
    (void)state;
    profile = fixture_profile(
        FIXTURE_REGION("eastus2", "") "," FIXTURE_REGION("swedencentral", "") "," FIXTURE_REGION(
            "westus3", "") "," FIXTURE_REGION("japaneast", "") "," FIXTURE_REGION("south", ""));
    memset(regions, 0, sizeof regions);
    for (size_t i = 0; i < ALL; i++) {
        struct check_region *told = &regions[i];
        told->region = &profile->regions[i];
        told->done = told->ok = true;
        for (size_t step = 0; step < CHECK_STEPS; step++)
            told->steps[step] = (struct check_result){.status = CHECK_OK, .ns = 10 * MS};
        (void)snprintf(told->address, sizeof told->address, "20.42.1.%zu", i + 1);
        (void)snprintf(told->tls_version, sizeof told->tls_version, "TLSv1.3");
        (void)snprintf(told->model, sizeof told->model, "gpt-realtime");
        told->https_status = 404;
        told->from_azure = true;
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    profile_free(profile);
    return 0;
}

/* The second region: its name resolves, nobody answers. */
static void fail_second(void)
{
    struct check_region *told = &regions[1];
    memset(told->steps, 0, sizeof told->steps);
    told->ok = false;
    step_ok(told, CHECK_PROFILE, NOT_TIMED, "ga");
    step_ok(told, CHECK_RESOLVE, 2 * MS, "20.42.1.2");
    step_failed(told, CHECK_TCP, 7 * MS, "connect_refused", "F03",
                "open port 443 to 20.42.1.2 in the firewall between here and there, or put the "
                "proxy of your network into the region's `proxy`",
                "20.42.1.2:443 refused the connection");
    steps_skipped(told, CHECK_TLS, CHECK_TURN, "there is no connection");
}

static char *page_of(size_t count, bool colour, size_t width)
{
    struct text out = {0};
    const struct check_page page = {
        .profile = "p", .regions = regions, .count = count, .colour = colour, .width = width};
    check_print(&page, &out);
    assert_false(out.failed);
    char *copy = strdup(text_str(&out));
    assert_non_null(copy);
    text_free(&out);
    return copy;
}

/* ---- the page ---- */

static void a_good_check(void **state)
{
    (void)state;
    char *page = page_of(1, false, 100);
    assert_int_equal(
        strncmp(page, "Check of profile p, 1 region\nVerdict: ok, every region answers\n", 63), 0);
    for (size_t step = 0; step < CHECK_STEPS; step++)
        holds(page, check_step_name((enum check_step)step));
    holds(page, "10.0 ms");
    lacks(page, "FAILED");
    lacks(page, "What failed");
    lacks(page, "What differs");
    free(page);
}

static void a_failure_comes_with_cause_and_fix(void **state)
{
    (void)state;
    fail_second();
    char *page = page_of(2, false, 100);
    holds(page, "Verdict: failed, 1 of 2 regions ok\n");
    holds(page, "What failed, and what to do\n  swedencentral, tcp: connect_refused (F03)\n");
    holds(page, "cause  20.42.1.2:443 refused the connection\n");
    holds(page, "fix    open port 443");
    lacks(page, "ids"); /* nothing was requested yet, so there is no id to quote */
    free(page);
}

/* From the upgrade on, support can look up the request. */
static void a_late_failure_comes_with_its_ids(void **state)
{
    struct check_region *told = &regions[0];
    (void)state;
    told->ok = false;
    told->steps[CHECK_SESSION] = (struct check_result){.status = CHECK_PENDING};
    (void)snprintf(told->client_request_id, sizeof told->client_request_id, "c-1");
    (void)snprintf(told->request_id, sizeof told->request_id, "r-1");
    (void)snprintf(told->session_id, sizeof told->session_id, "sess_1");
    step_failed(told, CHECK_SESSION, MS, "session_timeout", "", "try again", "it was silent");
    char *page = page_of(1, false, 100);
    holds(page, "eastus2, session: session_timeout\n"); /* of the preflight's own: no number */
    holds(page, "ids    client request c-1, service request r-1, session sess_1\n");
    free(page);
}

static void an_interrupted_check_is_not_ok(void **state)
{
    (void)state;
    struct text out = {0};
    const struct check_page page = {.profile = "p",
                                    .regions = regions,
                                    .count = 2,
                                    .interrupted = true,
                                    .simulated = true,
                                    .width = 100};
    check_print(&page, &out);
    holds(text_str(&out), "Check of profile p, 2 regions, simulated\n");
    holds(text_str(&out), "Verdict: interrupted, 2 of 2 regions ok\n");
    lacks(text_str(&out), "every region answers");
    text_free(&out);
}

static void what_stands_out_is_marked(void **state)
{
    (void)state;
    regions[2].steps[CHECK_TURN].ns = 310 * MS;
    char *page = page_of(3, false, 100);
    holds(page, "310 ms *");
    holds(page, "What differs\n");
    holds(page, "in westus3");
    free(page);
}

static void a_note_of_several_regions_is_told_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) step_note(&regions[i], CHECK_TLS, "the clock is off");
    step_note(&regions[1], CHECK_TLS, "a proxy is in between");
    char *page = page_of(3, false, 100);
    holds(page, "Notes\n  all regions, tls: the clock is off\n  swedencentral, tls: a proxy is in");
    free(page);
    page = page_of(4, false, 100);
    holds(page, "  eastus2, swedencentral, westus3, tls: the clock is off\n");
    assert_null(strstr(strstr(page, "the clock is off") + 1, "the clock is off"));
    free(page);
}

/* On any terminal, every region has its column, and no line is wider than the terminal. */
static void every_width_holds_every_region(void **state)
{
    (void)state;
    fail_second();
    for (size_t i = 0; i < ALL; i++)
        step_note(&regions[i], CHECK_TLS, "note %zu of some length", i);
    for (size_t width = 48; width <= 160; width++) {
        char *page = page_of(ALL, false, width);
        for (size_t i = 0; i < ALL; i++) holds(page, profile->regions[i].name);
        for (char *line = strtok(page, "\n"); line != NULL; line = strtok(NULL, "\n")) {
            size_t length = strlen(line);
            if (length > width) fail_msg("%zu columns at %zu: %s", length, width, line);
            if (length > 0 && line[length - 1] == ' ') fail_msg("blanks behind: \"%s\"", line);
        }
        free(page);
    }
}

/* Removes the colours; false if any other escape sequence occurs. */
static bool strip(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0';) {
        if (*from != '\x1b') {
            *to++ = *from++;
            continue;
        }
        size_t length = 2 + strspn(from + 2, "0123456789;");
        if (from[1] != '[' || from[length] != 'm') return false;
        from += length + 1;
    }
    *to = '\0';
    return true;
}

static void colour_adds_nothing_but_colour(void **state)
{
    (void)state;
    fail_second();
    regions[2].steps[CHECK_TURN].ns = 310 * MS;
    step_note(&regions[0], CHECK_TLS, "a note");
    char *plain = page_of(ALL, false, 90);
    char *coloured = page_of(ALL, true, 90);
    assert_null(strchr(plain, '\x1b'));
    assert_non_null(strchr(coloured, '\x1b'));
    assert_true(strip(coloured));
    assert_string_equal(coloured, plain);
    free(plain);
    free(coloured);
}

/* What a service sends must not control the user's terminal. */
static void no_escape_of_a_service_gets_through(void **state)
{
    static const char hostile[] = "\x1b]0;owned\a\x1b[2J\r\b\x9b"
                                  "31m";
    (void)state;
    regions[0].ok = false;
    regions[0].steps[CHECK_UPGRADE] = (struct check_result){.status = CHECK_PENDING};
    (void)snprintf(regions[0].request_id, sizeof regions[0].request_id, "%s", hostile);
    (void)snprintf(regions[0].model, sizeof regions[0].model, "%s", hostile);
    (void)snprintf(regions[0].service_region, sizeof regions[0].service_region, "%s", hostile);
    step_failed(&regions[0], CHECK_UPGRADE, MS, "upgrade_401", "F20", hostile, "said: %s", hostile);
    step_note(&regions[0], CHECK_TLS, "%s", hostile);
    char *page = page_of(2, false, 100);
    holds(page, "upgrade_401");
    for (const unsigned char *s = (unsigned char *)page; *s != '\0'; s++) {
        if ((*s < 0x20 && *s != '\n') || *s == 0x7f || *s == 0x9b)
            fail_msg("byte 0x%02x in %s", *s, page);
    }
    free(page);
}

/* ---- the line of progress ---- */

struct terminal {
    int master;
    FILE *out;
};

static struct terminal terminal_open(unsigned short columns)
{
    struct terminal terminal = {.master = posix_openpt(O_RDWR | O_NOCTTY)};
    struct termios raw;
    const struct winsize size = {.ws_row = 24, .ws_col = columns};
    assert_true(terminal.master >= 0);
    assert_int_equal(grantpt(terminal.master), 0);
    assert_int_equal(unlockpt(terminal.master), 0);
    int slave = open(ptsname(terminal.master), O_RDWR | O_NOCTTY);
    assert_true(slave >= 0);
    assert_int_equal(tcgetattr(slave, &raw), 0);
    raw.c_oflag &= ~(tcflag_t)OPOST;
    raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
    assert_int_equal(tcsetattr(slave, TCSANOW, &raw), 0);
    assert_int_equal(ioctl(slave, TIOCSWINSZ, &size), 0);
    assert_int_equal(fcntl(terminal.master, F_SETFL, O_NONBLOCK), 0);
    terminal.out = fdopen(slave, "w");
    assert_non_null(terminal.out);
    return terminal;
}

/* Everything written since the last call. */
static const char *terminal_read(const struct terminal *terminal)
{
    static char bytes[4096];
    ssize_t length = read(terminal->master, bytes, sizeof bytes - 1);
    bytes[length > 0 ? length : 0] = '\0';
    return bytes;
}

static void terminal_close(struct terminal *terminal)
{
    (void)fclose(terminal->out);
    (void)close(terminal->master);
}

static void progress_is_redrawn_in_place(void **state)
{
    (void)state;
    struct terminal terminal = terminal_open(80);
    struct check_progress progress;
    (void)setenv("TERM", "xterm", 1);
    check_progress_open(&progress, terminal.out, false);
    for (size_t i = 0; i < 2; i++) regions[i].done = false;
    regions[0].steps[CHECK_TLS].status = CHECK_PENDING;
    regions[1].steps[CHECK_TURN].status = CHECK_PENDING;
    check_progress_show(&progress, regions, 3); /* the third is done */
    assert_string_equal(terminal_read(&terminal),
                        "\r\x1b[Kchecking eastus2 tls, swedencentral turn");
    check_progress_show(&progress, regions, 3);
    assert_string_equal(terminal_read(&terminal), ""); /* nothing new, so nothing is written */
    regions[0].done = true;
    check_progress_show(&progress, regions, 3);
    assert_string_equal(terminal_read(&terminal), "\r\x1b[Kchecking swedencentral turn");
    check_progress_clear(&progress);
    assert_string_equal(terminal_read(&terminal), "\r\x1b[K");
    check_progress_clear(&progress);
    assert_string_equal(terminal_read(&terminal), "");
    terminal_close(&terminal);
}

static void progress_never_wraps(void **state)
{
    static const struct {
        unsigned short columns;
        size_t width;
    } rows[] = {{1, 40}, {40, 40}, {57, 57}, {160, 160}, {400, 160}};
    (void)state;
    (void)setenv("TERM", "xterm", 1);
    for (size_t i = 0; i < ALL; i++) regions[i].done = false;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct terminal terminal = terminal_open(rows[i].columns);
        struct check_progress progress;
        check_progress_open(&progress, terminal.out, false);
        assert_int_equal(check_print_width(fileno(terminal.out)), rows[i].width);
        check_progress_show(&progress, regions, ALL);
        const char *shown = terminal_read(&terminal);
        assert_true(strlen(shown) > 4 && strlen(shown) - 4 < rows[i].width);
        terminal_close(&terminal);
    }
}

static void progress_is_for_terminals_that_can(void **state)
{
    (void)state;
    struct terminal terminal = terminal_open(80);
    struct check_progress progress;
    regions[0].done = false;
    (void)setenv("TERM", "dumb", 1);
    check_progress_open(&progress, terminal.out, false);
    check_progress_show(&progress, regions, 1);
    check_progress_clear(&progress);
    assert_string_equal(terminal_read(&terminal), "");
    (void)setenv("TERM", "xterm", 1);
    check_progress_open(&progress, terminal.out, true); /* --quiet */
    check_progress_show(&progress, regions, 1);
    assert_string_equal(terminal_read(&terminal), "");
    terminal_close(&terminal);
    FILE *file = tmpfile();
    assert_non_null(file);
    check_progress_open(&progress, file, false);
    check_progress_show(&progress, regions, 1);
    check_progress_clear(&progress);
    assert_int_equal(ftell(file), 0);
    assert_int_equal(check_print_width(fileno(file)), 100);
    (void)fclose(file);
}

/* ---- the command ---- */

/* A port of this machine that nobody listens on: the test itself has just closed it. */
static unsigned free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    (void)close(fd);
    return ntohs(address.sin_port);
}

static const struct told *check_closed_port(const char *options)
{
    char json[512];
    char line[256];
    (void)snprintf(
        json, sizeof json,
        "{\"name\": \"closed\", \"regions\": [{\"name\": \"here\", \"deployment\": \"d\","
        " \"endpoint\": \"http://127.0.0.1:%u\", \"auth\": {\"api_key\": "
        "\"${RUSHHOUR_CLI_KEY}\"}}]}",
        free_port());
    const char *path = written(json);
    (void)snprintf(line, sizeof line, "check %s %s", path, options);
    (void)setenv("RUSHHOUR_CLI_KEY", "s3cret-of-the-test", 1);
    const struct told *told = tell_line(line);
    (void)unlink(path);
    lacks(told->out, "s3cret-of-the-test");
    lacks(told->err, "s3cret-of-the-test");
    return told;
}

static void a_closed_port_fails_the_check(void **state)
{
    (void)state;
    const struct told *told = check_closed_port("");
    assert_int_equal(told->status, 1);
    holds(told->out, "Check of profile closed, 1 region\nVerdict: failed, 0 of 1 regions ok\n");
    holds(told->out, "here, tcp: connect_refused");
    assert_string_equal(told->err, "");
    assert_int_equal(check_closed_port("--quiet")->status, 1);
    assert_string_equal(check_closed_port("-q")->out, "");
    told = check_closed_port("--json --quiet"); /* JSON is printed even with --quiet */
    assert_int_equal(told->status, 1);
    cJSON *root = cJSON_Parse(told->out);
    assert_non_null(root);
    assert_true(cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(root, "ok")));
    const cJSON *region = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(root, "regions"), 0);
    const cJSON *steps = cJSON_GetObjectItemCaseSensitive(region, "steps");
    const cJSON *tcp = cJSON_GetArrayItem(steps, CHECK_TCP);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(tcp, "status")),
                        "failed");
    assert_true(strlen(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(tcp, "fix"))) > 10);
    cJSON_Delete(root);
}

static void what_cannot_be_checked(void **state)
{
    static const char clocked[] =
        "{\"name\": \"x\", \"regions\": [{\"name\": \"a\", \"deployment\": \"d\", \"endpoint\": "
        "\"https://a.example\"}], \"simulator\": {\"clock\": {\"speed\": 60}}}";
    char line[128];
    (void)state;
    const char *path = written(clocked);
    (void)snprintf(line, sizeof line, "check %s", path);
    refused(line, 2, "can only be simulated; add --simulate");
    (void)snprintf(line, sizeof line, "check %s --region b", path);
    refused(line, 2, "\"b\"");
    (void)unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_good_check, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failure_comes_with_cause_and_fix, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_late_failure_comes_with_its_ids, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_interrupted_check_is_not_ok, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_stands_out_is_marked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_note_of_several_regions_is_told_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_width_holds_every_region, set_up, tear_down),
        cmocka_unit_test_setup_teardown(colour_adds_nothing_but_colour, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_escape_of_a_service_gets_through, set_up, tear_down),
        cmocka_unit_test_setup_teardown(progress_is_redrawn_in_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(progress_never_wraps, set_up, tear_down),
        cmocka_unit_test_setup_teardown(progress_is_for_terminals_that_can, set_up, tear_down),
        cmocka_unit_test(a_closed_port_fails_the_check),
        cmocka_unit_test(what_cannot_be_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
