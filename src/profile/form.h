/* Constraints on single values of a profile beyond their type: names, origins, paths,
 * references. */
#ifndef RUSHHOUR_PROFILE_FORM_H
#define RUSHHOUR_PROFILE_FORM_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* Each returns ERR_USAGE with a sentence that says what is wrong and how to fix it; secrets are
 * never quoted. */
enum err_code form_profile_name(const char *text, struct error *err);
enum err_code form_region_name(const char *text, struct error *err);
enum err_code form_deployment(const char *text, struct error *err);
enum err_code form_api_version(const char *text, struct error *err);
enum err_code form_endpoint(const char *text, struct error *err);
enum err_code form_path(const char *text, struct error *err);
enum err_code form_proxy(const char *text, struct error *err);

/* The address of a proxy after its references were resolved. Its login is neither checked nor
 * shown. */
enum err_code form_proxy_address(const char *text, struct error *err);
enum err_code form_secret_reference(const char *text, struct error *err);

/* A PEM file's path, or a reference to its text: never the text. */
enum err_code form_pem_source(const char *text, struct error *err);
enum err_code form_command(const char *text, struct error *err);
enum err_code form_date(const char *text, struct error *err);
enum err_code form_fault(const char *text, struct error *err);
enum err_code form_threshold(const char *text, struct error *err);

/* A header of the upgrade request: its name, and its value as written. */
enum err_code form_header_name(const char *name, struct error *err);
enum err_code form_header_value(const char *name, const char *value, struct error *err);

/* Splits an endpoint that form_endpoint accepts. The caller owns *host, which is NULL when out of
 * memory. */
void form_endpoint_split(const char *endpoint, char **host, uint16_t *port, bool *tls);

/* Whether the host is this machine: localhost, 127.0.0.0/8 or ::1. */
bool form_is_loopback(const char *host);

#endif
