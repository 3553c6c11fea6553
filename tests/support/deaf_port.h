#ifndef WEIR_TESTS_DEAF_PORT_H
#define WEIR_TESTS_DEAF_PORT_H

/**
 * deaf_port: a port of 127.0.0.1 at which every connection is refused: it is taken, and nobody
 * listens. A port that was only looked up could be somebody else's by the time it is used.
 *
 * Fails the cmocka test when there is none. Returns the socket, to be closed when that may end.
 */
int deaf_port(int *port);

#endif
