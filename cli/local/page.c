#include "cli/local/page.h"

/* The assembler reads the file: no generated source, no tool. The Makefile knows that this depends
 * on it. */
__asm__(".section .rodata\n"
        ".global weir_local_page\n"
        ".global weir_local_page_end\n"
        "weir_local_page:\n"
        ".incbin \"cli/local/page.html\"\n"
        "weir_local_page_end:\n"
        ".byte 0\n"
        ".previous\n");
