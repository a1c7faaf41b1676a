"""The outcome of a rule in the words of page one, for formats that give a rule a few lines of text."""

from collections.abc import Iterator
from itertools import islice

from audit.formats.rule_claim import claim, rule_title
from audit.formats.rule_text import (
    MAX_REASON,
    PlacedMeasurements,
    measurement_lines,
    ranked,
    sentence,
    waiver,
)
from audit.formats.text.catalogue import title, words
from audit.formats.text.margins import in_words, least_improvement
from audit.formats.text.metric_facts import confidence
from audit.formats.text.safe_text import elide
from audit.result import MAX_AUDITS, Decision, Report, RuleResult

_MAX_SENTENCE = 400


def outcome(rule: RuleResult, report: Report) -> str:
    """Return a rule's outcome on one line: what was measured and how sure that is, the reason, and its waiver."""
    ends = [elide(rule.reason, MAX_REASON), *([waiver(rule)] if rule.waiver else [])]
    return " ".join([measured(rule, report), *map(sentence, ends)])


def measured(rule: RuleResult, decision: Decision | Report) -> str:
    """Return a rule's title and what page one says of it, with interval, rows and limit, in sentences.

    For example ``Disparate impact by sex: Female (sex) are selected 0.31 times as often as Male: 7.9 % against 25.9 %.
    Ratio 0.31, 95 % interval 0.28 to 0.34, 542 rows; limit 0.8 to 1.25 (four-fifths rule).``
    """
    return " ".join(measured_sentences(rule, decision))


def measured_sentences(rule: RuleResult, decision: Decision | Report) -> Iterator[str]:
    """Yield the sentences of `measured`."""
    if rule.id == MAX_AUDITS:  # its claim is the reason
        yield sentence(words("claim", "audits", title=title(rule.metric), limit=in_words(rule.limit)))
        return
    places = ranked(rule)
    statement, evidence = claim(rule, places, confidence(decision))
    titled = statement if statement.startswith(title(rule.metric)) else f"{rule_title(rule)}. {statement}"
    texts = filter(None, (titled, evidence, _distance(rule, places)))
    yield from (sentence(elide(text, _MAX_SENTENCE)) for text in texts)


def _distance(rule: RuleResult, places: PlacedMeasurements) -> str:
    """Return how far outside the limit the value, or its improvement, is; empty of one that is not."""
    place = places[0][1] if places else None
    if place is None or place.side != "outside":
        return ""
    key = "distance" if least_improvement(rule.limit) is None else "distance_of_improvement"
    return words("claim", key, distance=place.words.rpartition("outside: ")[2])


def details(rule: RuleResult, report: Report) -> list[str]:
    """Return the lines below an `outcome`: the rule's other measurements, and what would decide it."""
    in_outcome = min(len(ranked(rule)), 1)
    return [*islice(measurement_lines(rule, report.data.groups), in_outcome, None), *needs(rule)]


def needs(rule: RuleResult) -> list[str]:
    """Return what would decide a rule, in sentences."""
    return [sentence(words("next", "to_decide", need=need)) for need in rule.needs]
