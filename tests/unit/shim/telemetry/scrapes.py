"""What a scrape tells, as a test asks for it."""

from prometheus_client.parser import text_string_to_metric_families

from tests.unit.shim.asgi import ask
from tests.unit.shim.standing import Standing

Labels = frozenset[tuple[str, str]]
Scrape = dict[tuple[str, Labels], float]
"""Values by a sample's name and labels."""


def parsed(text: str) -> Scrape:
    """Return every sample of an exposition."""
    families = text_string_to_metric_families(text)
    return {(each.name, frozenset(each.labels.items())): each.value for family in families for each in family.samples}


def scrape(app: Standing, key: str) -> Scrape:
    """Scrape an application as Prometheus does."""
    answer = ask(app.app, "GET", "/metrics", key=key)
    assert answer.status == 200, answer.body
    return parsed(answer.body.decode())


def value(found: Scrape, name: str, **labels: str) -> float:
    """Return the value of one series; raise KeyError when there is none."""
    return found[name, frozenset(labels.items())]


def ours(found: Scrape) -> set[tuple[str, Labels]]:
    """Return the series that are about the shim, and not about any process."""
    return {series for series in found if series[0].startswith("legacy_shim_")}
