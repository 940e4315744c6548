#include "profile/check.h"
#include "profile/extra_settings.h"
#include "profile/place.h"

#include <stdio.h>

#define NS_PER_MILLISECOND 1000000

static enum err_code fail_at(const struct profile *profile, const char *path, const char *why,
                             struct error *err)
{
    struct place place = place_find(profile, path, err);
    return place_fail(&place, "%s", why);
}

/* A setting that the service would not get, or not heed. */
static enum err_code check_detection(const struct profile *profile, struct error *err)
{
    static const char not_server[] = "is a setting of server_vad: set turn_detection.type to that, "
                                     "or take it away";
    const struct audio_plan *audio = &profile->session.audio;
    const bool server = audio->detection == TURN_DETECTION_SERVER_VAD;
    const struct {
        const char *path;
        bool set;
    } of_server[] = {
        {"session.audio.turn_detection.threshold", audio->threshold > 0},
        {"session.audio.turn_detection.prefix_padding", audio->prefix_ns > 0},
        {"session.audio.turn_detection.silence_duration", audio->silence_ns > 0},
        {"session.audio.turn_detection.idle_timeout", audio->idle_timeout_ns > 0},
    };
    for (size_t i = 0; i < sizeof of_server / sizeof *of_server && !server; i++) {
        if (of_server[i].set) return fail_at(profile, of_server[i].path, not_server, err);
    }
    if (audio->eagerness != EAGERNESS_AUTO && audio->detection != TURN_DETECTION_SEMANTIC_VAD)
        return fail_at(profile, "session.audio.turn_detection.eagerness",
                       "is a setting of semantic_vad: set turn_detection.type to that, or take it "
                       "away",
                       err);
    return ERR_OK;
}

/* Otherwise other audio than was told would be sent, or another would end the turns. */
static enum err_code check_settings(const struct profile *profile, const char *settings,
                                    const char *path, struct error *err)
{
    const char *field = extra_settings_of_speech(settings);
    if (field == NULL) return ERR_OK;
    struct place place = place_find(profile, path, err);
    return place_fail(&place, "%s is what session.audio says, since users speak: set it there",
                      field);
}

enum err_code check_audio(const struct profile *profile, struct error *err)
{
    const struct audio_plan *audio = &profile->session.audio;
    if (!audio_speaks(audio)) {
        if (audio->detection == TURN_DETECTION_NONE) return ERR_OK;
        return fail_at(profile, "session.audio.turn_detection.type",
                       "there is nothing to hear, since nobody speaks: give session.audio.files, "
                       "or session.audio.voice synthetic",
                       err);
    }
    if (audio->file_count > 0 && audio->voice == VOICE_SYNTHETIC)
        return fail_at(profile, "session.audio.voice",
                       "there are files to be spoken, too: take one of both away", err);
    if (audio->chunk_ns % NS_PER_MILLISECOND != 0)
        return fail_at(profile, "session.audio.chunk", "must be whole milliseconds", err);
    if (audio->interrupt_share > 0 && profile->session.modality != MODALITY_AUDIO)
        return fail_at(profile, "session.audio.interrupt.share",
                       "text cannot be interrupted while it is heard: set session.modality to "
                       "audio",
                       err);
    enum err_code code = check_detection(profile, err);
    if (code == ERR_OK)
        code = check_settings(profile, profile->session.settings, "session.settings", err);
    for (size_t i = 0; i < profile->region_count && code == ERR_OK; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "regions[%zu].settings", i);
        code = check_settings(profile, profile->regions[i].settings, path, err);
    }
    return code;
}
