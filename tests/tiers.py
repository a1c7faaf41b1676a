"""The markers of all tests, in one place; docs/testing.md says what the tiers are made of."""

from __future__ import annotations

MARKERS = {
    "tensorflow": "starts TensorFlow, in the test's process or in one of its own",
    "slow": "a proof that takes long: kills, simulations, grids, trainings; in `make test-all` only",
    "browser": "looks at the page in Chromium; in `make test-all` only",
    "smoke": "one real model from end to end: all of TensorFlow that `make fast` starts",
}

TENSORFLOW = {
    "attacks": True,
    "attacks/test_row_rng.py": False,
    "attribution": True,
    "attribution/test_faithfulness.py": False,
    "attribution/test_rank_stability.py": False,
    "attribution/test_text_shapley.py": False,
    "audit_log/test_audit_count.py": True,
    "check/test_isolation.py": True,
    "checks": True,
    "checks/robustness/test_flipped_rows.py": False,
    "checks/robustness/test_sanity_tests.py": False,
    "checks/slices/test_planted.py": False,
    "checks/slices/test_search.py": False,
    "cli": True,
    "cli/test_attestation.py": False,
    "cli/test_checks_schema.py": False,
    "cli/test_diff.py": False,
    "cli/test_colour.py": False,
    "cli/test_completion.py": False,
    "cli/test_heartbeat.py": False,
    "cli/test_same_words.py": False,
    "cli/test_new_check.py": False,
    "cli/test_validate.py": False,
    "comparison": True,
    "comparison/test_paired_by_hand.py": False,
    "data/readers/test_aif360.py": True,
    "data/readers/test_parquet_types.py": True,
    "data/readers/test_readers.py": True,
    "data/readers/test_tfrecord.py": True,
    "data/test_image_decoding.py": True,
    "data/test_nulls.py": True,
    "data/test_dataset.py": True,
    "demo": True,
    "demo/test_loans.py": False,
    "examples": True,
    "execution/test_options.py": True,
    "execution/test_reports.py": True,
    "examples/test_readers.py": False,
    "examples/test_uci.py": False,
    "gate/test_decide_later.py": True,
    "inputs": True,
    "inputs/test_tensors.py": False,
    "integrations": True,
    "integrations/test_pytest_collection.py": False,
    "integrations/test_pytest_verdicts.py": False,
    "model": True,
    "monitoring/test_measured.py": True,
    "monitoring/test_null_lives.py": True,
    "monitoring/test_rollback.py": True,
    "monitoring/test_monitor.py": True,
    "mutants": True,
    "mutants/test_added_column.py": False,
    "mutants/test_effect_sizes.py": False,
    "mutants/test_verdicts.py": False,
    "notebook/test_audit_report.py": True,
    "notebook/test_keyword_policy.py": True,
    "notebook/test_notebook_page.py": True,
    "pipelines/test_example.py": True,
    "promotion/test_serving.py": True,
    "provenance": True,
    "registry/test_whole_audit.py": True,
    "site/test_commands.py": True,
    "subject": True,
    "subject/test_label_agreement.py": False,
    "subject/test_records.py": False,
    "subject/test_feature_screen.py": False,
    "subject/test_score_screen.py": False,
    "test_container.py": True,
    "test_determinism.py": True,
    "test_frameworks_of_a_run.py": True,
    "test_host.py": True,
    "test_testing.py": True,
    "zoo": True,
}
"""Folders and files below tests/ that start TensorFlow, and those within them that do not: the longest path counts."""

BROWSER = [
    "formats/html/test_browser.py",
    "formats/html/test_notebook_browser.py",
    "formats/html/test_scripts.py",
    "monitoring/test_tensorboard.py::test_the_page_draws_the_layout",
    "site/test_axe.py",
    "site/test_requests.py",
    "site/test_screenshots.py",
]
SLOW = [
    "cli/test_new_check.py::test_installed_from_the_wheel_it_is_listed_and_passes_its_tests",
    "checks/robustness/test_mask_grid.py",
    "demo/test_run.py::test_other_applicants_and_weights_give_the_same_verdicts",
    "examples/test_end_to_end.py::test_german_is_too_small_to_decide",
    "examples/test_image_digits.py",
    "examples/test_lifecycle.py",
    "examples/test_monitoring.py",
    "examples/test_text.py",
    "examples/test_trained.py",
    "execution/test_files.py",
    "execution/test_pool.py",
    "execution/test_reports.py",
    "formats/test_killed.py::test_killed_at_any_moment",
    "formats/test_killed.py::test_the_next_run_sweeps_up",
    "pipelines/test_example.py::test_both_candidates_of_the_demo_by_the_projects_own_workflow",
    "monitoring/test_store_faults.py",
    "pipelines/test_installing.py",
    "promotion/test_faults.py",
    "promotion/test_races.py",
    "registry/test_download.py::test_processes_at_once_agree",
    "site/test_commands.py",
    "stats/test_interval_coverage.py",
    "test_container.py::test_the_wheel_builds_from_what_is_copied_alone",
    "test_wheel.py",
    "zoo/test_processes.py",
]
SMOKE = [
    "cli/test_exit_codes.py::test_as_a_process_a_failed_gate_is_1",
    "zoo/test_inputs.py[one tensor of floats]",
]
"""Files ``a.py``, tests ``a.py::test_b``, cases ``a.py::test_b[case]``, and a case of all tests ``a.py[case]``."""

FIRST = [
    "checks/robustness/test_mask_grid.py",
    "examples",
    "test_determinism.py",
    "demo",
    "zoo/test_trained.py",
    "zoo",
]
"""What takes longest, in the order in which workers begin it."""


def turn(test: str) -> int:
    """Return a test's place in the order of the run: tests of one place keep theirs."""
    return next((i for i, place in enumerate(FIRST) if test.startswith(place)), len(FIRST))


def shared(nodeid: str) -> str:
    """Return what tests must have in common to run one after the other in one worker."""
    module, _, test = nodeid.partition("::")
    if module.startswith("tests/examples/") and not module.endswith("test_monitoring.py"):
        return nodeid
    split = module.startswith("tests/zoo/") or module.endswith("test_mask_grid.py")
    _, _, case = test.partition("[")
    return f"{module} {case}" if split and case else module


def starts_tensorflow(file: str) -> bool:
    """Return what the table says of a file, given by its path below tests/."""
    parts = file.split("/")
    prefixes = ("/".join(parts[:n]) for n in range(len(parts), 0, -1))
    return next((TENSORFLOW[prefix] for prefix in prefixes if prefix in TENSORFLOW), False)


def markers(test: str) -> set[str]:
    """Return the markers of a test, given by its id below tests/."""
    file, _, rest = test.partition("::")
    name, bracket, case = rest.partition("[")
    names = {test, file, f"{file}::{name}", f"{file}{bracket}{case}"}
    listed = {"slow": SLOW, "browser": BROWSER, "smoke": SMOKE}
    found = {marker for marker, tests in listed.items() if not names.isdisjoint(tests)}
    return found | ({"tensorflow"} if starts_tensorflow(file) else set())


def may_hold(file: str, expression: str) -> bool:
    """Return whether a file can have tests that ``-m expression`` chooses.

    Importing a file of tests often imports TensorFlow: a tier without it must not even look.
    """
    if expression == "smoke":
        return file in {test.partition("::")[0].partition("[")[0] for test in SMOKE}
    return not ("not tensorflow" in expression and starts_tensorflow(file))
