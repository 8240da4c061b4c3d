"""Spans: silent unless somebody observes, each context by its own observer."""

import contextvars

from contracts.spans import SILENT, Attributes, Phase, observed_by, past, span, traceparent
from shim.telemetry.observation import Observation
from shim.telemetry.steps import Steps


def test_nobody_notes_anything_unless_somebody_says_so() -> None:
    """A span is one object for all, and there is no header."""
    with span("read", Phase.BACKEND, rows=1) as step:
        step.tell(rows=2)
    past("connect", 0, 1, Phase.CONNECT)
    assert (step, traceparent()) == (SILENT, None)


def test_an_observer_is_that_of_the_context() -> None:
    """A copy keeps it, however long that lives; what is begun after the block has nobody."""
    observation = Observation("request", "a" * 32, "POST", "find")

    def work() -> None:
        past("read", 1, 3, Phase.BACKEND)

    with observed_by(Steps(observation)):
        inside = contextvars.copy_context()
    work()
    assert observation.phases == {}
    inside.run(work)
    assert observation.phases == {Phase.BACKEND: 2}


def test_every_attribute_has_a_type_to_be_told_by() -> None:
    """Whoever adds one adds it to the table of telemetry as well; another test walks that."""
    assert set(Attributes.__annotations__) == {
        *("system", "contract", "operation", "technology", "server"),
        *("delivery", "attempt", "outcome", "rows", "status"),
    }
