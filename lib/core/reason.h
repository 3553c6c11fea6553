#ifndef WEIR_CORE_REASON_H
#define WEIR_CORE_REASON_H

/** weir_reason: why a system call failed, by its errno, in the words that all messages use: libuv's
 *  ("no such file or directory"), or the C library's where libuv has none, but of a folder where a
 *  file should be. Static. Any thread. */
const char *weir_reason(int e);

#endif
