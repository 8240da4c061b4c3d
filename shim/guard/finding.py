"""Finds what must not leave in one text: each layer of its escapes, each kind by its own rule, one answer."""

import re
from collections.abc import Iterator
from typing import Final

from contracts.plain import Plain, plain
from shim.guard.bsn import BsnRule, candidates
from shim.guard.context import agb_codes, insurances
from shim.guard.email import emails
from shim.guard.escapes import layers
from shim.guard.groups import Group, Span, Spans, Window, groups_of
from shim.guard.iban import ibans
from shim.guard.kinds import ALL, Finding, Kind
from shim.guard.telephone import telephones

_ORDER: Final = list(Kind)
"""The gravest first."""
_DIGITS: Final = re.compile(r"[0-9]")
_SPECIAL: Final = re.compile(r"[^\t\n\x20-\x7e]|[%\\&]")
_FEWEST: Final = 4
"""Digits of the shortest of them, an insurer's code."""

Claim = tuple[Kind, Span]
"""What a part of a plain text is."""


def find(text: str, kinds: frozenset[Kind] = ALL, *, tokens: bool = True) -> list[Finding]:
    """Return what must not leave, in order and without overlaps; where two kinds overlap, the graver one for both.

    Only these kinds are told. A complete telephone number is never called a BSN, whether or not it is asked for.

    Args:
        text: as it is, escapes and all.
        kinds: what to look for.
        tokens: whether what has the shape of a token of a tenant, patient, slot, hold or appointment is left alone.
            False where no such token can be: then one that hides a number is no token.
    """
    # Most texts have too few digits, which the whole text tells a hundred times faster than each rule.
    if not _SPECIAL.search(text) and "@" not in text and "(" not in text and len(_DIGITS.findall(text)) < _FEWEST:
        return []
    found: list[Finding] = []
    before = None
    for layer in layers(text):
        seen = plain(layer)
        if before is None or seen.text != before:
            found += _found(text, seen, kinds, tokens=tokens)
        before = seen.text
    return _merged(found)


def _found(original: str, seen: Plain, kinds: frozenset[Kind], *, tokens: bool) -> Iterator[Finding]:
    claims = [(Kind.EMAIL, span) for span in emails(seen.text)] if Kind.EMAIL in kinds else []
    groups = groups_of(seen.text)
    if sum(len(group.digits) for group in groups) >= _FEWEST:
        claims += _numbers(original, seen, groups, kinds, tokens=tokens)
    for kind, (begin, end) in claims:
        if kind in kinds:
            yield Finding(kind, seen.begins[begin], seen.ends[end - 1])


def _numbers(original: str, seen: Plain, groups: list[Group], kinds: frozenset[Kind], *, tokens: bool) -> list[Claim]:
    """Return what the numbers of a text are; those that explain one another among them, asked for or not."""
    text = seen.text
    claims: list[Claim] = [(Kind.IBAN, span) for span in ibans(text)]
    if Kind.AGB in kinds:
        claims += [(Kind.AGB, span) for span in agb_codes(text)]
    if Kind.INSURANCE in kinds:
        codes = Spans([span for _, span in claims])
        claims += [(Kind.INSURANCE, span) for span in insurances(text) if not codes.touch(*span)]
    windows = candidates(text, groups) if Kind.BSN in kinds else []
    if windows or Kind.TELEPHONE in kinds:
        rule = BsnRule(original, seen, groups, windows, tokens=tokens) if windows else None
        claims += _bsns_and_telephones(text, groups, windows, rule, [span for _, span in claims])
    return claims


def _bsns_and_telephones(
    text: str, groups: list[Group], windows: list[Window], rule: BsnRule | None, claimed: list[Span]
) -> Iterator[Claim]:
    """Yield both: a label makes a number a BSN, then a complete telephone number is one, then the rest is judged."""
    certain = [rule.span(window) for window in windows if rule.labelled(window)] if rule else []
    yield from ((Kind.BSN, span) for span in certain)
    taken = Spans(claimed + certain)
    numbers = [span for span in telephones(text, groups) if not taken.touch(*span)]
    yield from ((Kind.TELEPHONE, span) for span in numbers)
    spoken_for = Spans(claimed + numbers)
    yield from ((Kind.BSN, rule.span(window)) for window in windows if rule and rule.accepts(window, spoken_for))


def _merged(found: list[Finding]) -> list[Finding]:
    merged: list[Finding] = []
    for each in sorted(found, key=lambda finding: finding.begin):
        if merged and each.begin < merged[-1].end:
            last = merged[-1]
            graver = min(last.kind, each.kind, key=_ORDER.index)
            merged[-1] = Finding(graver, last.begin, max(last.end, each.end))
        else:
            merged.append(each)
    return merged
