"""What people suffer from in systems that do parts of this job, and the tests that rule it out here.

The table names tests; this file proves that they exist, so that none goes unnoticed.
"""

import ast
from pathlib import Path
from typing import Final

import pytest

TESTS: Final = Path(__file__).parents[1]
SYNC: Final = "sync/test_together.py"
CASES: Final = "sync/test_cases.py"
REPLAY: Final = "sync/test_replay.py"
STORIES: Final = "sync/scenarios.py"
BOTH: Final = "sync/test_both_sides.py::test_in_the_end_both_sides_agree_and_nothing_is_lost"
RULED_OUT: Final[dict[str, tuple[str, ...]]] = {
    "a reply is lost because one callback failed": (
        BOTH,
        f"{REPLAY}::test_a_reply_that_was_refused_is_told_on_the_case_and_can_be_replayed",
        f"{STORIES}::what_failed_has_a_job_for_its_next_attempt",
        "acceptance/test_by_the_api.py::test_a_callback_that_is_refused_comes_again_under_its_own_id",
    ),
    "a message is stored twice when its provider repeats": (
        f"{SYNC}::test_a_message_that_its_provider_repeats_is_kept_once",
        "web/test_api.py::test_a_repeated_external_id_makes_nothing_new",
    ),
    "a dedupe key that is too narrow drops real messages": (
        f"{SYNC}::test_distinct_messages_are_never_merged",
    ),
    "the customer gets the reply twice": (
        f"{STORIES}::two_workers_do_not_look_at_once",
        f"{STORIES}::a_copy_after_a_death_says_that_it_may_be_one",
        f"{SYNC}::test_ten_workers_on_one_conversation_send_a_reply_once",
        f"{SYNC}::test_a_receipt_that_outruns_our_note_ends_all_doubt",
    ),
    "the reply reaches another person": (
        f"{STORIES}::a_debt_cannot_name_another_address",
        f"{SYNC}::test_a_reply_reaches_the_one_who_wrote",
    ),
    "the message lands on another channel": (
        "acceptance/test_two_channels.py::test_each_reply_goes_the_way_its_customer_came",
        "acceptance/test_two_channels.py::test_the_same_address_on_two_channels_is_two_conversations",
    ),
    "two quick messages open two conversations or two cases": (
        f"{SYNC}::test_two_quick_messages_of_a_new_peer_open_one_conversation",
    ),
    "out of order under load": (
        BOTH,
        f"{STORIES}::replies_go_out_as_creatio_orders_them",
        f"{CASES}::test_the_closing_line_follows_replies_that_are_still_owed",
    ),
    "our own writes come back as new": (
        f"{STORIES}::an_activity_whose_answer_was_lost_is_no_reply",
        "domain/test_adoption.py::test_what_stands_in_our_links_is_never_a_reply",
        "domain/test_adoption.py::test_after_three_reopenings_within_the_hour_another_case_follows",
    ),
    "what arrived while we were down never comes": (
        "sync/test_stories.py::test_the_sweep_brings_what_no_webhook_told",
        "acceptance/test_weather.py::test_a_reply_whose_webhook_is_lost_is_found_by_the_sweep",
    ),
    "a time cursor skips equal or late rows": (
        f"{STORIES}::a_row_that_appears_late_is_found",
        f"{STORIES}::a_row_from_the_future_hides_nothing",
        f"{STORIES}::a_page_is_kept_whole_or_not_at_all",
        f"{STORIES}::rows_that_were_seen_trigger_nothing",
        f"{STORIES}::stamps_in_local_time_hide_no_reply",
        f"{STORIES}::a_row_that_appears_too_late_for_a_sweep_is_found_at_night",
    ),
    "the screen says sent, the customer never got it": (
        "domain/test_states.py::test_the_schema_admits_exactly_the_states_of_the_domain",
        "domain/test_states.py::test_an_illegal_move_is_an_error",
        f"{REPLAY}::test_a_reply_that_was_refused_is_told_on_the_case_and_can_be_replayed",
    ),
    "AI and human talk over each other, a hand-off is lost or doubled": (
        "domain/test_states.py::test_an_agents_reply_ends_the_ais_turn_and_reopens_nothing",
        "web/test_api.py::test_hand_off_and_resolution",
        "web/test_api.py::test_after_the_end_only_the_contact_begins_anew",
        "acceptance/test_by_the_api.py::test_a_hand_off_leaves_a_note_on_the_case",
    ),
    "a connection is dead and its light is green": (
        "store/test_registry.py::test_trouble_is_shown_until_it_ends",
        "creatio/test_checks.py::test_the_sweep_says_how_it_stands",
        "creatio/test_faults.py::test_a_dead_instance_costs_nothing_and_its_return_is_told",
        "sync/test_sweeping.py::test_a_connection_that_never_answers_holds_up_no_other",
    ),
    "forged webhooks": (
        f"{SYNC}::test_a_token_that_ended_meanwhile_is_refused_in_the_commit",
        "web/test_receiver.py::test_revoked_and_expired_tokens_are_strangers",
    ),
    "stuck rows that nobody reads again": (
        BOTH,
        f"{STORIES}::a_mark_without_a_job_is_found",
        f"{STORIES}::a_run_that_never_ended_is_found",
        "domain/test_states.py::test_from_every_state_a_delivery_can_still_be_settled",
    ),
    "no replay, no way to see why": (
        f"{REPLAY}::test_a_conversation_that_was_parked_goes_on_after_a_replay",
        f"{REPLAY}::test_an_activity_that_was_refused_lets_the_next_pass_and_can_be_replayed",
        f"{REPLAY}::test_the_journal_says_what_a_look_did_and_why",
    ),
    "minutes of delay, queued for ever": (
        f"{SYNC}::test_too_many_at_once_are_refused_rather_than_kept_waiting",
        f"{SYNC}::test_fifty_webhooks_at_once_are_kept_and_cause_one_look",
        f"{STORIES}::a_message_does_not_wait_behind_a_backoff",
        "sync/test_plans.py::test_history_costs_nothing",
    ),
    "Creatio gives a webhook up after a fixed number of tries": (
        f"{SYNC}::test_without_the_store_nothing_is_acknowledged",
        "web/test_receiver.py::test_a_store_that_is_gone_is_503_and_never_200",
        "sync/test_stories.py::test_the_sweep_brings_what_no_webhook_told",
    ),
    "the plan's calls are used up by noon": (
        "domain/test_times.py::test_sweeping_takes_at_most_half_of_what_is_left_of_the_day",
        "sync/test_sweeping.py::test_with_the_reserve_alone_left_nothing_is_asked_and_nothing_forgotten",
        "sync/test_stories.py::test_a_reply_costs_one_call",
        "sync/test_stories.py::test_a_further_message_costs_two_calls",
        "creatio/test_checks.py::test_a_budget_that_runs_out_is_a_warning",
    ),
    "an internal task reaches the customer": (
        "domain/test_reply_rule.py::test_what_never_is_a_reply_says_why",
        "domain/test_reply_rule.py::test_notes_and_title_of_a_task_stay_inside_unless_chosen",
        "acceptance/test_by_the_api.py::test_replies_of_every_kind_arrive_in_order_and_what_is_internal_stays",
    ),
}


@pytest.mark.parametrize("pain", RULED_OUT)
def test_each_pain_is_ruled_out_by_tests_that_exist(pain: str) -> None:
    for named in RULED_OUT[pain]:
        path, _, name = named.partition("::")
        tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
        functions = (ast.FunctionDef, ast.AsyncFunctionDef)
        assert name in {node.name for node in ast.walk(tree) if isinstance(node, functions)}, named
