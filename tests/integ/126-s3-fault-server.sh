#!/bin/bash
# Is the fault server a strict oracle: does a real client pass, and is each wrong request refused and noted?
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"
SCRIPT=$SCRIPT timeout 900 python3 "$SUPPORT/s3_fault_server_check.py" || FAILED=1
finish
