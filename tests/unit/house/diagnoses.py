"""Renders the table of docs/doctor.md from the code: `python -m tests.unit.house.diagnoses`, which writes the page."""

from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

from contracts.examination import Diagnosis
from shim.doctor.run import DIAGNOSES
from shim.systems import GROUP, find_adapter

PAGE = Path(__file__).parents[3] / "docs" / "doctor.md"
BEGIN = "<!-- made from the code: begin -->"
END = "<!-- made from the code: end -->"


def lists() -> list[tuple[str, tuple[Diagnosis, ...]]]:
    """Return everything that can be found: of the deployment, then of each installed adapter."""
    adapters = sorted(point.name for point in entry_points(group=GROUP))
    return [*DIAGNOSES, *((f"adapter {name}", find_adapter(name).diagnoses) for name in adapters)]


def every() -> dict[str, Diagnosis]:
    """Return every diagnosis by its code."""
    return {diagnosis.code: diagnosis for _, found in lists() for diagnosis in found}


def render() -> str:
    """Return what stands between the markers: a table for each part, each code once, where it comes first."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    seen: set[str] = set()
    for part, found in lists():
        fresh = [diagnosis for diagnosis in dict.fromkeys(found) if diagnosis.code not in seen]
        seen |= {diagnosis.code for diagnosis in fresh}
        if fresh:
            yield from (
                "",
                f"### {part[0].upper()}{part[1:]}",
                "",
                "| code | what | why | what to do |",
                "|---|---|---|---|",
            )
            yield from (_row(diagnosis) for diagnosis in fresh)
    yield ""


def _row(diagnosis: Diagnosis) -> str:
    cells = (f"`{diagnosis.code}` {diagnosis.level.value}", diagnosis.what, diagnosis.why, diagnosis.remedy)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def on_page(page: str) -> str:
    """Return what the page has between the markers."""
    return page.partition(BEGIN)[2].partition(END)[0].strip("\n")


def rewritten(page: str) -> str:
    """Return the page with the table as the code has it."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n{render()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
