"""Completion, asked for as shells ask: by their installed scripts, in a home directory of its own."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINES = {
    "audit sel": {"selftest"},
    "audit run --time": {"--timeout"},
    "audit run --ver": {"--verbose"},
    "audit checks fair": {"fairness"},
    "audit run --only rob": {"robustness"},
    "audit run --format mark": {"markdown"},
    "audit report report.json --format m": {"markdown", "model-card"},
    "audit schema ": {"policy", "report", "attestation"},
    "audit --vers": {"--version"},
}

Environment = dict[str, str]


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """Return the environment of a user who has `audit` on the path and an empty home directory."""
    program = tmp_path / "bin" / "audit"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\nfrom audit.cli.console import entry\nentry()\n")
    program.chmod(0o755)
    home = tmp_path / "home"
    home.mkdir()
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "HOME": str(home), "PATH": path, "PYTHONPATH": str(ROOT), "SHELL": "/bin/zsh"}


def audit(environment: Environment, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "audit", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def asked(environment: Environment, *command: str) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=environment["HOME"])
    return done.stdout


def in_bash(environment: Environment, line: str) -> set[str]:
    words = " ".join(f"'{word}'" for word in line.split(" "))
    script = (
        f"source ~/.bashrc; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}}-1)); "
        "function=$(complete -p audit | sed 's/.*-F \\([^ ]*\\) .*/\\1/'); $function audit; "
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    return set(asked(environment, "bash", "--norc", "-c", script).split())


def in_fish(environment: Environment, line: str) -> set[str]:
    printed = asked(environment, "fish", "-c", f'complete -C "{line}"')
    return {candidate.partition("\t")[0] for candidate in printed.splitlines()}


def in_zsh(environment: Environment, line: str) -> set[str]:
    """Ask as the installed function does, with `_arguments` replaced by a print of what it is given."""
    script = (
        "fpath+=~/.zfunc; compdef() { :; }; _arguments() { print -r -- $1; }; autoload -Uz _audit; "
        f'words=({line.rstrip()}); [[ "{line}" == *" " ]] && words+=(""); CURRENT=$#words; _audit'
    )
    given = asked(environment, "zsh", "-f", "-c", script)
    inside = given.partition("((")[2].rpartition("))")[0]
    return {candidate.partition(":")[0] for candidate in shlex.split(inside)}


SHELLS = {"bash": in_bash, "fish": in_fish, "zsh": in_zsh}


@pytest.mark.parametrize("shell", SHELLS)
def test_an_installed_shell_completes(environment: Environment, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    done = audit(environment, "--install-completion", shell)
    assert (done.returncode, done.stderr) == (0, "") and shell in done.stdout
    for line, expected in LINES.items():
        assert SHELLS[shell](environment, line) == expected, line


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_printed(environment: Environment, shell: str) -> None:
    done = audit(environment, "--show-completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    assert "_AUDIT_COMPLETE" in done.stdout


def test_files_stay_to_the_shell(environment: Environment) -> None:
    audit(environment, "--install-completion", "bash")
    Path(environment["HOME"], "audit.yaml").touch()
    assert in_bash(environment, "audit run aud") == set()  # then bash completes by files
    assert "-o default" in audit(environment, "--show-completion", "bash").stdout


def test_another_shell_is_one_message(environment: Environment) -> None:
    for option in ("--show-completion", "--install-completion"):
        done = audit(environment, option, "tcsh")
        assert (done.returncode, done.stdout) == (2, "")
        assert "bash, zsh, fish" in done.stderr and "'tcsh'" in done.stderr


def test_a_home_that_cannot_be_written_is_one_message(environment: Environment) -> None:
    file = Path(environment["HOME"], "file")
    file.touch()
    done = audit({**environment, "HOME": str(file)}, "--install-completion", "fish")
    assert (done.returncode, done.stdout) == (2, "")
    assert "a home directory that can be written" in done.stderr and "--show-completion fish" in done.stderr


def test_the_shell_is_found_out(environment: Environment) -> None:
    """Run from bash, it is that one; the login shell, here zsh, is for a process without a shell above it."""
    done = subprocess.run(
        ["bash", "--norc", "-c", "audit --show-completion; true"],
        env=environment,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "complete -o default -F _audit_completion audit" in done.stdout
