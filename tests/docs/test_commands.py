"""The pages say what exists: commands, make's verbs, contracts, feed keys, outcomes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from huitou.campaigns.outcomes import OUTCOMES
from huitou.cli import cli
from huitou.settings import PROJECT_ROOT
from huitou.sources.feeds import ColumnMap, Feed, FilesSpec

DOCS = PROJECT_ROOT / "docs"


def commands(group: click.Group = cli, name: str = "huitou") -> Iterator[tuple[str, click.Command]]:
    for verb, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from commands(command, f"{name} {verb}")
        else:
            yield f"{name} {verb}", command


COMMANDS = dict(commands())


def test_the_page_of_commands_is_the_commands() -> None:
    lines = [line for line in (DOCS / "commands.md").read_text(encoding="utf-8").splitlines() if "`huitou " in line]
    assert lines == [
        f"| `{name}` | {(command.help or '').split(chr(10))[0]} |" for name, command in sorted(COMMANDS.items())
    ]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_runs_and_shows_an_example_of_the_command(name: str) -> None:
    result = CliRunner().invoke(cli, [*name.split()[1:], "--help"] if "psql" not in name else ["db", "--help"])
    assert result.exit_code == 0
    assert f"Example: {name}" in (COMMANDS[name].help or "")


def test_every_verb_of_make_is_in_the_readme() -> None:
    makefile = (PROJECT_ROOT / "Makefile").read_text(encoding="utf-8")
    readme = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
    verbs = re.findall(r"^([a-z]+):.*##", makefile, flags=re.M)
    assert {"setup", "lint", "test", "demo", "ui", "night", "battery", "bench", "stop", "clean"} <= set(verbs)
    for verb in verbs:
        assert f"make {verb}" in readme, verb
    for verb in re.findall(r"`make ([a-z]+)", readme):
        assert verb in verbs, verb


def test_every_command_that_a_page_names_exists() -> None:
    pages = [*DOCS.glob("*.md"), *PROJECT_ROOT.glob("*.md")]
    assert len(pages) > 8
    for page in pages:
        for name in re.findall(r"`(huitou [a-z]+(?: [a-z]+)?)", page.read_text(encoding="utf-8")):
            known = name in COMMANDS or " ".join(name.split()[:2]) in COMMANDS or name.split()[1] in cli.commands
            assert known, f"{page.name}: {name}"


def test_every_key_of_a_feed_file_is_explained() -> None:
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    for model in (Feed, FilesSpec, ColumnMap):
        for name, field in model.model_fields.items():
            assert re.search(rf"[`.]{field.alias or name}[`.]", text), f"{model.__name__}.{name}"


def test_every_outcome_is_explained_in_the_published_order() -> None:
    text = (DOCS / "campaigns.md").read_text(encoding="utf-8")
    table = text.partition("## What becomes of a candidate")[2]
    assert re.findall(r"^\| `([a-z_]+)` \|", table, flags=re.M) == [outcome.code for outcome in OUTCOMES]


def test_every_page_is_linked_from_the_readme() -> None:
    readme = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
    for page in DOCS.glob("*.md"):
        assert f"docs/{page.name}" in readme, page.name
