"""All measurements of attacks in full: a row for each attack and group, a column for each size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.formats.html.charts.measurement_table import methods, rows_of_all
from audit.formats.html.robustness import measurements as measured
from audit.formats.html.robustness.measurements import ALL, AttackMeasurement, Group
from audit.numbers import count, interval, number, written
from audit.result import Measurement


@dataclass(frozen=True, slots=True)
class SizeRow:
    """One group's values under one attack: ``cells`` are (value, interval) by size, None where nothing was measured."""

    label: str
    rows: str
    cells: list[tuple[str, str] | None]


@dataclass(frozen=True, slots=True)
class SizeTable:
    """A metric by size of attack in one norm; ``parts`` are the rows of each attack, ``unit`` the name of a size."""

    metric: str
    norm: str
    unit: str
    heads: list[str]
    parts: dict[str, list[SizeRow]]
    methods: str
    measurements: int


def size_tables(hits: Sequence[AttackMeasurement], clean: Mapping[Group, Measurement]) -> list[SizeTable]:
    """Return a table for each norm and metric; the accuracy without an attack comes first in its own."""
    kinds = dict.fromkeys((hit.metric, hit.norm) for hit in hits)
    tables = [_table(*kind, [hit for hit in hits if (hit.metric, hit.norm) == kind]) for kind in kinds]
    groups = {group: m for group, m in clean.items() if group != ALL}
    return [*([_clean(groups)] if groups else []), *tables]


def _clean(groups: Mapping[Group, Measurement]) -> SizeTable:
    rows = [SizeRow(_name(group), count(m.n), [_cell(m)]) for group, m in groups.items()]
    return SizeTable(measured.CLEAN, "", "eps", ["0"], {"": rows}, methods(groups.values()), len(rows))


def _table(metric: str, norm: str, hits: Sequence[AttackMeasurement]) -> SizeTable:
    sizes = sorted({hit.eps for hit in hits})
    return SizeTable(
        metric=metric,
        norm=norm,
        unit="eps" if norm else "severity",
        heads=[written(eps) for eps in sizes],
        parts={
            attack: _rows([hit for hit in hits if hit.attack == attack], sizes)
            for attack in measured.attacks(hits)
        },
        methods=methods(hit.measurement for hit in hits),
        measurements=len(hits),
    )


def _rows(hits: Sequence[AttackMeasurement], sizes: Sequence[float]) -> list[SizeRow]:
    by_group: dict[Group, dict[float, Measurement]] = {}
    for hit in hits:
        by_group.setdefault(hit.group, {})[hit.eps] = hit.measurement
    return [
        SizeRow(
            _name(group),
            rows_of_all(row.values()),
            [_cell(row[eps]) if eps in row else None for eps in sizes],
        )
        for group, row in by_group.items()
    ]


def _name(group: Group) -> str:
    return ": ".join(group) if group != ALL else "all rows"


def _cell(measurement: Measurement) -> tuple[str, str]:
    return number(measurement.value), interval(measurement.ci) if measurement.ci else ""
