"""What the README says, sentence by sentence and cell by cell, and what shows that it is true.

A test stands as its node, without parameters: `tests/x.py::test_y`. A figure is a row of the
benchmarks' baseline and the day on which it was measured. PLAIN is for what promises nothing: it
names a thing or says what to type.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A row of tests/benchmarks/baseline.json, on a day: the median is above `above`."""

    bench: str
    what: str
    day: str
    above: float


Evidence = str | Figure
PLAIN: tuple[Evidence, ...] = ()

_MONITOR = "tests/e2e/test_ec2_launch_monitor.py::"
_DEMO = _MONITOR + "test_the_demo_keeps_what_it_says"
_EVERY = "tests/e2e/reactions/test_every_reaction.py::"
_PLAN = "tests/plan/"
_UNIT = "tests/unit/"
_GUARDS = "tests/plan/test_guards.py::"
_EXEC = "tests/attacks/test_local_exec.py::"
_OPERATIONS = "tests/unit/operations/test_operations.py::"
_RECONCILE = "tests/unit/operations/test_reconcile_command.py::"
_REPLAY = "tests/unit/replay/test_command.py::"
_NO_ACCOUNT = (
    "tests/e2e/localaws/test_cli.py::test_exec_gives_its_environment_and_none_of_the_caller_s"
)

CLAIMS: dict[str, tuple[Evidence, ...]] = {
    "**You don't just log what happened: you react to it.**": PLAIN,
    "Terraform modules, and the Python that goes with them, that log AWS API calls "
    "with CloudTrail, "
    "prove the log unchanged, and react to calls through EventBridge with Lambda, SNS and SQS.": (
        _MONITOR + "test_a_launch_reaches_the_queue_and_makes_one_mail",
        _MONITOR + "test_every_instance_of_a_users_launch_carries_its_owner",
        "tests/e2e/test_digest_validation.py::test_one_after_the_other",
    ),
    "**Wired**: every permission and dead-letter queue between a rule and its target is there, and "
    "every alarm on them once you name a topic for alarms.": (
        _PLAN + "test_event_rules_targets.py::test_every_target_has_the_dead_letter_queue",
        _PLAN + "test_event_rules.py::test_alarms_on_the_dead_letter_queue",
        _MONITOR + "test_without_the_functions_permission",
        _MONITOR + "test_without_the_queues_policy",
        _MONITOR + "test_without_the_topics_policy",
        "tests/e2e/test_targets.py::test_each_kind_gets_its_event",
    ),
    "**Safe**: a reaction changes nothing until you say `enforce`: it begins by logging what it "
    "would do.": (
        _EVERY + "test_in_dry_run_it_only_logs",
        _GUARDS + "test_only_enforce_may_act_and_only_as_it_must",
        _PLAN + "test_examples_of_reactions.py::test_it_needs_nothing_set_and_starts_in_dry_run",
    ),
    "**Proven**: the same Terraform and the same Lambda code run end to end on a "
    "laptop, with no AWS "
    "account.": (
        _MONITOR + "test_every_instance_of_a_users_launch_carries_its_owner",
        _EVERY + "test_it_acts_once_records_it_and_tells",
        "tests/unit/test_package.py::test_the_checked_in_zip_is_what_the_source_builds",
    ),
    # --- See it
    "On a machine with Python 3.11 to 3.13, make and "
    "[Terraform](https://developer.hashicorp.com/terraform/install) 1.9 or newer:": (
        _UNIT + "test_house.py::test_python_versions_agree",
        _UNIT + "test_house.py::test_versions_are_the_projects",
        _UNIT + "test_house_pythons.py::test_every_pin_admits_every_python_that_is_promised",
    ),
    "The demo sets itself up, starts a local AWS, applies [an "
    "example](examples/ec2-launch-monitor) "
    "and launches instances as a user and as a role.": (_DEMO,),
    "For each call it shows which rule matched, where the event went, what the "
    "reaction changed, and "
    "how long each step took.": (
        _DEMO,
        "tests/e2e/localaws/test_cli.py::test_tail_shows_calls_matches_and_deliveries_in_lines",
    ),
    "At last the event of a launch is lost, as AWS may lose one: some hours later, on a clock that "
    "is moved, the log is proven, [reconciliation](modules/reconciliation) finds what is missing, "
    "and the reaction happens late and says so.": (_DEMO,),
    "Then the demo checks its own claims, destroys everything and stops.": (
        _DEMO,
        _UNIT + "test_demo.py::test_no_claim_holds_where_nothing_has_happened",
        _MONITOR + "test_destroy_leaves_nothing",
    ),
    "It touches no AWS account, whatever your environment says.": (
        _EXEC + "test_nothing_of_the_caller_s_aws_gets_through",
    ),
    "runs all checks and tests, as CI does, and prints its seed: `make test SEED=n` "
    "repeats a run.": (
        _UNIT + "test_house.py::test_ci_calls_the_readmes_test_command",
        _UNIT + "test_release.py::test_the_oldest_and_the_newest_python_are_tested",
    ),
    "For the inner circle, `make quick` runs lint, unit tests and the plans of what "
    "changed since the "
    "last commit.": (
        _UNIT + "test_harness_changed.py::test_what_changed_has_the_tests_that_are_about_it",
    ),
    "`make help` lists the rest.": (
        _UNIT + "test_house.py::test_make_targets_are_explained_and_no_files",
    ),
    "To change something here, read [CONTRIBUTING.md](CONTRIBUTING.md).": PLAIN,
    # --- Use it
    "This makes a trail, a rule on launches, and a Lambda function that tags every launched "
    "instance with its owner and alerts on large ones:": (
        _PLAN + "test_readme.py::test_the_usage_in_the_readme_plans",
        _MONITOR + "test_every_instance_of_a_users_launch_carries_its_owner",
        _MONITOR + "test_a_large_launch_raises_one_alert_that_a_person_can_read",
    ),
    "Put the address of your copy in place of `example.com`.": PLAIN,
    "`ref` is a tag; until there is one (`git ls-remote --tags`), give a commit's whole hash.": (
        "tests/plan/test_module_readmes.py::test_a_block_plans_from_a_git_source",
    ),
    "The Lambda's zip is in the repository: no build step, no Python on the runner, "
    "and a saved plan "
    "can be applied by another job.": (
        "tests/unit/test_package.py::test_the_checked_in_zip_is_what_the_source_builds",
        "tests/e2e/test_module_sources.py::test_a_saved_plan_applies_from_a_fresh_folder",
    ),
    "Every part stands alone: with a trail that you already have (Control Tower's, say), take "
    "`event-rules`, `reaction` and a guard, and leave the rest; where a module takes another whole "
    "(`log_bucket = module.log_bucket`), your own resource does as well "
    "(`queue = aws_sqs_queue.downstream`).": (
        "tests/e2e/test_forwarding.py::test_beside_a_trail_that_somebody_else_made",
        _PLAN + "test_reaction.py::test_resources_of_the_same_apply_can_be_given_whole",
    ),
    "Name a module in the whole repository (`.git//modules/trail`, or "
    "`./vendor/cloudtrail-reactor/modules/trail` in a copy of all of it): a folder copied by "
    "itself lacks its neighbours, such as `../location`.": (
        "tests/e2e/test_module_sources.py::test_a_saved_plan_applies_from_a_fresh_folder",
        _PLAN + "test_location.py::test_a_folder_copied_by_itself_lacks_its_neighbours",
    ),
    # --- What is here
    "the bucket a trail writes to: encrypted, versioned, private, TLS only; MFA delete or Object "
    "Lock, access log": (
        _PLAN + "test_log_bucket.py::test_the_buckets_settings_by_default",
        _PLAN + "test_log_bucket.py::test_mfa_delete_prints_commands_and_switches_nothing",
        _PLAN + "test_log_bucket.py::test_object_lock",
        _PLAN + "test_log_bucket.py::test_an_access_log_of_its_own",
    ),
    "the bucket logs are kept in: Object Lock, Glacier, a key of its own, in any Region and "
    "account": (
        _PLAN + "test_log_archive.py::test_the_archives_settings_by_default",
        _PLAN + "test_log_archive.py::test_an_organizations_archive_fed_from_another_account",
        "tests/e2e/test_log_keeping.py::test_two_states_in_two_accounts",
    ),
    "what fills the archive: the role and the rule on the log bucket's side": (
        _PLAN + "test_log_archive.py::test_the_rule",
    ),
    "how logs grow old: large log files to Glacier, digests never": (
        _PLAN + "test_log_lifecycle.py::test_log_files_move_by_account_and_digests_stay",
    ),
    "the trail: account or organization, management, data and network events, Insights; log file "
    "validation always on": (
        _PLAN + "test_trail.py::test_everything_given",
        _PLAN + "test_trail.py::test_data_and_network_events",
        _PLAN + "test_trail.py::test_an_organizations_trail",
        _PLAN + "test_trail.py::test_validation_can_not_be_switched_off",
    ),
    "an encrypted SNS topic that EventBridge and alarms may publish to; mail, "
    "queues, HTTPS, chat": (
        _PLAN + "test_alert_topic.py::test_own_key_and_subscribers",
        _PLAN + "test_alert_topic.py::test_queues_and_addresses",
        _PLAN + "test_alert_topic.py::test_chat_messages_are_custom_notifications",
    ),
    "rules to functions, topics, queues, buses, log groups, streams, state machines, API "
    "destinations, ECS tasks and runbooks, of other accounts too, with permissions, retries, a "
    "dead-letter queue and alarms": (
        "tests/e2e/test_targets.py::test_each_kind_gets_its_event",
        "tests/e2e/test_targets.py::test_another_account_admits_the_rules_role_first",
        _PLAN + "test_event_rules.py::test_alarms_on_the_dead_letter_queue",
    ),
    "events of other Regions and accounts to one hub, with a canary": (
        "tests/e2e/test_forwarding.py::test_a_call_of_each_account_arrives_once_and_as_it_was",
        "tests/e2e/test_forwarding.py::test_a_canary_without_leave_is_missed",
    ),
    "the catalogue: N detections as data, by id, severity, CIS benchmark and ATT&CK "
    "technique, each "
    "with samples": (
        _UNIT + "detections/test_catalogue.py::test_an_entry_is_whole",
        _UNIT + "detections/test_catalogue.py::test_samples_decide_as_labelled",
        _PLAN + "test_detections.py::test_filters",
    ),
    "every hour's proof that no log file was changed, removed or added, beside any "
    "trail; all of it "
    "again every 30 days, every name once a day": (
        _UNIT + "reactor/test_digest_scheduled.py::test_hour_by_hour_all_is_proven_once",
        _UNIT + "reactor/test_digest_scheduled.py::test_a_log_file_added_to_a_proven_hour_is_found",
        "tests/e2e/test_digest_validation.py::test_one_after_the_other",
    ),
    "runs a guard, ours or your own: a Lambda with its least-privilege role, failure "
    "queue, ledger, "
    "budget, exemptions, kill switch and alarms": (
        _PLAN + "test_reaction.py::test_the_least_that_it_makes",
        _PLAN + "test_reaction.py::test_the_environment_has_the_engines_settings",
        _EVERY + "test_it_needs_each_of_its_permissions",
        _EVERY + "test_without_its_permission_the_event_is_in_the_failure_queue",
        _EVERY + "test_exempt_callers_and_resources_are_left_alone_and_logged",
    ),
    "a guard (settings and policy, no resources): tags launches with their owner, alerts on large "
    "ones, may stop them": (
        _GUARDS + "test_guards_make_nothing_and_put_out_what_a_reaction_takes",
        _MONITOR + "test_a_large_launch_raises_one_alert_that_a_person_can_read",
    ),
    "a guard: contains roles that trust, may or are called what they must not; the "
    "rules as an SCP, "
    "too": (
        _UNIT + "reactor/test_iam_role_guard.py::test_roles_that_break_a_rule_are_contained",
        _GUARDS + "test_the_scp_has_the_rules_that_a_call_can_tell",
    ),
    "a guard: brings buckets to a baseline, and keeps them there": (
        _UNIT
        + "reactor/test_bucket_baseline.py::test_a_bare_bucket_gets_everything_and_then_nothing",
        _UNIT + "reactor/test_bucket_baseline.py"
        "::test_protection_that_was_taken_off_comes_back_with_a_loud_alert",
    ),
    "a guard: starts stopped trails, takes changes of trails back": (
        _UNIT + "reactor/test_trail_guard.py"
        "::test_stopped_logging_is_started_again_and_then_left_alone",
        _UNIT + "reactor/test_trail_guard.py"
        "::test_a_changed_trail_is_told_with_the_difference_and_restored",
    ),
    "a guard: revokes rules that open risky ports to the world": (
        _UNIT + "reactor/test_security_group_guard.py"
        "::test_risky_rules_are_revoked_and_others_stay",
    ),
    "a guard: tells people of any event, once a window, with a count": (
        _UNIT + "reactor/test_notify.py::test_one_alert_a_window_has_the_number_of_events",
    ),
    "what a hub's reaction assumes to act in another account": (
        "tests/e2e/test_member_role.py::test_it_acts_there_with_the_role_and_refuses_without",
        _GUARDS + "test_the_member_role_trusts_the_hubs_reactions_alone",
    ),
    "the account, Region and partition that a module is applied in": (
        _PLAN + "test_location.py::test_account_and_region_are_looked_up",
    ),
    "CIS's metric filters and alarms on a trail's log group, as Security Hub, Prowler and others "
    "look for them": (
        _UNIT + "metric_filters/test_controls.py::test_security_hub_finds_its_text_to_the_letter",
        _UNIT + "metric_filters/test_controls.py::test_other_tools_find_a_text",
        "tests/e2e/test_forwarding.py::test_auditors_find_its_filters_and_alarms",
    ),
    "CloudTrail's logs as tables for Athena: years of them in one question, and "
    "nothing to pay until "
    "somebody asks": (
        "tests/e2e/test_log_query.py::test_what_a_role_did",
        _PLAN + "test_log_query.py::test_partitions_are_the_keys_that_a_path_names",
        _PLAN + "test_module_readmes.py::test_a_readme_says_what_it_costs",
    ),
    "one CloudWatch dashboard of all that runs": (
        _PLAN + "test_dashboard.py::test_the_whole_body",
        _PLAN + "test_dashboard.py::test_every_metric_that_is_drawn_is_written",
    ),
    "every event that a rule should have seen, seen": (
        "tests/e2e/test_nothing_missed.py::test_one_after_the_other",
    ),
    "checks for checkov, features for terraform-compliance and a pre-commit hook, for your own "
    "plans": (
        "tests/policy/test_checks.py::test_what_is_faulty_fails_and_nothing_else_does",
        "tests/policy/test_checks.py::test_the_hook_runs_the_checks",
        "tests/policy/test_compliance.py"
        "::test_the_guides_line_judges_a_plan_as_terraform_prints_it",
    ),
    "[what to do when an alarm goes off](docs/runbook.md), [how to write a "
    "reaction](docs/write-a-reaction.md), [what replay reads and counts](docs/replay.md), "
    "[years of a log in one question](docs/history.md), [the command line](docs/command-line.md), "
    "[what the examples cost](docs/costs.md), [how the house is built and "
    "why](docs/architecture.md), [how the layout meets a registry](docs/registry.md), and [what "
    "OpenTofu takes](docs/opentofu.md)": (_UNIT + "test_docs.py::test_links_lead_somewhere",),
    "to copy: [minimal](examples/minimal) in two short files, [complete](examples/complete) with "
    "everything, and one for each use between; each is applied, changed and destroyed by the "
    "tests": (
        _UNIT + "test_claims.py::test_every_example_is_applied_by_some_test",
        "tests/e2e/test_log_keeping.py::test_an_example_stays_as_it_is_and_goes",
        "tests/e2e/test_estates.py::test_a_second_plan_of_complete_is_empty",
    ),
    "what Lambda runs, and the zip of it (`make package` builds the same bytes anywhere)": (
        _UNIT + "test_package.py::test_two_builds_are_the_same_bytes",
        _UNIT + "test_package.py::test_every_version_of_python_builds_the_same",
        _UNIT + "test_package.py::test_line_ends_of_another_system_change_nothing",
    ),
    "the command line": PLAIN,
    "the local AWS: records calls, delivers events, with no account": (
        "tests/e2e/localaws/test_records.py::test_a_call_by_boto3",
        _MONITOR + "test_a_launch_reaches_the_queue_and_makes_one_mail",
    ),
    "plans, policies, handlers, end to end, benchmarks": PLAIN,
    # --- The command line
    "`make setup` puts `trailctl` into `.venv/bin`.": (
        _UNIT + "test_harness_setup.py::test_each_command_sets_up_only_what_it_needs",
    ),
    "`trailctl COMMAND --help` tells the rest.": PLAIN,
    "what a plan's rules, or the catalogue, would have done over [whatever you have "
    "of CloudTrail's "
    "events](docs/replay.md), or a [table of Athena's](docs/history.md): matches, "
    "principals, alerts "
    "a day": (
        _REPLAY + "test_rules_of_a_plan",
        _REPLAY + "test_json_counts_what_there_is",
        _UNIT + "replay/test_sources.py::test_looked_up_events_come_page_by_page",
        _UNIT + "history/test_asking.py::test_an_answer_comes_page_by_page",
        Figure("replay", "30 rules beside ministack", "2026-11-28", above=1),
    ),
    "which simulated attacks, ATT&CK techniques and CIS controls the catalogue finds: table, "
    "Navigator layer, page": (
        _UNIT + "coverage/test_coverage.py::test_no_attack_is_lost",
        _UNIT + "coverage/test_coverage.py::test_the_layer_is_one_of_the_navigator",
        _UNIT + "coverage/test_coverage.py::test_table_and_page_tell_what_is_lost",
    ),
    "lists the catalogue, tries detections of your own on the samples beside them, prints the JSON "
    "schemas, imports and exports Sigma rules": (
        _UNIT + "test_command_line.py::test_the_catalogue_is_listed",
        _UNIT + "detections/test_trial.py::test_an_entry_that_does_what_it_says",
        _UNIT + "detections/test_schemas.py::test_the_command_prints_the_file",
        _UNIT + "sigma/test_import.py::test_import_of_a_folder",
        _UNIT + "sigma/test_export.py::test_the_command",
    ),
    "the AWS CLI's command of that name, with EventBridge's semantics and no account": (
        _REPLAY + "test_test_event_pattern",
        _UNIT + "patterns/test_against_reference.py::test_one_pattern",
        Figure("patterns", "30 rules beside moto (alike on 100.0%)", "2026-11-28", above=1),
    ),
    "the AWS CLI's command of that name, faster and stricter: all Regions and accounts at once": (
        Figure("digest", "24 h at 0 ms, beside the AWS CLI", "2026-11-28", above=1),
        Figure("digest", "24 h at 30 ms, beside the AWS CLI", "2026-11-28", above=1),
        _UNIT + "test_validate_logs.py::test_an_organization_trail",
        _UNIT + "test_validate_logs.py::test_help_says_where_it_is_stricter",
    ),
    "what to run at 3 a.m.: failed events once more, an action taken back": (
        _OPERATIONS + "test_redrive_sends_kept_events_again_and_deletes_them",
        _OPERATIONS + "test_undo_takes_back_all_that_was_done_about_an_event",
    ),
    "what the rules should have seen by the proven log, and did not; redelivers it when asked": (
        _RECONCILE + "test_it_shows_what_the_function_would_find_and_changes_nothing",
        _RECONCILE + "test_it_asks_before_it_redelivers",
        "tests/e2e/test_nothing_missed.py::test_one_after_the_other",
    ),
    "the local AWS; events are lost, repeated and late there on demand": (
        "tests/e2e/localaws/test_faults.py"
        "::test_calls_are_lost_repeated_late_and_out_of_order_and_the_log_has_them",
    ),
    "completes commands, options and detections' ids in your shell": (
        _UNIT + "test_command_line.py::test_a_shell_completes",
    ),
    "the version, and what the functions' zip was built from": (
        _UNIT + "test_package.py::test_it_is_small_and_carries_its_version",
    ),
    # --- A local AWS for your own rules
    "The local AWS records the calls that it serves as CloudTrail would, matches the "
    "records against "
    "your rules, checks AWS's permissions and delivers the events.": (
        "tests/e2e/localaws/test_records.py::test_a_call_by_boto3",
        "tests/e2e/localaws/test_records.py::test_a_call_by_terraform",
        _MONITOR + "test_the_function_has_only_its_roles_permissions",
    ),
    "A queue whose policy does not admit the rule gets nothing: the event is in the dead-letter "
    "queue.": (
        _MONITOR + "test_without_the_queues_policy",
        _UNIT + "localaws/router/test_failures.py"
        "::test_no_grant_means_straight_to_the_dead_letter_queue",
    ),
    "`exec` runs one command with the local AWS's environment and none of your own "
    "AWS settings, so "
    "that nothing reaches a real account by accident; the AWS CLI of `make setup` is "
    "on its PATH if "
    "you have none.": (
        _NO_ACCOUNT,
        _EXEC + "test_every_service_of_the_cli_stays_at_home",
        _EXEC + "test_the_project_s_own_cli_is_behind_the_caller_s",
    ),
    "What is emulated and what is not is told in [localaws](localaws), what is promised and how to "
    "report a weakness in [SECURITY.md](SECURITY.md).": (
        _UNIT + "test_docs.py::test_links_lead_somewhere",
    ),
    "[Apache-2.0](LICENSE)": (_UNIT + "test_house.py::test_the_license_is_apache_2",),
}
