//! What every store promises, on SQLite and on PostgreSQL.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that meets what it does not expect must fail"
)]

mod admin;
mod audit;
mod book;
mod drift;
mod facts;
mod fresh;
mod inbox;
mod jobs;
mod late;
mod only_postgres;
mod only_sqlite;
mod query;
mod records;
mod replay;
mod tamper;
mod work;

/// Makes of each named function one test per backend.
macro_rules! on_both {
    ($($module:ident::$name:ident,)+) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                crate::$module::$name(crate::fresh::sqlite().await).await;
            })+
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                crate::$module::$name(crate::fresh::postgres(stringify!($name)).await).await;
            })+
        }
    };
}

on_both! {
    admin::a_key_ends_and_tells_when_it_was_used,
    admin::a_one_time_link_works_once,
    admin::an_integration_is_changed_by_one_of_two_at_once,
    admin::counters_cursors_and_keys_are_kept,
    audit::a_ledger_of_other_blocks_is_not_the_one_of_the_audit_log,
    audit::several_writers_leave_no_gap_in_the_audit_log,
    audit::tampering_with_the_audit_log_is_found,
    audit::the_audit_log_is_chained_with_itself_and_with_blocks,
    audit::the_audit_log_is_searched,
    book::a_case_that_fails_is_kept_and_does_not_stop_others,
    book::a_mark_that_moved_while_booking_stays,
    book::a_payment_is_booked_once,
    book::answers_for_an_old_block_never_change_while_booking_goes_on,
    book::completeness_never_moves_back,
    book::running_totals_are_the_sums_of_postings,
    drift::the_tables_are_those_that_queries_know,
    facts::a_rebuilt_ledger_has_the_same_facts,
    facts::an_edited_fact_is_found,
    facts::facts_are_kept_in_versions_by_block,
    facts::facts_that_stay_the_same_make_no_version,
    facts::pages_of_facts_meet_without_gap,
    facts::the_digest_of_facts_knows_no_order,
    inbox::a_cancelled_append_stores_all_or_nothing,
    inbox::a_full_queue_is_told_at_once,
    inbox::a_message_is_stored_as_it_was_given,
    inbox::duplicates_are_recognised_and_counted,
    inbox::groups_store_each_message_once,
    inbox::message_keys_are_wrapped_anew,
    inbox::text_that_a_database_cannot_hold_does_not_spoil_the_group,
    jobs::a_job_can_be_called_off,
    jobs::a_schedule_fires_once_on_several_nodes,
    jobs::a_worker_that_lost_its_lease_can_write_no_more,
    jobs::at_most_one_worker_has_a_job,
    jobs::jobs_and_schedules_survive_reopening,
    jobs::jobs_are_listed_newest_first_and_old_ones_pruned,
    jobs::jobs_go_by_priority_then_by_time,
    jobs::one_job_of_a_key_is_active,
    late::a_refund_that_comes_before_its_charge_moves_in_one_block,
    late::an_invoice_that_comes_last_splits_off_the_tax,
    late::the_order_of_telling_has_no_say,
    query::pages_of_postings_meet_without_gap,
    query::parties_appear_with_their_first_block,
    query::suspense_names_what_is_unexplained,
    records::a_dead_letter_is_discarded_by_two_persons,
    records::a_repeated_request_gets_the_first_answer,
    records::a_request_without_an_effect_is_forgotten,
    records::old_requests_are_pruned_by_new_ones,
    records::one_person_discards_what_bears_no_money,
    records::retries_by_people_are_counted,
    records::the_database_itself_asks_for_two_persons,
    replay::a_ledger_that_was_booked_while_messages_came_is_rebuilt_the_same,
    replay::a_rebuilt_ledger_has_the_same_entries_and_the_same_head,
    replay::a_rebuilt_ledger_takes_the_place_of_the_one_that_stands,
    replay::a_scratch_ledger_leaves_the_other_alone,
    replay::migrations_run_both_ways,
    tamper::an_entry_that_does_not_balance_is_refused,
    tamper::every_edit_of_what_is_sealed_is_found,
    tamper::nothing_sealed_can_be_changed_or_removed,
    work::a_dead_letter_can_be_put_back,
    work::a_done_message_is_observed_once,
    work::a_message_that_ends_its_worker_three_times_is_quarantined,
    work::a_wish_to_try_again_is_no_crash,
    work::claims_do_not_overlap_and_end_with_their_lease,
    work::messages_of_the_other_mode_are_never_claimed,
    work::the_counts_add_up,
}
