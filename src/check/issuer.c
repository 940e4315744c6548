#include "check/issuer.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

/* What inspecting products put into their issuers by default, and who makes them. */
static const struct {
    const char *phrase, *product;
} inspectors[] = {
    {"Zscaler", "Zscaler"},
    {"Netskope", "Netskope"},
    {"goskope", "Netskope"},
    {"Palo Alto", "Palo Alto Networks"},
    {"PaloAlto", "Palo Alto Networks"},
    {"Fortinet", "Fortinet FortiGate"},
    {"FortiGate", "Fortinet FortiGate"},
    {"Blue Coat", "Blue Coat / Symantec proxy"},
    {"BlueCoat", "Blue Coat / Symantec proxy"},
    {"ProxySG", "Blue Coat / Symantec proxy"},
    {"Symantec", "Blue Coat / Symantec proxy"},
    {"Broadcom", "Blue Coat / Symantec proxy"},
    {"Cisco", "Cisco Umbrella"},
    {"OpenDNS", "Cisco Umbrella"},
    {"Squid", "Squid"},
    {"mitmproxy", "mitmproxy"},
    {"Forcepoint", "Forcepoint"},
    {"Websense", "Forcepoint"},
    {"Skyhigh", "Skyhigh (McAfee) gateway"},
    {"McAfee", "Skyhigh (McAfee) gateway"},
    {"Sophos", "Sophos"},
    {"Check Point", "Check Point"},
    {"Barracuda", "Barracuda"},
    {"SonicWall", "SonicWall"},
    {"WatchGuard", "WatchGuard"},
    {"iboss", "iboss"},
    {"Cato Networks", "Cato Networks"},
    {"Menlo Security", "Menlo Security"},
    {"Gateway CA - Cloudflare", "Cloudflare Gateway"},
    {"Cloudflare for Teams", "Cloudflare Gateway"},
    {"Trend Micro", "Trend Micro"},
    {"Kaspersky", "Kaspersky"},
    {"ESET SSL Filter", "ESET"},
    {"Avast", "Avast"},
    {"Bitdefender", "Bitdefender"},
    {"Untangle", "Untangle"},
    {"Smoothwall", "Smoothwall"},
    {"Lightspeed", "Lightspeed"},
    {"Charles Proxy", "Charles"},
    {"FiddlerRoot", "Fiddler"},
    {"PortSwigger", "Burp Suite"},
};

/* Organizations under which public authorities issue for servers (CCADB). */
static const char *const authorities[] = {
    "Microsoft Corporation",
    "DigiCert",
    "GlobalSign",
    "Google Trust Services",
    "Let's Encrypt",
    "Internet Security Research Group",
    "Amazon",
    "Sectigo",
    "COMODO",
    "ZeroSSL",
    "Entrust",
    "Cloudflare, Inc.",
    "GoDaddy",
    "Starfield Technologies",
    "SSL Corp",
    "IdenTrust",
    "Certum",
    "Unizeto",
    "Asseco Data Systems",
    "Buypass",
    "HARICA",
    "Hellenic Academic",
    "Actalis",
    "SwissSign",
    "QuoVadis",
    "GEANT",
    "TrustAsia",
    "WoTrus",
    "Thawte",
    "GeoTrust",
    "Baltimore",
};

enum issuer_kind issuer_judge(const char *issuer, const char *organization, const char **product)
{
    *product = NULL;
    for (size_t i = 0; i < sizeof inspectors / sizeof *inspectors; i++) {
        if (strcasestr(issuer, inspectors[i].phrase) == NULL) continue;
        *product = inspectors[i].product;
        return ISSUER_INSPECTOR;
    }
    for (size_t i = 0; i < sizeof authorities / sizeof *authorities; i++) {
        if (strncasecmp(organization, authorities[i], strlen(authorities[i])) == 0)
            return ISSUER_PUBLIC;
    }
    return ISSUER_PRIVATE;
}
