"""The table of attacks; the check escalates to them in this order."""

from dataclasses import replace

from audit.attacks.spec import AttackSpec, Plan, late
from audit.frameworks.tensorflow_loader import GRADIENT_COST


def _climb(plan: Plan) -> int:
    return GRADIENT_COST * plan.steps + plan.steps // 5 + 1  # a check after every five steps


def _climbs(plan: Plan) -> int:
    return 12 * _climb(plan)  # of twice as many steps, from the row and from five other points


def _walk(plan: Plan) -> int:
    return 16 + 4 * (12 + 12 + GRADIENT_COST)  # a start; in four rounds, a bisection, a line and a gradient


NOISE = AttackSpec("noise", "noise", None, late("audit.attacks.additive_noise:run"), mark="noise")
FGSM = AttackSpec(
    "fgsm",
    "FGSM",
    "gradient",
    late("audit.attacks.fast_gradient_method:run"),
    proven_by="gradient",
    evaluations=lambda _: 1 + GRADIENT_COST,
    mark="fgsm",
)
PGD = AttackSpec(
    "pgd", "PGD", "gradient", late("audit.attacks.projected_gradient_descent:run"),
    proven_by="gradient", stronger_than="fgsm", evaluations=_climb, mark="pgd",
)  # fmt: skip
RESTARTS = AttackSpec(
    "restarts", "PGD with restarts", "gradient", late("audit.attacks.random_restarts:run"),
    on_request=False, escalates=True, gradient="name", evaluations=_climbs,
    description="PGD with a margin loss from five random starts",
)  # fmt: skip
BPDA = replace(
    RESTARTS,
    name="bpda",
    label="PGD with straight-through gradients",
    description="PGD with restarts along straight-through gradients (BPDA)",
)
SMOOTHED = replace(
    RESTARTS,
    name="smoothed",
    label="PGD along averaged gradients",
    evaluations=lambda plan: 16 * _climbs(plan),
    description="PGD with restarts along gradients averaged over nearby points",
)
BORDER = AttackSpec(
    "border", "a decision-boundary attack by gradients", "gradient", late("audit.attacks.boundary:run"),
    on_request=False, escalates=True, gradient="any", along_boundary=True, evaluations=_walk,
    description="a walk along the decision boundary by its gradient (after FAB)",
)  # fmt: skip
DECISIONS = AttackSpec(
    "decisions", "a decision-boundary attack by decisions", "decisions", late("audit.attacks.hop_skip_jump:run"),
    on_request=False, escalates=True, along_boundary=True, evaluations=lambda plan: _walk(plan) + 400,
    on_images=False,  # of too many values for its few queries
    description="a walk along the decision boundary by decisions alone (after HopSkipJump)",
)  # fmt: skip
SQUARE = AttackSpec(
    "square", "the black-box attack", "scores", late("audit.attacks.square:run"),
    escalates=True, proven_by="search", evaluations=lambda plan: plan.queries, mark="square",
)  # fmt: skip

ATTACKS: dict[str, AttackSpec] = {
    spec.name: spec for spec in (NOISE, FGSM, PGD, RESTARTS, BPDA, SMOOTHED, BORDER, DECISIONS, SQUARE)
}


def evaluations(plan: Plan) -> int:
    """Return the greatest number of evaluations of the model that a plan's attacks take for a row."""
    return sum(_evaluations(ATTACKS[name], plan) for name in plan.attacks)


def _evaluations(spec: AttackSpec, plan: Plan) -> int:
    numbers = len(plan.eps) * spec.evaluations(plan)
    if not plan.categories:
        return numbers
    if spec.is_control:
        return numbers + 1
    # Twice on the numbers; the categories at the row, and at each size where both have ended, with a decision each.
    return 2 * numbers + plan.categories + 2 + 2 * len(plan.eps) * (plan.categories + 1)
