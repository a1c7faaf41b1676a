"""Commands of a model's release: registration, signatures, approvals, promotion and rollback.

As in `audit.cli.app`, each imports its implementation when called.
"""

from pathlib import Path
from typing import Annotated

import typer

from audit.cli.options import Debug, Json, ReportFile

AttestationFile = Annotated[
    Path, typer.Argument(metavar="ATTESTATION", help="The file that `audit sign` wrote.")
]
AliasArgument = Annotated[str, typer.Argument(metavar="NAME@ALIAS", help="An alias of a registered model.")]
Keys = Annotated[
    list[Path] | None,
    typer.Option(metavar="PUB", help="A public key whose signature is trusted; repeatable."),
]
PrivateKey = Annotated[
    Path, typer.Option(metavar="FILE", help="The private key, a file that only its owner can read.")
]


def register(
    path: Annotated[str, typer.Argument(metavar="PATH", help="A SavedModel directory or a .keras file.")],
    name: Annotated[
        str,
        typer.Option(help="The registered model, created if need be."),
    ],
    debug: Debug = False,
) -> int:
    """Register an exported model in MLflow, its bytes unchanged.

    Exit codes: 0 registered, 2 not registered.
    """
    from audit.cli.register import register as command

    return command(path, name)


def keygen(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="The private key, such as ci.key; the public one is FILE.pub."),
    ],
    debug: Debug = False,
) -> int:
    """Create an Ed25519 key pair for signatures.

    The private key is not encrypted, and only its owner can read it. Nothing is overwritten.

    Exit codes: 0 created, 2 not created.
    """
    from audit.cli.sign import keygen as command

    return command(file)


def sign(
    report: ReportFile,
    key: PrivateKey,
    out: Annotated[Path, typer.Option(help="The attestation, a new file.")] = Path("verdict.dsse.json"),
    valid_for: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION", help="How long it is valid, e.g. 12h or 90d (default: without limit)."
        ),
    ] = None,
    debug: Debug = False,
) -> int:
    """Sign the verdict that follows from a report.

    Exit codes: 0 signed, whatever the verdict, 2 not signed.
    """
    from audit.cli.sign import sign as command

    return command(report, key, out, valid_for)


def verify(
    attestation: Annotated[
        str,
        typer.Argument(
            metavar="ATTESTATION",
            help="The file that `audit sign` wrote, or models:/NAME@ALIAS to check what it serves.",
        ),
    ],
    key: Keys = None,
    model: Annotated[str | None, typer.Option(help="Compare this model, a path or an address.")] = None,
    report: Annotated[Path | None, typer.Option(metavar="REPORT.json", help="Compare this report.")] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Verify an attestation or a promoted alias.

    Lists what differs. An attestation of a failed audit holds, too: it says that the audit failed.

    Exit codes: 0 nothing differs, 1 something differs, 2 could not be verified.
    """
    from audit.cli.verify import verify as command

    return command(attestation, key or [], model, report, as_json)


def approve(
    attestation: AttestationFile,
    key: PrivateKey,
    by: Annotated[str, typer.Option(metavar="NAME", help="Who approves.")],
    debug: Debug = False,
) -> int:
    """Add a reviewer's signature to an attestation.

    Whose signature it has is not judged: run `audit verify` first.

    Exit codes: 0 approved, or approved by this key before, 2 not approved.
    """
    from audit.cli.sign import approve as command

    return command(attestation, key, by)


def promote(
    report: ReportFile,
    to: Annotated[str, typer.Option(metavar="NAME@ALIAS", help="The alias to move.")],
    policy: Annotated[
        Path | None,
        typer.Option(metavar="REQUIRED", help="Require a pass under this policy, besides the report's own."),
    ] = None,
    attestation: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The attestation of the report; needs --key.")
    ] = None,
    key: Keys = None,
    debug: Debug = False,
) -> int:
    """Point an alias in MLflow at an audited version.

    Exit codes: 0 it points there, 1 refused, 2 error: look at `audit history` before the next try.
    """
    from audit.cli.promote import promote as command

    return command(report, to, policy, attestation, key or [])


def rollback(
    alias: AliasArgument,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="The reason, which `audit history` shows.")
    ] = "",
    key: Keys = None,
    debug: Debug = False,
) -> int:
    """Move an alias back to the version promoted before.

    Versions without the audited files are passed over, and with --key those that no given key has attested.

    Exit codes: 0 moved, 1 no earlier version has its audited bytes, 2 error: look at `audit history` first.
    """
    from audit.cli.promote import rollback as command

    return command(alias, reason, key or [])


def history(alias: AliasArgument, as_json: Json = False, debug: Debug = False) -> int:
    """Show the promotions of an alias, and what it names now.

    Exit codes: 0 shown, whatever the alias serves (scripts use `audit verify`), 2 error.
    """
    from audit.cli.promote import history as command

    return command(alias, as_json)
