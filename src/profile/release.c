#include "profile/release.h"

#include "base/secret.h"
#include "profile/profile.h"

#include <stdlib.h>
#include <string.h>

static void free_text(char **text)
{
    free(*text);
    *text = NULL;
}

static void free_element(const struct key *key, char *element)
{
    switch (key->type) {
    case KEY_STRINGS:
    case KEY_PROMPTS: /* its text comes first */
        free_text((char **)(void *)element);
        break;
    case KEY_WINDOWS:
        window_free((struct window *)element);
        break;
    case KEY_OBJECTS:
    case KEY_MAP:
        release_object(key->table, element);
        break;
    case KEY_HEADERS: {
        struct header *header = (struct header *)element;
        free_text(&header->name);
        free_text(&header->source);
        secret_free(header->value);
        break;
    }
    default:
        break;
    }
}

size_t key_element_size(const struct key *key)
{
    switch (key->type) {
    case KEY_STRINGS:
        return sizeof(char *);
    case KEY_PROMPTS:
        return sizeof(struct prompt);
    case KEY_FRACTIONS:
        return sizeof(double);
    case KEY_WINDOWS:
        return sizeof(struct window);
    case KEY_HEADERS:
        return sizeof(struct header);
    case KEY_OBJECTS:
    case KEY_MAP:
        return key->table->size;
    default:
        return 0;
    }
}

void release_value(const struct key *key, void *object)
{
    char *value = (char *)object + key->offset;
    size_t size = key_element_size(key);
    if (size > 0) {
        size_t *count = (size_t *)(void *)((char *)object + key->count_offset);
        char **elements = (char **)(void *)value;
        for (size_t i = 0; i < *count; i++) free_element(key, *elements + i * size);
        free_text(elements);
        *count = 0;
        return;
    }
    switch (key->type) {
    case KEY_STRING:
    case KEY_HIDDEN:
    case KEY_REFERENCES:
    case KEY_JSON:
        free_text((char **)(void *)value);
        break;
    case KEY_CREDENTIAL:
        free_text(&((struct auth *)(void *)value)->source);
        break;
    case KEY_DURING: {
        struct window **window = (struct window **)(void *)value;
        if (*window != NULL) window_free(*window);
        free(*window);
        *window = NULL;
        break;
    }
    case KEY_HOURS: {
        struct hours **hours = (struct hours **)(void *)value;
        if (*hours != NULL) zone_free((*hours)->zone);
        free(*hours);
        *hours = NULL;
        break;
    }
    default:
        break;
    }
}

void release_object(const struct key_table *table, void *object)
{
    for (size_t i = 0; i < table->count; i++) release_value(&table->keys[i], object);
    if (table->drop != NULL) table->drop(object);
}

void region_drop(void *object)
{
    struct region *region = object;
    free_text(&region->host);
    secret_free(region->proxy);
    region->proxy = NULL;
    secret_free(region->auth.secret);
    region->auth.secret = NULL;
    secret_free(region->client.certificate);
    secret_free(region->client.key);
    secret_free(region->client.passphrase);
    region->client = (struct client_identity){0};
}

void price_drop(void *object)
{
    struct price *price = object;
    free_text(&price->model);
}
