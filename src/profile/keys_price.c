/* What a row of the price list has. */
#include "profile/keys.h"
#include "profile/profile.h"
#include "profile/release.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#define PRICE(kind, text)                                                                          \
    {                                                                                              \
#kind, KEY_NUMBER, offsetof(struct price, kind), .fallback = "0", .least = "0",            \
                                                         .most = "1000000", .help = text           \
    }

static const struct key price_keys[] = {
    PRICE(text_in,
          "text input, USD per million tokens; needed, but for a model with per_minute alone"),
    PRICE(text_cached, "cached text input, USD per million tokens; 0: as text_in"),
    PRICE(text_out, "text output, reasoning included, USD per million tokens; needed like text_in"),
    PRICE(audio_in, "audio input, USD per million tokens; 0: as text_in"),
    PRICE(audio_cached, "cached audio input, USD per million tokens; 0: as audio_in"),
    PRICE(audio_out, "audio output, USD per million tokens; 0: as text_out"),
    PRICE(image_in, "image input, USD per million tokens; 0: as text_in"),
    PRICE(image_cached, "cached image input, USD per million tokens; 0: as image_in"),
    PRICE(per_minute, "an open session, USD per minute, for models that are charged by time"),
};

const struct key_table key_price = {
    "prices of a model",           price_keys, LENGTH(price_keys), sizeof(struct price),
    offsetof(struct price, model), price_drop};
