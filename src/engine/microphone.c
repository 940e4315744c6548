#include "engine/microphone.h"

static uint64_t real(const struct microphone *microphone, int64_t ns)
{
    return (uint64_t)((double)ns / microphone->speed);
}

uint64_t microphone_say(struct microphone *microphone, const struct utterance *utterance,
                        uint64_t now_ns)
{
    microphone->said = utterance;
    microphone->open = true;
    microphone->from_ns = now_ns;
    microphone->next = 0;
    return now_ns + real(microphone, utterance->messages[utterance->voiced].end_ns);
}

static void listen(struct microphone *microphone, uint64_t from_ns)
{
    microphone->said = NULL;
    microphone->open = !microphone->voice->commits;
    microphone->from_ns = from_ns;
    microphone->next = 0;
}

void microphone_hush(struct microphone *microphone, uint64_t now_ns)
{
    if (microphone->said != NULL) listen(microphone, now_ns);
}

uint64_t microphone_due_ns(const struct microphone *microphone)
{
    if (!microphone->open) return 0;
    const struct utterance *from =
        microphone->said != NULL ? microphone->said : &microphone->voice->silence;
    const uint64_t rounds = microphone->next / from->count;
    const int64_t end_ns = from->messages[microphone->next % from->count].end_ns;
    return microphone->from_ns + real(microphone, (int64_t)rounds * from->length_ns + end_ns);
}

const char *microphone_take(struct microphone *microphone, size_t *length, unsigned *news,
                            uint64_t now_ns)
{
    const struct utterance *said = microphone->said;
    const struct utterance *from = said != NULL ? said : &microphone->voice->silence;
    const struct voice_message *message = &from->messages[microphone->next % from->count];
    const uint64_t late_ns = now_ns - microphone_due_ns(microphone);
    *news = 0;
    *length = message->length;
    if (said != NULL && microphone->next == said->voiced) *news |= MICROPHONE_SPOKEN;
    microphone->next++;
    if (said != NULL && microphone->next == said->count) {
        *news |= MICROPHONE_SAID;
        listen(microphone, microphone->from_ns + real(microphone, said->length_ns));
    } else if (said == NULL && late_ns > real(microphone, MICROPHONE_LATE_NS)) {
        listen(microphone, now_ns);
    }
    return from->text.data + message->at;
}
