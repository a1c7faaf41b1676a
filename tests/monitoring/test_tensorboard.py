"""TensorBoard logs: every value read back by TensorBoard's own reader, and its pages looked at in a browser."""

import html
import itertools
import math
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page

from audit.errors import AuditError
from audit.formats.text.safe_text import clean
from audit.monitoring.outcome import (
    BatchOutcome,
    Event,
    IntervalEstimate,
)
from audit.monitoring.tensorboard import write
from audit.result import Scalar
from docs.chromium import chromium

from ..browser import needs_chromium
from ..formats.hostile_names import NAMES
from .tensorboard_logs import (
    EVENT_FILE,
    EVENTS,
    GAP,
    OUTCOMES,
    ROOT,
    RUN,
    START,
    VARIABLES,
    Points,
    charts,
    expected_scalars,
    layouts,
    read_back,
    steps,
    titled,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Logs of 60 batches, written when there were one, 30 and 60."""
    folder = tmp_path_factory.mktemp("logs")
    for batches in (1, 30, 60):
        write(folder, RUN, OUTCOMES[:batches])
    return folder


@pytest.fixture(scope="module")
def points(folder: Path) -> dict[str, Points]:
    return read_back(folder)


def test_every_value_is_read_back_once_at_its_step_and_time(points: dict[str, Points]) -> None:
    expected = expected_scalars(OUTCOMES)
    assert points["scalars"].keys() == expected.keys()
    for tag, series in points["scalars"].items():
        assert [point[:2] for point in series] == [point[:2] for point in expected[tag]], tag
        values = [point[2] for point in expected[tag]]
        np.testing.assert_allclose([point[2] for point in series], values, rtol=2**-23, atol=0, err_msg=tag)


def test_batches_without_labels_and_limits_that_are_infinite_have_no_point(points: dict[str, Points]) -> None:
    assert [step for step, _, _ in points["scalars"]["rules/min_accuracy/value"]] == [
        step for step in range(1, 61) if step % 10
    ]
    assert "rules/min_accuracy/limit high" not in points["scalars"]


def test_written_again_nothing_changes(folder: Path) -> None:
    before = {file: file.read_bytes() for file in (folder / RUN).iterdir()}
    write(folder, RUN, OUTCOMES)
    write(folder, RUN, OUTCOMES[:10])
    assert {file: file.read_bytes() for file in (folder / RUN).iterdir()} == before


def test_all_batches_are_in_one_file_however_often_they_are_written(folder: Path) -> None:
    assert sorted(file.name for file in (folder / RUN).iterdir()) == [".last-sequence", EVENT_FILE]


def test_each_run_has_its_own_state(tmp_path: Path) -> None:
    write(tmp_path, "v1", OUTCOMES[:3])
    write(tmp_path, RUN, OUTCOMES[:2])
    assert steps(tmp_path) == [1, 2]


@pytest.mark.parametrize("lost", [0, 7, 5_000], ids=["none", "of a record", "of two records"])
def test_a_kill_before_the_state_repeats_points_and_loses_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: int
) -> None:
    write(tmp_path, RUN, OUTCOMES[:30])
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "replace", killed)
        write(tmp_path, RUN, OUTCOMES[:40])
    file = tmp_path / RUN / EVENT_FILE
    os.truncate(file, file.stat().st_size - lost)
    write(tmp_path, RUN, OUTCOMES[:50])
    write(tmp_path, RUN, OUTCOMES)
    written = steps(tmp_path)
    assert written[:30] == list(range(1, 31))
    assert written[-30:] == list(range(31, 61))
    assert set(written[30:-30]) <= set(range(31, 41))


def killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_kill_in_the_first_write_loses_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "replace", killed)
        write(tmp_path, RUN, OUTCOMES[:3])
    write(tmp_path, RUN, OUTCOMES[:4])
    assert steps(tmp_path) == [1, 2, 3, 1, 2, 3, 4]


def test_the_layout_has_a_chart_of_each_rule_stream_and_variable(points: dict[str, Points]) -> None:
    layout = layouts(points)[-1]
    names = [titled(kind, variable) for kind, variable in VARIABLES]
    age = [titled(*VARIABLES[0]), f"{titled(*VARIABLES[0])} sex=female"]  # whose alarms stand
    streams = ["all", "rules/min_accuracy", "rules/gap", *(f"drift/{n}" for n in age)]
    names.append(age[1])
    rules = ["min_accuracy", GAP.removeprefix("rules/")]
    interval, limits = ("value", "low", "high"), ("value", "limit low", "limit high")
    plain = {
        "Rules": {f"{n}: value, 95 % interval": [f"rules/{n}/{end}" for end in interval] for n in rules}
        | {f"{n}: value, limits": [exactly(f"rules/{n}/{end}") for end in limits] for n in rules},
        "Drift": {f"{n}: ks, 95 % interval": [f"drift/{n}/ks/{end}" for end in interval] for n in names},
        "Evidence": {
            f"{n}: log10 e-value, cut off at twice the line": [
                exactly(f"evidence/{n}/{s}") for s in ("log10 e-value", "alarm line")
            ]
            for n in streams
        },
    }
    assert charts(layout) == plain


def exactly(tag: str) -> str:
    return f"^{re.escape(tag)}$"


def test_a_rule_that_appears_later_is_added_to_the_layout_and_none_leaves_it(tmp_path: Path) -> None:
    first = replace(OUTCOMES[0], rules=OUTCOMES[0].rules[:1], streams=OUTCOMES[0].streams[:1], drift=[])
    second = replace(OUTCOMES[1], rules=OUTCOMES[1].rules[1:], streams=OUTCOMES[1].streams[1:])
    for batch in (first, second, OUTCOMES[2], OUTCOMES[9]):
        write(tmp_path, RUN, [batch])
    before, after = layouts(read_back(tmp_path))
    assert [len(titles) for titles in charts(before).values()] == [2, 2]
    assert [len(titles) for titles in charts(after).values()] == [4, 3, 3]


def named(name: str, other: str) -> BatchOutcome:
    """The first batch with hostile names: of a rule and its group, and of a variable and its group."""
    batch = OUTCOMES[0]
    where: dict[str, Scalar] = {"attribute": other, "group": name}
    first, second = (
        replace(rule, rule=rule_id) for rule, rule_id in zip(batch.rules, (name, other), strict=True)
    )
    streams = [replace(s, rule=rule_id) for s, rule_id in zip(batch.streams, (name, other), strict=True)]
    shift = batch.drift[0]
    drift = [replace(shift, variable=name), replace(shift, variable=name, group=f"{other}={name}")]
    events = [Event(kind="rule", text=name), Event(kind="drift", text=name), Event(kind="drift", text=other)]
    rules = [replace(first, where=where), replace(second, where={})]
    return replace(batch, rules=rules, streams=streams, drift=drift, events=events)  # fmt: skip


HOSTILE = [
    *itertools.product(NAMES.values(), ["x"]),
    ("a.c", "abc"),
    ("a\nb", "a b"),
    ("n" * 500, "n" * 501),
    ("x", "x attribute=x attribute=x,group=x"),
    ("../../etc/passwd", "..\\.."),
    ("a|b)(?i)", "(a"),
    ("a(b)", "a[b]"),
    ("café", "cafe\u0301"),
]


@pytest.mark.parametrize(("name", "other"), HOSTILE, ids=[str(n) for n in range(len(HOSTILE))])
def test_hostile_names_stay_readable_and_separate_and_in_the_folder(
    tmp_path: Path, name: str, other: str
) -> None:
    write(tmp_path / "logs", RUN, [named(name, other)])
    files = [file.relative_to(tmp_path) for file in tmp_path.rglob("*") if file.is_file()]
    assert {file.parent for file in files} == {Path("logs", RUN)} and len(files) == 2
    points = read_back(tmp_path / "logs")
    tags = points["scalars"]
    assert all(tag == " ".join(clean(tag).split()) and len(tag) < 180 for tag in tags)
    assert all(len(series) == 1 for series in tags.values())
    # of two rules 4 and 5 tags, of two variables 9 each, of five streams two, and rows and labelled rows
    assert len(tags) == 9 + 18 + 10 + 2
    for title, tag in (
        (title, tag) for c in charts(layouts(points)[0]).values() for title, ts in c.items() for tag in ts
    ):
        matched = [t for t in tags if re.match(tag, t)] if tag.startswith("^") else [tag]
        assert len(matched) == 1 or tag.endswith("limit\\ high$"), title
        assert all(tag in (t, exactly(t)) and t in tags for t in matched), title  # fmt: skip


def test_a_shortened_name_keeps_its_tags_when_one_that_reads_the_same_joins(tmp_path: Path) -> None:
    batches = [named("n" * 500, "x"), replace(named("n" * 500, "n" * 501), sequence=2)]
    write(tmp_path, RUN, batches)
    streams = {
        t: points for t, points in read_back(tmp_path)["scalars"].items() if t.startswith("evidence/rules/n")
    }
    both = [tag for tag, series in streams.items() if [step for step, _, _ in series] == [1, 2]]
    assert len(both) == 2


def test_evidence_goes_on_in_time_when_labels_come_late(tmp_path: Path) -> None:
    late = replace(OUTCOMES[2], as_of=OUTCOMES[0].as_of, sequence=3)
    write(tmp_path, RUN, [*OUTCOMES[:2], late])
    write(tmp_path, RUN, [OUTCOMES[0], OUTCOMES[3]])
    points = read_back(tmp_path)["scalars"]
    first, second, _, fourth = [(START + timedelta(days=day)).timestamp() for day in (1, 2, 3, 4)]
    assert [time for _, time, _ in points["batch/rows"]] == [first, second, first, fourth]
    assert [time for _, time, _ in points["evidence/all/alarm line"]] == [first, second, second, fourth]


def shown_text(value: str) -> str:
    """Return the text that TensorBoard's page of texts shows of a point's bytes."""
    from tensorboard.plugin_util import markdown_to_safe_html

    return html.unescape(re.sub(r"</?(p|ul|li)>|\n", "", markdown_to_safe_html(bytes.fromhex(value))))


@pytest.mark.filterwarnings("ignore:html5lib.s sanitizer is deprecated:DeprecationWarning")
def test_events_are_texts_at_their_step(points: dict[str, Points]) -> None:
    texts = points["text"]
    assert {tag: [step for step, _, _ in series] for tag, series in texts.items()} == {
        "events/started": [1],
        "events/drift": [40],
        "events/rule": [45],
        "events/rollback": [50],
    }
    for step, events in EVENTS.items():
        ((_, time, value),) = texts[f"events/{events[0].kind}"]
        assert time == (START + timedelta(days=step)).timestamp()
        assert shown_text(value) == "".join(event.text.replace("\n", " ") for event in events)


@pytest.mark.filterwarnings("ignore:html5lib.s sanitizer is deprecated:DeprecationWarning")
@pytest.mark.parametrize("text", [*NAMES.values(), "1. a", "    code", "a\n===", "* a", "_b_ `c`", "![a](b)"])
def test_markup_in_events_is_shown_as_text(tmp_path: Path, text: str) -> None:
    write(tmp_path, RUN, [replace(OUTCOMES[0], events=[Event(kind="rule", text=text)])])
    ((_, _, value),) = read_back(tmp_path)["text"]["events/rule"]
    assert shown_text(value) == " ".join(clean(text).split())


@pytest.mark.parametrize("end", [math.inf, -math.inf, math.nan, 1e300])
def test_a_margin_chart_never_lacks_one_of_its_series(tmp_path: Path, end: float) -> None:
    rule = replace(OUTCOMES[0].rules[0], estimate=IntervalEstimate(value=0.5, low=0.4, high=end), low=-end)
    write(tmp_path, RUN, [replace(OUTCOMES[0], rules=[rule])])
    assert not [tag for tag in read_back(tmp_path)["scalars"] if tag.startswith("rules/")]


def test_neither_tensorflow_nor_its_stub_is_imported(tmp_path: Path) -> None:
    code = f"""
import sys
from tests.monitoring.tensorboard_logs import OUTCOMES
from audit.monitoring import tensorboard
from pathlib import Path
assert "tensorboard" not in sys.modules
tensorboard.write(Path({str(tmp_path)!r}), "v1", OUTCOMES)
assert "tensorboard" in sys.modules
assert not [name for name in sys.modules if name.split(".")[0] in ("tensorflow", "keras")]
assert "tensorboard.compat.notf" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_without_tensorboard_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(AuditError, match=re.escape("pip install 'savedmodel-audit[monitoring]'")):
        write(tmp_path, RUN, OUTCOMES)


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AuditError, match="a directory that can be written"):
        write(tmp_path / "file", RUN, OUTCOMES)


@pytest.mark.parametrize("text", ["", "60", '{"sequence": 60, "other": 1}', '{"sequence": "a"}', "{}"])
def test_a_damaged_state_is_an_error(tmp_path: Path, text: str) -> None:
    write(tmp_path, RUN, OUTCOMES[:1])
    (tmp_path / RUN / ".last-sequence").write_text(text)
    with pytest.raises(AuditError, match="its batches are written anew"):
        write(tmp_path, RUN, OUTCOMES)


@contextmanager
def tensorboard_server(folder: Path) -> Iterator[str]:
    """Start TensorBoard as users do, and yield its address."""
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(folder), "--port", "0"]
    with subprocess.Popen([*command, "--host", "127.0.0.1"], stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        try:
            yield next(m[0] for line in server.stderr if (m := re.search(r"http://127\.0\.0\.1:\d+/", line)))
        finally:
            server.terminate()


@contextmanager
def opened(address: str) -> Iterator[Page]:
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1500, "height": 2000})
        page.goto(address)
        yield page


@needs_chromium
def test_the_page_draws_the_layout(folder: Path, tmp_path: Path) -> None:
    page_of_layout = "#custom_scalars&_smoothingWeight=0"
    with tensorboard_server(folder) as address, opened(f"{address}{page_of_layout}") as page:
        for category in ("Rules", "Evidence", "Drift"):
            page.locator("tf-category-paginated-view").get_by_text(category, exact=True).wait_for()
        for kind, title, lines in (
            ("margin", "min_accuracy: value, 95 % interval", 1),
            ("multi-line", "min_accuracy: value, limits", 2),
            ("multi-line", "all: log10 e-value", 2),
            ("margin", "feature age: ks, 95 % interval", 1),
            ("margin", "feature income [USD]: ks, 95 % interval", 1),
        ):
            card = page.locator(f"tf-custom-scalar-{kind}-chart-card").filter(has_text=title)
            card.locator("path.line[d*=L]").nth(lines - 1).wait_for(state="attached")
        assert page.locator(".error-content").count() == 0
        page.screenshot(path=tmp_path / "custom-scalars.png")
