#ifndef WEIR_AWS_PROFILE_H
#define WEIR_AWS_PROFILE_H

#include "core/err.h"

#include <stdbool.h>

/* A profile's settings, as ~/.aws/credentials and ~/.aws/config have them; NULL: none. Owned. */
struct weir_aws_profile {
    char *access_key, *secret_key, *session_token, *region, *process;
    bool borrows; /* it takes its keys from SSO or from a role, which only AWS's own tools can */
};

/**
 * weir_aws_profile_read: the profile AWS_PROFILE, else "default", from both files; what
 * ~/.aws/credentials says goes before.
 *
 * Returns 0 with *ret filled (weir_aws_profile_fini), empty when there are no files or no such
 * profile and AWS_PROFILE is not set; or -1 with *err set: WEIR_E_CONFIG (a profile that was named
 * and is in no file, a file that is too large), WEIR_E_NOMEM.
 */
int weir_aws_profile_read(struct weir_aws_profile *ret, struct weir_err *err);

/** weir_aws_profile_fini: release it, secrets wiped; an empty one is a no-op. */
void weir_aws_profile_fini(struct weir_aws_profile *profile);

#endif
