#ifndef WEIR_CORE_STDFDS_H
#define WEIR_CORE_STDFDS_H

/**
 * weir_stdfds_open: see to it that descriptors 0, 1 and 2 are open. First thing in main.
 *
 * A program may be started with some of them closed. The next files opened would take their
 * numbers: messages would go into data, and libuv takes it for a bug of its caller. A closed one
 * becomes /dev/null, opened the wrong way round: who reads stdin or writes stdout gets an error, as
 * if it were still closed, and no result is lost in silence.
 *
 * Returns 0, or -1 with errno set when there is no /dev/null to be had.
 */
int weir_stdfds_open(void);

#endif
