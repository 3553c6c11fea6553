#!/bin/bash
# Does the relay outlive what clients and sources do to it, does nothing stay of them, and does a steady client not notice?
# WEIR_FULL=1: 1,200,000 connections.
# shellcheck source=tests/integ/lib.sh
source "$(dirname "$0")/lib.sh"

# Freed memory goes back soon, or nothing could be said of what is used.
export ASAN_OPTIONS=$ASAN_OPTIONS:quarantine_size_mb=8
scenarios=(clients_and_sources_do_everything_wrong_and_nothing_stays without_descriptors_left_clients_stay_and_later_ones_wait
    a_source_that_changes_its_type_has_the_new_one_for_those_who_come_then)
python3 "$INTEG/relay_chaos.py" "${scenarios[@]}" || FAILED=1
finish
