#include "page/assets.h"

/* The assembler includes the file as it is: no generated source, and the same for gcc and clang on
 * every ELF platform. */
__asm__(".section .rodata\n"
        ".global rushhour_chartjs_start\n"
        ".global rushhour_chartjs_end\n"
        "rushhour_chartjs_start:\n"
        ".incbin \"" CHARTJS_FILE "\"\n"
        "rushhour_chartjs_end:\n"
        ".byte 0\n"
        ".text\n");

extern const char rushhour_chartjs_start[];
extern const char rushhour_chartjs_end[];

struct asset asset_chartjs(void)
{
    return (struct asset){rushhour_chartjs_start,
                          (size_t)(rushhour_chartjs_end - rushhour_chartjs_start)};
}
