/* What report.html embeds: Chart.js as shipped by Debian, and the page's own style and script. */
#ifndef RUSHHOUR_PAGE_ASSETS_H
#define RUSHHOUR_PAGE_ASSETS_H

#include <stddef.h>

struct asset {
    const char *bytes;
    size_t length;
};

struct asset asset_chartjs(void); /* chartjs.c */
struct asset asset_css(void);     /* page.css */
struct asset asset_js(void);      /* page_*.js, then page.js */

#endif
