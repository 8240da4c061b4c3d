"""What the audience reads. A claim is only printed after it was found to hold."""

from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from examples.two_stories.stage import NotTrue

_console = Console(width=118, highlight=False)


def scene(title: str) -> None:
    """Begin a scene."""
    _console.print()
    _console.print(Rule(title, align="left"))


def say(line: str) -> None:
    """Tell what happens."""
    _console.print(Text(f"  {line}"))


def show(output: str) -> None:
    """Show what a command printed."""
    for line in output.splitlines():
        _console.print(Text(f"    {line}", style="dim"))


def answered(claim: str, holds: bool, seen: object = None) -> None:
    """Print what the shim answered.

    Raises:
        NotTrue: it answered otherwise.
    """
    _check(claim, holds, seen)
    _console.print(Text("  → ", style="cyan") + Text(claim))


def fact(claim: str, holds: bool, seen: object = None) -> None:
    """Print a claim that was read back from a backend.

    Raises:
        NotTrue: it does not hold.
    """
    _check(claim, holds, seen)
    _console.print(Text("  ✓ ", style="green") + Text(claim))


def _check(claim: str, holds: bool, seen: object) -> None:
    if not holds:
        raise NotTrue(f"{claim} (seen: {seen})" if seen is not None else claim)
