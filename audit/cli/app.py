"""Commands and their options; each imports its implementation when called, so that ``--help`` is fast."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from audit.cli import completion, release
from audit.cli.heartbeat import starting
from audit.cli.options import (
    Date,
    Debug,
    Formats,
    Json,
    ModelArgument,
    Protected,
    Quiet,
    ReportFile,
    Set,
    Verbose,
)
from audit.version import __version__

app = typer.Typer(
    name="audit",
    help="A governance gate for TensorFlow models: measure a SavedModel on a table, decide, report.",
    epilog="Exit codes: 0 pass, 1 fail, 2 could not audit, 3 inconclusive, 70 fault of the tool, 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,  # the options stand below: typer's end the process, and take no shell by name
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(requested: bool) -> None:
    if requested:
        print(f"savedmodel-audit {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
    install_completion: Annotated[
        str | None,
        typer.Option(
            metavar="[SHELL]", callback=completion.install, is_eager=True,
            help="Install completion for your shell, or for bash, zsh or fish.",
        ),
    ] = None,
    show_completion: Annotated[
        str | None,
        typer.Option(
            metavar="[SHELL]", callback=completion.show, is_eager=True, help="Print the completion script."
        ),
    ] = None,
) -> None:  # fmt: skip
    """Take the options of the program itself, which end it: each has its callback."""


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Where models, data and reports go.")] = Path("audit-demo"),
    quiet: Quiet = False,
    debug: Debug = False,
) -> int:
    """Make an example and audit two candidates: one passes."""
    with starting("making the example", quiet):
        from audit.cli.demo import demo as command

    return command(out, quiet)


@app.command()
def inspect(
    model: ModelArgument,
    signature: Annotated[str, typer.Option(help="Which signature.")] = "serving_default",
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Show what a model is: inputs, output head, digest."""
    with starting("opening the model"):
        from audit.cli.inspect import inspect as command

    return command(model, signature, as_json)


@app.command()
def init(
    model: ModelArgument,
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            help="A .csv, .parquet, .feather, .jsonl, .npz or .tfrecord file, a directory or glob of them, a directory "
            "of images with a label file, or aif360:NAME.",
        ),
    ],
    label: Annotated[str, typer.Option(help="The label column.")],
    protected: Protected = None,
    favorable: Annotated[
        str | None,
        typer.Option(metavar="VALUE", help="The label value that counts as the favourable outcome."),
    ] = None,
    output: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which of several outputs to audit.")
    ] = None,
    overrides: Set = None,
    out: Annotated[Path, typer.Option(help="The policy file to write.")] = Path("audit.yaml"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
    debug: Debug = False,
) -> int:
    """Write an audit.yaml to start from.

    Exit codes: 0 `audit run` takes it as it is, 2 nothing was written, 3 it holds open questions.
    """
    with starting("opening model and data"):
        from audit.cli.init import DraftRequest
        from audit.cli.init import init as command

    return command(
        DraftRequest(
            model=model, data=data, label=label, protected=protected or [], favorable=favorable, output=output,
            overrides=overrides or [], out=out, force=force,
        )
    )  # fmt: skip


@app.command()
def run(
    policy: Annotated[Path | None, typer.Argument(metavar="[POLICY]", help="Default: audit.yaml.")] = None,
    model: Annotated[str | None, typer.Option(help="Audit this model without a policy file.")] = None,
    data: Annotated[str | None, typer.Option(help="The data to audit the model on.")] = None,
    label: Annotated[str | None, typer.Option(help="The label column.")] = None,
    protected: Protected = None,
    out: Annotated[Path, typer.Option(help="Where the reports go.")] = Path("audit-report"),
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CHECK", help="Run only this check; repeatable.", autocompletion=completion.check_names
        ),
    ] = None,
    overrides: Set = None,
    seed: Annotated[int, typer.Option(min=0, help="The random seed.")] = 0,
    date: Date = None,
    formats: Formats = None,
    timeout: Annotated[
        str | None,
        typer.Option(metavar="DURATION", help="Time limit of the whole audit, e.g. 90s, 30m or 2h."),
    ] = None,
    backend: Annotated[
        Literal["local", "processes", "ray"] | None,
        typer.Option(help="Where the model is computed; the report is the same. Default: local."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes, or actors of Ray. Default: one for each core.")
    ] = None,
    address: Annotated[
        str | None, typer.Option(help="The Ray cluster: auto, HOST:PORT or ray://HOST:PORT.")
    ] = None,
    log_mlflow: Annotated[
        bool,
        typer.Option(
            "--log-mlflow", help="Log reports, metrics and verdict to the registry that has the model."
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show what would run and about how long; measure and write nothing."),
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    debug: Debug = False,
) -> int:
    """Measure, decide, report, and exit with the verdict."""
    with starting("opening model and data", quiet):
        from audit.cli.run import Request
        from audit.cli.run import run as command

    return command(
        Request(
            policy=policy, flags={"model": model, "data": data, "label": label}, protected=protected or [], out=out,
            only=only or [], overrides=overrides or [], seed=seed, date=date, formats=formats or [],
            timeout=timeout, execution={"backend": backend, "workers": workers, "address": address},
            log_mlflow=log_mlflow, dry_run=dry_run, as_json=as_json, quiet=quiet,
            verbose=verbose, debug=debug,
        )
    )  # fmt: skip


@app.command()
def selftest(
    policy: Annotated[Path, typer.Argument(metavar="POLICY", help="The policy whose rules are tried.")],
    overrides: Set = None,
    seed: Annotated[int, typer.Option(min=0, help="The random seed.")] = 0,
    as_json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> int:
    """Audit broken variants of the model: which rule catches each?

    Exit codes: 0 every variant is caught, 1 one is caught by no rule, 2 could not audit, 3 one could not be made or
    measured.
    """
    with starting("opening model and data", quiet):
        from audit.cli.selftest import selftest as command

    return command(policy, overrides or [], seed, as_json, quiet, debug)


app.command()(release.register)


@app.command()
def gate(
    report: ReportFile,
    policy: Annotated[
        Path | None, typer.Option(help="Decide under this policy instead of the report's.")
    ] = None,
    date: Date = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    debug: Debug = False,
) -> int:
    """Decide again from a report, without the model."""
    from audit.cli.from_report import gate as command

    return command(report, policy, date, as_json=as_json, quiet=quiet, verbose=verbose)


@app.command()
def report(
    report: ReportFile,
    formats: Formats = None,
    out: Annotated[Path | None, typer.Option(help="Directory for the files (default: the report's).")] = None,
    debug: Debug = False,
) -> int:
    """Write report files from an existing report.json."""
    from audit.cli.from_report import render as command

    return command(report, formats or [], out)


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD.json", help="The report.json of the earlier run.")],
    new: Annotated[Path, typer.Argument(metavar="NEW.json", help="The report.json of the later run.")],
    form: Annotated[
        Literal["markdown", "html", "json"], typer.Option("--format", help="How the difference is written.")
    ] = "markdown",
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    debug: Debug = False,
) -> int:
    """Show what changed between two audits.

    Exit codes: 0 shown, whatever the verdicts, 2 a report cannot be read or was edited.
    """
    from audit.cli.diff import diff as command

    return command(old, new, "json" if as_json else form)


app.command()(release.keygen)
app.command()(release.sign)
app.command()(release.verify)
app.command()(release.approve)
app.command()(release.promote)
app.command()(release.rollback)
app.command()(release.history)


@app.command()
def monitor(
    policy: Annotated[Path | None, typer.Argument(metavar="[POLICY]", help="Default: audit.yaml.")] = None,
    data: Annotated[
        str | None, typer.Option(metavar="BATCH", help="New rows, in any form that `audit run` reads.")
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Labels of the batch that came later, joined by a key column."),
    ] = None,
    store: Annotated[Path, typer.Option(metavar="DIR", help="Directory of the store.")] = Path(
        "audit-monitoring"
    ),
    as_of: Annotated[
        str | None, typer.Option(metavar="TIME", help="Time that the rows belong to (default: now, UTC).")
    ] = None,
    tensorboard: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write TensorBoard logs (default: the policy's).")
    ] = None,
    export: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write all batches as a Parquet table.")
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> int:
    """Test a new batch for drift and broken rules.

    Exit codes: 0 quiet, 1 alarm, which remains until another model is monitored, 2 error, 3 a rule has not been
    measured yet.
    """
    with starting("opening model and batch", quiet):
        from audit.cli.monitor import MonitorRequest
        from audit.cli.monitor import monitor as command

    return command(
        MonitorRequest(
            policy=policy or Path("audit.yaml"), data=data, labels=labels, store=store, as_of=as_of,
            tensorboard=tensorboard, export=export, as_json=as_json, quiet=quiet, debug=debug,
        )
    )  # fmt: skip


@app.command()
def checks(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]", help="Show this check's manual page.", autocompletion=completion.check_names
        ),
    ] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """List the checks; with NAME, its options and metrics."""
    from audit.cli.checks import checks as command

    return command(name, as_json)


@app.command(name="new-check")
def new_check(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The check's name, and its package's.")],
    debug: Debug = False,
) -> int:
    """Write a package with a check of your own to start from."""
    from audit.cli.new_check import new_check as command

    return command(name)


@app.command()
def schema(
    of: Annotated[
        Literal["policy", "report", "attestation"],
        typer.Argument(metavar="policy|report|attestation", help="The file to describe."),
    ],
    debug: Debug = False,
) -> int:
    """Print the JSON Schema of audit.yaml, of report.json, or of an attestation's statement."""
    from audit.cli.checks import schema as command

    return command(of)


@app.command()
def validate(
    policies: Annotated[
        list[Path] | None, typer.Argument(metavar="[POLICY]...", help="Default: audit.yaml.")
    ] = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> int:
    """Check policies without opening model or data."""
    from audit.cli.validate import validate as command

    return command(policies or [Path("audit.yaml")], quiet)
