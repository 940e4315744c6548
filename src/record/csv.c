#include "record/csv.h"

#include "record/csv_field.h"

#include <string.h>

/* Splits a line in place. Returns the number of fields, or 0 for bad quoting or too many fields. */
static size_t split(char *line, char **fields)
{
    size_t count = 0;
    char *read = line;
    for (;;) {
        if (count == CSV_FIELDS_MAX) return 0;
        char *write = read;
        fields[count++] = write;
        if (*read == '"') {
            for (read++; *read != '\0' && (*read != '"' || read[1] == '"'); read++) {
                if (*read == '"') read++;
                *write++ = *read;
            }
            if (*read != '"') return 0;
            read++;
        } else {
            while (*read != ',' && *read != '"' && *read != '\0') read++;
            write = read;
        }
        char end = *read;
        if (end != ',' && end != '\0') return 0;
        *write = '\0';
        if (end == '\0') return count;
        read++;
    }
}

void csv_write_header(struct text *out, const struct csv_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        if (i > 0) text_append(out, ",", 1);
        text_puts(out, table->columns[i].name);
    }
    text_append(out, "\n", 1);
}

void csv_write_row(struct text *out, const struct csv_table *table, const void *row)
{
    for (size_t i = 0; i < table->count; i++) {
        if (i > 0) text_append(out, ",", 1);
        csv_field_write(out, &table->columns[i], row);
    }
    text_append(out, "\n", 1);
}

void csv_map_own(const struct csv_table *table, struct csv_map *map)
{
    map->fields = table->count;
    for (size_t i = 0; i < table->count; i++) map->position[i] = (int)i;
}

static int position_of(const char *name, char *const *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(fields[i], name) == 0) return (int)i;
    }
    return -1;
}

/* The name of the column in older files; "" if it never had another. */
static const char *former_name(const struct csv_table *table, const char *name)
{
    for (size_t i = 0; i < table->former_count; i++) {
        if (strcmp(table->former[i].now, name) == 0) return table->former[i].before;
    }
    return "";
}

enum err_code csv_read_header(const struct csv_table *table, char *line, struct csv_map *map,
                              struct error *err)
{
    char *fields[CSV_FIELDS_MAX];
    map->fields = split(line, fields);
    for (size_t i = 0; i < table->count; i++) {
        const char *name = table->columns[i].name;
        map->position[i] = position_of(name, fields, map->fields);
        if (map->position[i] < 0)
            map->position[i] = position_of(former_name(table, name), fields, map->fields);
        if (map->position[i] < 0 && table->columns[i].required) {
            return error_set(err, ERR_FORMAT,
                             "the header row has no column \"%s\": not a file of rushhour", name);
        }
    }
    return ERR_OK;
}

enum err_code csv_read_row(const struct csv_table *table, const struct csv_map *map, char *line,
                           void *row, struct error *err)
{
    char *fields[CSV_FIELDS_MAX];
    size_t count = split(line, fields);
    if (count != map->fields) {
        return error_set(err, ERR_FORMAT, "the row has %zu fields instead of %zu", count,
                         map->fields);
    }
    for (size_t i = 0; i < table->count; i++) {
        if (map->position[i] < 0) continue;
        char *field = fields[map->position[i]];
        if (csv_field_read(&table->columns[i], field, row)) continue;
        return error_set(err, ERR_FORMAT, "column \"%s\" cannot be read: \"%.60s\"",
                         table->columns[i].name, field);
    }
    return ERR_OK;
}
