"""What the README and the pages in docs/ name is there: commands with their options, and whatever they link to."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from shim.cli.commands import app

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_IN_BLOCK = re.compile(r"^(?: {4}|\$ )?(?:[A-Z_]+=\S+ )*(shim [a-z-](?!- ).*)$", re.MULTILINE)
_IN_TEXT = re.compile(r"`(shim [a-z][^`]*)`")
_REST = re.compile(r"\s#|\s{2}|;|\s\|")
"""Where a command ends, and what is said of it begins."""
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


@cache
def root() -> Any:
    return typer.main.get_command(app)


def commands_in(page: Path) -> Iterator[str]:
    """Every command that a page shows, in a block or within a sentence; lines that go on are one."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for found in (*_IN_BLOCK.findall(text), *_IN_TEXT.findall(text)):
        yield from apart(_REST.split(" ".join(found.split("\n")), maxsplit=1)[0].strip())


def apart(command: str) -> list[str]:
    """Return `shim keys list, rotate` as two commands."""
    first, *others = [command] if '"' in command else command.split(", ")
    group = first.rpartition(" ")[0]
    return [first, *(f"{group} {other}" for other in others)]


def unknown_in(command: str) -> list[str]:
    """Return the words of a command that name nothing: subcommands, and options of the one that they lead to."""
    here, unknown, words = root(), [], iter(command.split()[1:])
    for word in words:
        name = word.partition("=")[0]
        if name.startswith("-"):
            option = next((each for each in here.params if name in (*each.opts, *each.secondary_opts)), None)
            unknown += [name] if option is None and name != "--help" else []
            if option is not None and not option.is_flag and "=" not in word:
                next(words, None)  # its value
        elif hasattr(here, "commands"):
            here = here.commands.get(name)
            if here is None:
                return [name]
    return unknown


def anchor(heading: str) -> str:
    """Return the name that a heading has in a link."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_its_commands_exist(page: Path) -> None:
    """With every option that they are shown with."""
    wrong = {command: found for command in commands_in(page) if (found := unknown_in(command))}
    assert not wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_its_links_lead_somewhere(page: Path) -> None:
    """To a file, and to a heading in it."""
    for link in _LINK.findall(page.read_text(encoding="utf-8")):
        if link.startswith(("http:", "https:", "mailto:")):
            continue
        name, _, heading = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        assert not heading or heading in {anchor(text) for text in _HEADING.findall(target.read_text("utf-8"))}, link


def test_the_readme_leads_to_every_page() -> None:
    """A page that nobody is sent to is read by nobody."""
    linked = {link.partition("#")[0] for link in _LINK.findall(PAGES[0].read_text(encoding="utf-8"))}
    assert {f"docs/{page.name}" for page in PAGES[1:]} - linked == set()


@pytest.mark.parametrize(
    ("command", "unknown"),
    [
        ("shim outbox stat --json", "stat"),
        ("shim outbox status --jsno", "--jsno"),
        ("shim -c outbox outbox retry ID --not-there --reason --x", None),
        ("shim doctor ID --reason", "--reason"),
    ],
)
def test_a_wrong_command_is_found(command: str, unknown: str | None) -> None:
    """By the word that is wrong; values of options are anything."""
    assert unknown_in(command) == ([unknown] if unknown else [])


def test_commands_that_are_named_together_are_looked_at_one_by_one() -> None:
    """But a reason may have a comma."""
    assert apart("shim keys list, rotate") == ["shim keys list", "shim keys rotate"]
    assert len(apart('shim keys rotate --reason "a, b"')) == 1
