#ifndef WEIR_NET_REASON_H
#define WEIR_NET_REASON_H

/** weir_reason: why a system call failed, by its errno, in the words that all messages use: libuv's
 *  ("no such file or directory"), but of a folder where a file should be. Static. */
const char *weir_reason(int e);

#endif
