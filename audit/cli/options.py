"""Arguments and options that several commands take."""

from pathlib import Path
from typing import Annotated

import typer

from audit.cli import completion

ModelArgument = Annotated[
    str, typer.Argument(metavar="MODEL", help="SavedModel directory, .keras or .h5 file, MLflow directory.")
]
ReportFile = Annotated[Path, typer.Argument(metavar="REPORT.json", help="The report.json of a run.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY.PATH=VALUE", help="Override a value of the policy; repeatable."),
]
Protected = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=PRIVILEGED", help="A protected attribute, e.g. sex=Male; repeatable."),
]
Formats = Annotated[
    list[str] | None,
    typer.Option(
        "--format",
        metavar="NAME",
        help="html, junit, sarif, markdown, gitlab or model-card; repeatable (default: html).",
        autocompletion=completion.format_names,
    ),
]
Date = Annotated[
    str | None,
    typer.Option("--date", metavar="YYYY-MM-DD", help="Judge waivers by this date (default: today, UTC)."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress and no summary.")]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Also print all measurements, digests and times.")
]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks and the output of libraries.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
