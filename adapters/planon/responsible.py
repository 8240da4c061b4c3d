"""Says of each rule that a document breaks which field of the request is responsible: callers know no elements."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from adapters.planon.elements import Element
from contracts.errors import Violation

DryRunOf = Callable[[Sequence[Element]], list[Violation]]


def by_input(violations: Sequence[Violation], elements: Sequence[Element], dry_run: DryRunOf) -> list[Violation]:
    """Return the violations under the names of the request's fields.

    Where several fields share an element, each is tried alone; if none is refused alone, all of them are responsible.
    What no field of a request can change keeps its element's name.

    Args:
        violations: of the document of these elements.
        elements: what the document was made of.
        dry_run: finds the violations of other elements.
    """
    by_name = {element.name: element for element in elements}
    found: list[Violation] = []
    for violation in violations:
        element = by_name.get(violation.field)
        if element is None or not element.inputs:
            found.append(violation)
        else:
            rule = f"as {element.name}{f', from {element.row},' if element.row else ''} {violation.rule}"
            found += [replace(violation, field=name, rule=rule) for name in _fields(element, elements, dry_run)]
    return list(dict.fromkeys(found))


def _fields(element: Element, elements: Sequence[Element], dry_run: DryRunOf) -> list[str]:
    names = list(element.inputs)
    if len(names) == 1:
        return names
    return list(_refused_alone(element, elements, dry_run)) or names


def _refused_alone(element: Element, elements: Sequence[Element], dry_run: DryRunOf) -> Iterator[str]:
    for name, value in element.inputs.items():
        tried = [replace(each, value=value) if each is element else each for each in elements]
        if any(violation.field == element.name for violation in dry_run(tried)):
            yield name
