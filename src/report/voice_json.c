#include "report/voice_json.h"

#include "base/json.h"

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
    json_close(out, '}');
}
