"""The hunt: identifiers in every spelling, of which none may come out, and ordinary texts that must stay."""

import json
import time
from collections import Counter

import pytest

from shim.guard import IDENTIFIERS, find, mask
from tests.reliability.identifier_oracle import survives
from tests.reliability.identifiers import ordinary, planted

SEED = 20261121
TEXTS = 5_000
ORDINARY_TEXTS = 20_000
"""A share just under one in a hundred is told from one by so many, and not by 5,000."""
TEXTS_IN_FULL = 100_000
FALSE_POSITIVES = 0.01
"""The share of ordinary texts in which one may be seen that is not there."""


@pytest.mark.torture
def test_no_planted_identifier_comes_out(full_length: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever its spelling and whatever carries it; the oracle shares no code with the guard."""
    texts, leaks, bare = Counter[str](), Counter[str](), 0
    began = time.perf_counter()
    for each in planted(TEXTS_IN_FULL if full_length else TEXTS, SEED):
        texts[each.kind] += 1
        bare += survives(each, each.text)
        if survives(each, mask(each.text).text):
            leaks[each.kind] += 1
    seconds = time.perf_counter() - began
    with capsys.disabled():
        print("\n" + json.dumps({"planted": texts, "leaked": leaks, "seconds": round(seconds, 1)}))  # noqa: T201
    assert not leaks
    # An oracle that does not see what was planted proves nothing.
    assert bare == texts.total()
    assert len(texts) == 6


@pytest.mark.torture
def test_ordinary_texts_stay(full_length: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """Order numbers, telephones, amounts and dates are taken for an identifier in fewer than one text in a hundred."""
    wrong = Counter[str]()
    began = time.perf_counter()
    count = TEXTS_IN_FULL if full_length else ORDINARY_TEXTS
    for text in ordinary(count, SEED):
        found = find(text, IDENTIFIERS)
        wrong.update({finding.kind for finding in found})
        wrong["texts"] += bool(found)
    seconds = time.perf_counter() - began
    share = wrong["texts"] / count
    with capsys.disabled():
        print("\n" + json.dumps({"ordinary": count, "wrong": wrong, "share": share, "seconds": round(seconds, 1)}))  # noqa: T201
    assert share < FALSE_POSITIVES
