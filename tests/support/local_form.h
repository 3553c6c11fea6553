#ifndef WEIR_TESTS_LOCAL_FORM_H
#define WEIR_TESTS_LOCAL_FORM_H

#include "aws/post_form.h"

#define LOCAL_FORM_NOW_S 1792000000 /* 2026-10-14T17:46:40Z */

/** local_form_key: what weir local's forms are signed with. */
extern const struct weir_sigv4_key local_form_key;

/** local_form_new: a form for an upload to weir local, signed with local_form_key at
 *  LOCAL_FORM_NOW_S (weir_post_form_fini). Fails the cmocka test when there is none. */
void local_form_new(const struct weir_post_spec *spec, struct weir_post_form *ret);

#endif
