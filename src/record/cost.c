#include "record/cost.h"

#include "base/clock.h"
#include "realtime/usage.h"

#define TOKENS_PER_PRICE 1e6
#define NS_PER_MINUTE (60.0 * (double)NS_PER_S)

/* A price that is not given is that of the more expensive kind it belongs to, never 0. */
static double first_of(double price, double otherwise)
{
    return price > 0 ? price : otherwise;
}

double cost_of(const struct price *price, const struct usage *usage)
{
    if (price == NULL) return 0;
    const struct usage_split split = usage_split(usage);
    const double audio_in = first_of(price->audio_in, price->text_in);
    const double image_in = first_of(price->image_in, price->text_in);
    const struct {
        uint64_t tokens;
        double price;
    } parts[] = {
        {split.text_in, price->text_in},
        {split.audio_in, audio_in},
        {split.image_in, image_in},
        {split.text_cached, first_of(price->text_cached, price->text_in)},
        {split.audio_cached, first_of(price->audio_cached, audio_in)},
        {split.image_cached, first_of(price->image_cached, image_in)},
        {split.text_out, price->text_out},
        {split.audio_out, first_of(price->audio_out, price->text_out)},
    };
    double micro = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        micro += (double)parts[i].tokens * parts[i].price;
    return micro / TOKENS_PER_PRICE;
}

double cost_of_time(const struct price *price, int64_t open_ns)
{
    if (price == NULL || open_ns <= 0) return 0;
    return (double)open_ns / NS_PER_MINUTE * price->per_minute;
}
