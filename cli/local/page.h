#ifndef WEIR_CLI_LOCAL_PAGE_H
#define WEIR_CLI_LOCAL_PAGE_H

/* The page: page.html, as it is. */
extern const char weir_local_page[];
extern const char weir_local_page_end[];

#endif
