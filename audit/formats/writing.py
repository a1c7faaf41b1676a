"""Writes reports atomically, and moves an older report to ``previous/`` first."""

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from audit.errors import AuditError
from audit.formats import registry
from audit.formats.json import REPORT_FILE, from_json, to_json
from audit.formats.ownership import is_ours
from audit.result import Report

DEFAULT_FORMATS = ("html",)
PREVIOUS = "previous"
_PARTIAL = ".partial-"
_PROCESS = re.compile(re.escape(_PARTIAL) + r"([1-9][0-9]*)-[a-z0-9_]+")


def set_aside(folder: Path) -> None:
    """Make ``folder``, move an older report in it to ``previous/``, and delete what a killed run left.

    No file but `report.json` and those that `registry.FORMATS` made is touched: `junit.xml` may be another program's.

    Raises:
        AuditError: the folder cannot be written.
    """
    names = [REPORT_FILE, *(view.file for view in registry.FORMATS.values())]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for partial in folder.glob(f"{_PARTIAL}*"):
            if _abandoned(partial):
                shutil.rmtree(partial, ignore_errors=True)  # another run may be removing it as well
        older = [file for file in _present(folder, names) if is_ours(file)]
        previous = _previous(folder)
        if older:
            previous.mkdir(exist_ok=True)
            for file in _present(previous, names):
                if is_ours(file):
                    file.unlink(missing_ok=True)
            for file in reversed(older):  # the JSON last: it is the artefact
                with suppress(FileNotFoundError):  # another run has just set it aside
                    file.replace(previous / file.name)
    except OSError as error:
        raise _not_writable(folder, error) from None


def _present(folder: Path, names: Iterable[str]) -> list[Path]:
    return [folder / name for name in names if os.path.lexists(folder / name)]


def _previous(folder: Path) -> Path:
    previous = folder / PREVIOUS
    if previous.is_symlink():
        raise NotADirectoryError(0, f"{PREVIOUS!r} in it is a symbolic link", str(previous))
    return previous


def write_reports(report: Report, folder: Path, formats: Iterable[str] = DEFAULT_FORMATS) -> list[Path]:
    """Write ``report`` as JSON and in ``formats`` into ``folder``, all or none, and return the files."""
    return write_and_read(report, folder, lambda stored: stored, formats)[1]


def write_and_read(
    report: Report,
    folder: Path,
    verified: Callable[[Report], Report],
    formats: Iterable[str] = DEFAULT_FORMATS,
) -> tuple[Report, list[Path]]:
    """Write ``report`` as JSON, read it back from disk, and write its views as they follow from what was read.

    Args:
        report: report with its verdict.
        folder: directory of the files, which are written all or none.
        verified: returns the report that was read, or raises an error if its verdict does not follow.
        formats: names of the views to write, of `registry.FORMATS`.

    Returns:
        The report that was read, and the files: the JSON, then the views in the order of ``formats``.

    Raises:
        AuditError: the folder cannot be written, or its report is another process's when all is written.
    """
    with _written_whole(folder) as place:
        rendered = to_json(report)
        file = place(REPORT_FILE, rendered)
        text = _read_own(file, _encoded(rendered))
        stored = verified(from_json(text.decode(), str(file)))
        views = registry.render_formats(stored, formats)
        for name, view in views.items():
            place(name, view)
    _read_own(folder / REPORT_FILE, text)
    return stored, [folder / name for name in (REPORT_FILE, *views)]


def _read_own(file: Path, written: bytes) -> bytes:
    """Return the content of a file, which must be what this process has ``written``."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        raise _disturbed(file, "none: another process took it away") from None
    if content != written:
        raise _disturbed(file, "another one")
    return content


def _disturbed(file: Path, actual: str) -> AuditError:
    return AuditError(
        where=str(file),
        expected="the report that was just written",
        found=actual,
        fix="let no other run or program write to this directory meanwhile: give each its own --out",
    )


def write_whole(folder: Path, texts: Mapping[str, str]) -> list[Path]:
    """Write ``texts`` by file name into ``folder``; each appears complete, and none before all are on disk.

    Raises:
        AuditError: the folder cannot be written; then nothing new is in it.
    """
    with _written_whole(folder) as place:
        for name, text in texts.items():
            place(name, text)
    return [folder / name for name in texts]


@contextmanager
def _written_whole(folder: Path) -> Iterator[Callable[[str, str], Path]]:
    """Yield a function that writes a text by file name; all files appear in ``folder`` once the block is left."""
    names: list[str] = []
    files: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_writable(folder, error) from None
    try:
        with tempfile.TemporaryDirectory(prefix=f"{_PARTIAL}{os.getpid()}-", dir=folder) as partial:

            def place(name: str, text: str) -> Path:
                names.append(name)
                return _on_disk(Path(partial) / name, text)

            yield place
            for name in names:
                _keep_foreign(folder / name)
                files.append((Path(partial) / name).replace(folder / name))
    except OSError as error:
        for file in files:
            file.unlink(missing_ok=True)
        if isinstance(error, FileNotFoundError):  # it was there
            raise _disturbed(
                folder, f"no {Path(str(error.filename)).name!r}: another process took it away"
            ) from None
        raise _not_writable(folder, error) from None


def _keep_foreign(file: Path) -> None:
    """Move another program's file to ``previous/``, where it is in the way of one of a report."""
    if file.is_file() and not is_ours(file):
        previous = _previous(file.parent)
        previous.mkdir(exist_ok=True)
        file.replace(previous / file.name)


def _on_disk(file: Path, text: str) -> Path:
    with open(file, "wb") as stream:
        stream.write(_encoded(text))
        stream.flush()
        os.fsync(stream.fileno())
    return file


def _encoded(text: str) -> bytes:
    # a path that is not UTF-8 comes as lone surrogates: written as JSON escapes them
    return text.encode("utf-8", "backslashreplace")


def _abandoned(partial: Path) -> bool:
    """Return whether ``partial`` is of a run that ended: files of a running one or of a user are kept."""
    match = _PROCESS.fullmatch(partial.name)
    if not match:
        return False
    try:
        with suppress(PermissionError):  # it runs, as somebody else
            os.kill(int(match[1]), 0)
    except (ProcessLookupError, OverflowError):
        return True
    return False


def _not_writable(folder: Path, error: OSError) -> AuditError:
    return AuditError(
        where=str(folder),
        expected="a directory that can be written",
        found=str(error.strerror or error),
        fix="name another one with --out",
    )
