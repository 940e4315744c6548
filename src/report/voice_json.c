#include "report/voice_json.h"

#include "base/json.h"

#include <math.h>

void voice_json(const struct report_cell *cell, struct text *out)
{
    const struct counters *c = &cell->cell.counters;
    if (c->speech_ms == 0) return;
    json_key(out, "voice");
    json_open(out, '{');
    json_put_count(out, "split_turns", c->split_turns);
    json_put_count(out, "false_turns", c->false_turns);
    json_put_count(out, "missed_turns", c->missed_turns);
    json_put_count(out, "early_answers", c->early_answers);
    json_put_count(out, "speech_ms", c->speech_ms);
    json_put_count(out, "audio_ms", c->audio_ms);
    json_put_number(out, "rtf",
                    c->audio_ms > 0 ? (double)c->audio_wall_ms / (double)c->audio_ms : NAN);
    json_put_count(out, "slow_answers", c->slow_answers);
    const struct {
        const char *key;
        uint64_t count, ms;
    } underruns[] = {{"prebuffer_0ms", c->underruns_0, c->underrun_ms_0},
                     {"prebuffer_100ms", c->underruns_100, c->underrun_ms_100},
                     {"prebuffer_200ms", c->underruns_200, c->underrun_ms_200}};
    json_key(out, "underruns");
    json_open(out, '{');
    for (size_t i = 0; i < sizeof underruns / sizeof *underruns; i++) {
        json_key(out, underruns[i].key);
        json_open(out, '{');
        json_put_count(out, "count", underruns[i].count);
        json_put_count(out, "ms", underruns[i].ms);
        json_close(out, '}');
    }
    json_close(out, '}');
    json_put_count(out, "interruptions", c->interruptions);
    json_put_count(out, "late_audio_ms", c->late_audio_ms);
    json_put_count(out, "unheard_ms", c->unheard_ms);
    json_put_number(out, "unheard_usd",
                    counters_unpriced(c) ? NAN : (double)c->unheard_micro_usd / 1e6);
    json_close(out, '}');
}
