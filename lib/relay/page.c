/* The assembler reads the file: no generated source, no tool. The Makefile knows that this depends
 * on it. */
#include "relay/priv.h"

__asm__(".section .rodata\n"
        "weir_relay_page_html:\n"
        ".incbin \"lib/relay/page.html\"\n"
        ".byte 0\n"
        ".previous\n");

extern const char weir_relay_page_html[];

int weir_relay_page(const struct weir_relay *relay, struct weir_str query, struct weir_buf *to)
{
    (void)relay;
    (void)query;
    return weir_buf_adds(to, weir_relay_page_html, NULL);
}
