/* WAV files as programs write them, whole, odd and broken. */
#include "realtime/wav.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A file under construction. */
struct made {
    unsigned char bytes[512];
    size_t length;
};

static void put(struct made *made, const void *bytes, size_t length)
{
    memcpy(made->bytes + made->length, bytes, length);
    made->length += length;
}

static void put_number(struct made *made, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        const unsigned char byte = (unsigned char)(value >> 8 * i);
        put(made, &byte, 1);
    }
}

static void put_chunk(struct made *made, const char *id, uint32_t size)
{
    put(made, id, 4);
    put_number(made, size, 4);
}

static void put_format(struct made *made, uint16_t coding, uint16_t channels, uint32_t rate,
                       uint16_t bits)
{
    put_chunk(made, "fmt ", 16);
    put_number(made, coding, 2);
    put_number(made, channels, 2);
    put_number(made, rate, 4);
    put_number(made, rate * channels * bits / 8, 4);
    put_number(made, channels * bits / 8u, 2);
    put_number(made, bits, 2);
}

static struct made begun(void)
{
    struct made made = {0};
    put_chunk(&made, "RIFF", 0); /* its length is not read: many programs get it wrong */
    put(&made, "WAVE", 4);
    return made;
}

static void put_data(struct made *made, uint32_t told, size_t length)
{
    put_chunk(made, "data", told);
    for (size_t i = 0; i < length; i++) put_number(made, (uint32_t)i, 1);
}

static void reads_what_programs_write(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t told;  /* length of the data chunk */
        size_t there;   /* what is there of it */
        size_t length;  /* read */
        bool odd, tail; /* an odd chunk before, and one behind */
    } rows[] = {
        {"plain", 96, 96, 96, false, false},
        {"a chunk of odd length before the data", 96, 96, 96, true, false},
        {"a chunk behind the data", 96, 96, 96, false, true},
        {"written into a pipe", 0xFFFFFFFF, 64, 64, false, false},
        {"written into a pipe by sox", 0x7FFFF024, 64, 64, false, false},
        {"half a sample at the end", 95, 95, 94, false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct made made = begun();
        struct wav wav;
        struct error err = {0};
        put_format(&made, 1, 1, 24000, 16);
        if (rows[i].odd) {
            put_chunk(&made, "LIST", 3);
            put(&made, "abc\0", 4);
        }
        const size_t at = made.length + 8;
        put_data(&made, rows[i].told, rows[i].there);
        if (rows[i].tail) {
            put_chunk(&made, "LIST", 2);
            put(&made, "ab", 2);
        }
        if (wav_read("a.wav", made.bytes, made.length, &wav, &err) != ERR_OK)
            fail_msg("%s: %s", rows[i].name, err.text);
        assert_int_equal(wav.length, rows[i].length);
        assert_ptr_equal(wav.data, made.bytes + at);
        assert_int_equal(wav_require("a.wav", &wav, AUDIO_FORMAT_PCM16, &err), ERR_OK);
    }
}

/* WAVE_FORMAT_EXTENSIBLE, as ffmpeg and others write it, says the coding in a GUID. */
static void reads_the_extensible_form(void **state)
{
    (void)state;
    struct made made = begun();
    struct wav wav;
    struct error err = {0};
    put_chunk(&made, "fmt ", 40);
    put_number(&made, 0xFFFE, 2);
    put_number(&made, 1, 2);
    put_number(&made, 24000, 4);
    put_number(&made, 48000, 4);
    put_number(&made, 2, 2);
    put_number(&made, 16, 2);
    put_number(&made, 22, 2);
    put_number(&made, 16, 2);
    put_number(&made, 4, 4);
    put(&made, "\x01\x00\x00\x00\x00\x00\x10\x00\x80\x00\x00\xAA\x00\x38\x9B\x71", 16);
    put_data(&made, 32, 32);
    assert_int_equal(wav_read("a.wav", made.bytes, made.length, &wav, &err), ERR_OK);
    assert_int_equal(wav.coding, 1);
    assert_int_equal(wav.length, 32);
    assert_int_equal(wav_require("a.wav", &wav, AUDIO_FORMAT_PCM16, &err), ERR_OK);
}

/* Each other kind of audio is told with what it is, what it should be, and the line for sox. */
static void what_does_not_fit_is_told_with_its_cure(void **state)
{
    (void)state;
    static const struct {
        uint16_t coding, channels;
        uint32_t rate;
        uint16_t bits;
        enum audio_format format;
        const char *is, *sox;
    } rows[] = {
        {1, 1, 16000, 16, AUDIO_FORMAT_PCM16, "PCM, 16 bit, 1 channel, 16000 Hz",
         "sox in.wav -r 24000 -b 16 -e signed-integer -c 1 speech.wav"},
        {1, 2, 24000, 16, AUDIO_FORMAT_PCM16, "2 channels", "-r 24000 -b 16"},
        {1, 1, 24000, 24, AUDIO_FORMAT_PCM16, "24 bit", "-r 24000 -b 16"},
        {3, 1, 24000, 32, AUDIO_FORMAT_PCM16, "floating point", "-r 24000 -b 16"},
        {0x55, 1, 24000, 16, AUDIO_FORMAT_PCM16, "compressed", "-r 24000 -b 16"},
        {7, 1, 8000, 8, AUDIO_FORMAT_PCM16, "mu-law", "-r 24000 -b 16"},
        {1, 1, 8000, 16, AUDIO_FORMAT_MULAW, "PCM", "sox in.wav -r 8000 -e mu-law -c 1 speech.wav"},
        {7, 1, 16000, 8, AUDIO_FORMAT_MULAW, "16000 Hz", "-r 8000 -e mu-law"},
        {7, 1, 8000, 8, AUDIO_FORMAT_ALAW, "mu-law", "-r 8000 -e a-law -c 1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct made made = begun();
        struct wav wav;
        struct error err = {0};
        put_format(&made, rows[i].coding, rows[i].channels, rows[i].rate, rows[i].bits);
        put_data(&made, 96, 96);
        assert_int_equal(wav_read("in.wav", made.bytes, made.length, &wav, &err), ERR_OK);
        assert_int_equal(wav_require("in.wav", &wav, rows[i].format, &err), ERR_FORMAT);
        if (strstr(err.text, rows[i].is) == NULL || strstr(err.text, rows[i].sox) == NULL)
            fail_msg("row %zu: %s", i, err.text);
    }
    static const struct wav telephony[] = {{.coding = 7, .channels = 1, .bits = 8, .rate = 8000},
                                           {.coding = 6, .channels = 1, .bits = 8, .rate = 8000}};
    struct error err = {0};
    assert_int_equal(wav_require("a", &telephony[0], AUDIO_FORMAT_MULAW, &err), ERR_OK);
    assert_int_equal(wav_require("a", &telephony[1], AUDIO_FORMAT_ALAW, &err), ERR_OK);
}

static void is_refused(const struct made *made, const char *why)
{
    struct wav wav;
    struct error err = {0};
    assert_int_equal(wav_read("in.mp3", made->bytes, made->length, &wav, &err), ERR_FORMAT);
    if (strstr(err.text, why) == NULL || strstr(err.text, "sox in.mp3 ") == NULL)
        fail_msg("%s, not: %s", err.text, why);
}

static void what_is_broken_is_refused(void **state)
{
    (void)state;
    struct made made = {0};
    is_refused(&made, "no WAV file");
    put(&made, "ID3\4aaaaaaaaaaaaaaaaaaaa", 24);
    is_refused(&made, "no WAV file");
    made = begun();
    is_refused(&made, "no samples");
    put_data(&made, 8, 8);
    is_refused(&made, "how its samples are coded");
    made = begun();
    put_format(&made, 1, 1, 24000, 16);
    is_refused(&made, "no samples");
    put_data(&made, 97, 96);
    is_refused(&made, "cut short");
    made = begun();
    put_format(&made, 1, 0, 24000, 16);
    put_data(&made, 8, 8);
    is_refused(&made, "how its samples are coded");
    made = begun();
    put_format(&made, 1, 1, 24000, 0);
    put_data(&made, 8, 8);
    is_refused(&made, "no samples");
    made = begun();
    put_chunk(&made, "fmt ", 0xFFFFFFF0);
    is_refused(&made, "cut short");
}

/* A file cut anywhere is refused, or read as far as it goes; never beyond (for sanitizers). */
static void a_file_can_end_anywhere(void **state)
{
    (void)state;
    struct made made = begun();
    put_format(&made, 1, 1, 24000, 16);
    put_data(&made, 0xFFFFFFFF, 64);
    for (size_t length = 0; length <= made.length; length++) {
        struct wav wav;
        struct error err = {0};
        if (wav_read("a", made.bytes, length, &wav, &err) != ERR_OK) continue;
        assert_true(wav.data + wav.length <= made.bytes + length);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_programs_write),
        cmocka_unit_test(reads_the_extensible_form),
        cmocka_unit_test(what_does_not_fit_is_told_with_its_cure),
        cmocka_unit_test(what_is_broken_is_refused),
        cmocka_unit_test(a_file_can_end_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
