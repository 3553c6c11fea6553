#!/bin/bash
# Does each setting of the relay do what it says, is each wrong one refused with its place, and does what the relay tells agree
# with itself and with its formats?
# shellcheck source=tests/integ/lib.sh
source "$(dirname "$0")/lib.sh"

scenarios=(every_wrong_value_is_one_line_that_says_where every_setting_can_be_in_the_file_for_all_and_for_one
    a_source_has_its_own_before_a_flag_and_a_flag_before_the_file a_client_begins_as_far_back_as_it_asks_and_where_a_decoder_can
    a_client_that_asks_for_what_there_is_not_is_told each_client_has_the_policy_it_asks_for_and_each_loss_is_counted
    who_lags_or_reads_nothing_for_too_long_is_closed a_source_has_so_many_clients_and_so_many_of_an_address
    who_pushes_shows_the_token_of_the_source_or_of_all a_source_that_fails_is_tried_again_after_pauses_that_grow
    an_encoder_that_vanishes_is_a_break_and_one_that_ends_is_none a_signal_lets_clients_have_what_waits_and_nobody_come
    a_signal_does_not_wait_for_who_never_reads what_is_told_is_complete_and_agrees
    the_docs_have_every_setting_and_everything_that_is_told)
export ROOT
python3 "$INTEG/relay_settings.py" "${scenarios[@]}" || FAILED=1
finish
