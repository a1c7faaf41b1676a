"""The table of attacks; the check escalates to them in this order."""

from dataclasses import replace

from audit.attacks.spec import AttackSpec, late

NOISE = AttackSpec("noise", "noise", None, late("audit.attacks.additive_noise:run"), mark="noise")
FGSM = AttackSpec(
    "fgsm",
    "FGSM",
    "gradient",
    late("audit.attacks.fast_gradient_method:run"),
    proven_by="gradient",
    mark="fgsm",
)
PGD = AttackSpec(
    "pgd", "PGD", "gradient", late("audit.attacks.projected_gradient_descent:run"),
    proven_by="gradient", stronger_than="fgsm", cost="gradients", mark="pgd",
)  # fmt: skip
RESTARTS = AttackSpec(
    "restarts", "PGD with restarts", "gradient", late("audit.attacks.random_restarts:run"),
    on_request=False, escalates=True, gradient="name",
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
    description="PGD with restarts along gradients averaged over nearby points",
)
BORDER = AttackSpec(
    "border", "a decision-boundary attack by gradients", "gradient", late("audit.attacks.boundary:run"),
    on_request=False, escalates=True, gradient="any", along_boundary=True,
    description="a walk along the decision boundary by its gradient (after FAB)",
)  # fmt: skip
DECISIONS = AttackSpec(
    "decisions", "a decision-boundary attack by decisions", "decisions", late("audit.attacks.hop_skip_jump:run"),
    on_request=False, escalates=True, along_boundary=True,
    on_images=False,  # of too many values for its few queries
    description="a walk along the decision boundary by decisions alone (after HopSkipJump)",
)  # fmt: skip
SQUARE = AttackSpec(
    "square", "the black-box attack", "scores", late("audit.attacks.square:run"),
    escalates=True, proven_by="search", cost="scores", mark="square",
)  # fmt: skip

ATTACKS: dict[str, AttackSpec] = {
    spec.name: spec for spec in (NOISE, FGSM, PGD, RESTARTS, BPDA, SMOOTHED, BORDER, DECISIONS, SQUARE)
}
