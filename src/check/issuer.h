/* Who signed a certificate: a public authority, a product that inspects TLS, or a private root.
 * Pure. */
#ifndef RUSHHOUR_CHECK_ISSUER_H
#define RUSHHOUR_CHECK_ISSUER_H

enum issuer_kind { ISSUER_PUBLIC, ISSUER_INSPECTOR, ISSUER_PRIVATE };

/*
 * Judges an issuer by its full name and its organization ("" if it has none). *product is set to
 * the name of the product for ISSUER_INSPECTOR, to NULL otherwise. Only for hosts whose
 * certificates are known to come from public authorities: a custom gateway may well have a private
 * root.
 */
enum issuer_kind issuer_judge(const char *issuer, const char *organization, const char **product);

#endif
