"""Sentences on the effect of attacks: figures, and not what they mean for a use of the model."""

import math
from collections.abc import Sequence

from audit.formats.html.robustness import measurements as measured
from audit.formats.html.robustness.measurements import ALL, FLIPS, NOISE, WORST, AttackMeasurement, label_of
from audit.formats.text.catalogue import words
from audit.numbers import number, per_cent, per_cents, with_interval, written
from audit.result import Measurement


def accuracy_sentence(hits: Sequence[AttackMeasurement], clean: Measurement | None) -> str:
    """Return the sentence on the accuracy under the strongest attack, and under noise of the same size."""
    eps = measured.middle(hits)
    at_eps = {
        hit.attack: hit.measurement for hit in hits if hit.eps == eps and math.isfinite(hit.measurement.value)
    }
    single = {attack: m for attack, m in at_eps.items() if attack not in (NOISE, WORST)}
    real = single or {attack: m for attack, m in at_eps.items() if attack == WORST}
    parts = []
    if eps is not None and real:
        attack, lowest = min(real.items(), key=lambda item: item[1].value)
        parts.append(_change(clean, lowest, label_of(attack), written(eps)))
    if eps is not None and NOISE in at_eps:
        key = "noise_too" if parts else "noise"
        parts.append(words("attack", key, eps=written(eps), accuracy=number(at_eps[NOISE].value)))
    return "; ".join(parts) + "." if parts else ""


def flip_sentence(hits: Sequence[AttackMeasurement]) -> str:
    """Return the sentence on the decisions that the strongest attack changes, and noise of that size."""
    rates = [
        hit
        for hit in hits
        if hit.metric == FLIPS and hit.group == ALL and math.isfinite(hit.measurement.value)
    ]
    rates = [hit for hit in rates if hit.norm == rates[0].norm]  # sizes of another norm are of another kind
    attack = measured.strongest(rates)
    eps = measured.middle(rates)
    at_eps = {hit.attack: hit.measurement for hit in rates if hit.eps == eps}
    if attack not in at_eps or eps is None:
        return ""
    noise = share(at_eps[NOISE]) if NOISE in at_eps else ""
    key = "flips_too" if noise else "flips"
    text = words(
        "attack", key, attack=label_of(attack), eps=written(eps), share=share(at_eps[attack]), noise=noise
    )
    return text[:1].upper() + text[1:]


def share(m: Measurement) -> str:
    """Return a measured share with its interval as text, in per cent."""
    return per_cent(m.value) + (f" ({per_cents(m.ci)})" if m.ci else "")


def _change(clean: Measurement | None, attacked: Measurement, attack: str, eps: str) -> str:
    texts = {"after": with_interval(attacked.value, attacked.ci), "attack": attack, "eps": eps}
    if clean is None or not math.isfinite(clean.value):
        return words("attack", "accuracy", **texts)
    if number(clean.value) == number(attacked.value):
        return words("attack", "stays", **texts)
    key = "falls" if attacked.value < clean.value else "rises"
    return words("attack", key, before=number(clean.value), **texts)
