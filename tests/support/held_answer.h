#ifndef WEIR_TESTS_HELD_ANSWER_H
#define WEIR_TESTS_HELD_ANSWER_H

#include <stdbool.h>

/*
 * A function's answer that comes while nobody looks. The function holds it back by two files in the
 * folder that its environment has as WEIR_TEST_MARK: "come" is made by the function when it has the
 * event, "go" by the test, for the answer.
 */

/** held_answer_gate: in the function: make "come", and wait for "go". */
void held_answer_gate(void);

/** held_answer_waits: whether one of this process's connections has the whole answer, which ends
 *  with this text, and nobody has read it. */
bool held_answer_waits(const char *end);

#endif
