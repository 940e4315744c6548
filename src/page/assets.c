#include "page/assets.h"

/* As in chartjs.c: the files remain separate, editable in their own syntax. */
__asm__(".section .rodata\n"
        ".global rushhour_css_start\n"
        ".global rushhour_css_end\n"
        ".global rushhour_js_start\n"
        ".global rushhour_js_end\n"
        "rushhour_css_start:\n"
        ".incbin \"" PAGE_DIR "/page.css\"\n"
        "rushhour_css_end:\n"
        ".byte 0\n"
        "rushhour_js_start:\n"
        ".incbin \"" PAGE_DIR "/base.js\"\n"
        ".incbin \"" PAGE_DIR "/charts.js\"\n"
        ".incbin \"" PAGE_DIR "/tables.js\"\n"
        ".incbin \"" PAGE_DIR "/page.js\"\n"
        "rushhour_js_end:\n"
        ".byte 0\n"
        ".text\n");

extern const char rushhour_css_start[];
extern const char rushhour_css_end[];
extern const char rushhour_js_start[];
extern const char rushhour_js_end[];

struct asset asset_css(void)
{
    return (struct asset){rushhour_css_start, (size_t)(rushhour_css_end - rushhour_css_start)};
}

struct asset asset_js(void)
{
    return (struct asset){rushhour_js_start, (size_t)(rushhour_js_end - rushhour_js_start)};
}
