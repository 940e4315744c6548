/* Any file as speech: what is read lies within it, and its end of voice within what is read. */
#include "realtime/sound.h"
#include "realtime/wav.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
    if (!holds) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wav wav;
    struct error err = {0};
    if (wav_read("in.wav", data, size, &wav, &err) != ERR_OK) {
        check(err.text[0] != '\0');
        return 0;
    }
    check(wav.length > 0 && wav.data >= data && wav.data + wav.length <= data + size);
    for (int format = AUDIO_FORMAT_PCM16; format <= AUDIO_FORMAT_ALAW; format++) {
        if (wav_require("in.wav", &wav, (enum audio_format)format, &err) != ERR_OK) continue;
        check(sound_voiced_end((enum audio_format)format, wav.data, wav.length) <= wav.length);
    }
    return 0;
}
