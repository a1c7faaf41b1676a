"""Tables of the simulated lives, in Markdown; what misses a bar is bold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audit.stats.proportions import clopper_pearson
from benchmarks.monitoring_evidence import FALSE_ALARMS, LIMIT
from benchmarks.monitoring_lives import FEATURES, World
from benchmarks.monitoring_thresholds import METHODS

FOUND_WITHIN, FOUND_SHARE = 5, 0.95
BROKEN_RECALL = 0.7
DELAY_FACTOR = 2.5
_MISS = "**"


@dataclass(frozen=True)
class Result:
    """First alarm of each life (0 for none), and of some lives the batches on which fixed thresholds are exceeded."""

    world: World
    alarms: np.ndarray
    exceeded: np.ndarray

    @property
    def delays(self) -> np.ndarray:
        """Batches until the shift is found; infinite if it is not, or if the alarm came before it."""
        late = self.alarms - self.world.shifted_from + 1
        return np.where((self.alarms > 0) & (late > 0), late, np.inf)


def false_alarms(results: Sequence[Result]) -> str:
    rows = []
    for result in results:
        lives, alarms = len(result.alarms), int((result.alarms > 0).sum())
        bound = float(clopper_pearson(np.array(float(alarms)), np.array(float(lives)), 0.01).high)
        world = result.world
        rows.append(
            [
                f"{world.batch_rows:,}",
                f"{world.reference_rows:,}",
                f"{lives:,}",
                _percent(alarms / lives),
                _marked(_percent(bound), bound > FALSE_ALARMS),
            ]
        )
    title = (
        "**How often an alarm is raised although nothing has changed**, within a year of daily batches. The data are "
        f"distributed as the reference, and the recall of one group and the disparate impact are exactly {LIMIT}, the "
        f"least that their rules allow. At most {100 * FALSE_ALARMS:.0f} % are promised for the whole life of a store, "
        "of which the first model, simulated here, has half."
    )
    header = ["rows in a batch", "reference rows", "lives", "with a false alarm", "upper limit, 99 %"]
    return _table(title, header, rows)


def shifts(results: Sequence[Result]) -> str:
    rows = []
    for result in results:
        share = float((result.delays <= FOUND_WITHIN).mean())
        rows.append(
            [
                f"{result.world.shifted_from}",
                f"{result.world.reference_rows:,}",
                f"{len(result.delays):,}",
                _marked(_percent(share), share < FOUND_SHARE),
                _number(float(np.median(result.delays))),
            ]
        )
    title = (
        f"**How fast a shift is found**: one of {FEATURES} features shifts by half a standard deviation, in batches of "
        f"500 rows. At least {100 * FOUND_SHARE:.0f} % have to be found within {FOUND_WITHIN} batches."
    )
    within = f"found within {FOUND_WITHIN} batches"
    return _table(title, ["shifted from batch", "reference rows", "lives", within, "batches, median"], rows)


def broken_rule(delays: dict[tuple[int, int], dict[int, float]], lives: int) -> str:
    """Return the table of median positives: by positives in a batch and quiet batches, then by streams."""
    divergence = BROKEN_RECALL * np.log(BROKEN_RECALL / LIMIT)
    divergence += (1.0 - BROKEN_RECALL) * np.log((1.0 - BROKEN_RECALL) / (1.0 - LIMIT))
    rows = []
    for streams in next(iter(delays.values())):
        bar = float(DELAY_FACTOR * np.log(streams / FALSE_ALARMS) / divergence)
        medians = [of_streams[streams] for of_streams in delays.values()]
        rows.append(
            [
                f"1/{streams}",
                *(_marked(_number(median), median > bar) for median in medians),
                _number(bar),
            ]
        )
    title = (
        f"**How fast a broken rule is found**: the recall of a group falls from {LIMIT} to {BROKEN_RECALL} under the "
        f"rule `at_least: {LIMIT}`. The table has the labelled positives of the group until the rule's alarm, medians "
        f"of {lives:,} lives. A rule has a quarter of the weight beside drift and one more rule, a twentieth beside "
        f"nine more. The bar is {DELAY_FACTOR} · log(1 / (weight · {FALSE_ALARMS})) / KL({BROKEN_RECALL} ‖ {LIMIT}); "
        "what is above it is bold."
    )
    columns = [
        f"batches of {positives}, {f'after {quiet} quiet ones' if quiet else 'from the start'}"
        for positives, quiet in delays
    ]
    return _table(title, ["weight", *columns, "bar"], rows)


def beside_thresholds(quiet: Sequence[Result], shifted: Sequence[Result], slightly: Sequence[Result]) -> str:
    rows = []
    for still, *moved in zip(quiet, shifted, slightly, strict=True):
        size = f"{still.world.batch_rows:,}"
        share = float((still.alarms > 0).mean())
        delays = [_number(float(np.median(result.delays))) for result in moved]
        rows.append([size, "`audit monitor`", _percent(share), f"{share:.3g}", *delays])
        for index, method in enumerate(METHODS):
            over = still.exceeded[:, index]
            first = [_number(_median_delay(result, index)) for result in moved]
            rows.append([size, method, _percent(over.any(1).mean()), f"{over.sum(1).mean():.3g}", *first])
    world = shifted[0].world
    title = (
        f"**The usual fixed thresholds on the same batches**, {world.reference_rows:,} reference rows: alarms in a "
        f"year of daily batches without any change, and batches until a shift of one of {FEATURES} features, which "
        f"begins after {world.shifted_from - 1} batches, is found. A fixed threshold alarms if any feature exceeds it, "
        "and an alarm of `audit monitor` stands, so that it is one at most."
    )
    header = ["rows in a batch", "method", "lives with a false alarm", "false alarms a year"]
    found = [
        f"batches until {of_size[0].world.shift} standard deviations are found, median"
        for of_size in (shifted, slightly)
    ]
    return _table(title, [*header, *found], rows)


def _median_delay(result: Result, method: int) -> float:
    """Return the median number of batches from the shift until a fixed threshold is exceeded."""
    late = result.exceeded[:, method, result.world.shifted_from - 1 :]
    return float(np.median(np.where(late.any(1), late.argmax(1) + 1.0, np.inf)))


def _percent(share: float) -> str:
    return f"{100.0 * share:.1f} %"


def _number(value: float) -> str:
    return f"{value:,.0f}" if np.isfinite(value) else "not found"


def _marked(text: str, misses: bool) -> str:
    return f"{_MISS}{text}{_MISS}" if misses else text


def _table(title: str, header: list[str], rows: list[list[str]]) -> str:
    cells = [header, ["---"] * len(header), *rows]
    return "\n".join([title, "", *("| " + " | ".join(row) + " |" for row in cells), ""])
