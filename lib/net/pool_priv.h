#ifndef WEIR_NET_POOL_PRIV_H
#define WEIR_NET_POOL_PRIV_H

/**
 * weir_pool_set_up: let libuv have as many threads as weir_pool_threads says. It reads
 * UV_THREADPOOL_SIZE with its first work, so this sets it, where nobody else has. Before the
 * process has threads: another one may be reading the environment. For the first loop (loop.c).
 */
void weir_pool_set_up(void);

#endif
