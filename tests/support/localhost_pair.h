#ifndef WEIR_TESTS_LOCALHOST_PAIR_H
#define WEIR_TESTS_LOCALHOST_PAIR_H

/**
 * localhost_pair: two sockets bound to one port: fd[0] at the address of "localhost" that is tried
 * first, fd[1] at the one that is tried next. Which of them is of IPv6 is the resolver's affair.
 * Nobody listens yet.
 *
 * Returns the port, or 0 with nothing open: this machine has no such two (no IPv6). Fails the
 * cmocka test on whatever else.
 */
int localhost_pair(int fd[2]);

#endif
