"""Evaluates the part of PromQL that our alert rules use, on two scrapes of one instance: enough to see a rule fire."""

import math
import operator
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import promql_parser as promql

from tests.unit.shim.telemetry.scrapes import Labels, Scrape

Vector = dict[Labels, float]
TARGET: Final = {"job": "legacy-shim", "instance": "shim-1:8080"}
"""What Prometheus adds to every sample."""
_OPERATIONS: Final = {"==": operator.eq, ">": operator.gt, "<": operator.lt}


@dataclass(frozen=True)
class Evaluation:
    """Two scrapes, so many seconds apart; counters are not reset between them."""

    before: Scrape
    after: Scrape
    apart_s: float

    def of(self, expression: Any) -> Vector:
        """Return what an expression selects."""
        match type(expression).__name__:
            case "ParenExpr":
                return self.of(expression.expr)
            case "VectorSelector":
                return selected(self.after, expression)
            case "AggregateExpr":
                return self._aggregated(expression)
            case "Call":
                return self._called(expression.func.name, list(expression.args))
            case "BinaryExpr":
                return self._both(expression)
            case other:
                raise NotImplementedError(other)

    def _called(self, name: str, args: list[Any]) -> Vector:
        if name in {"rate", "increase", "delta"}:
            first, last = (selected(each, args[0].vector_selector) for each in (self.before, self.after))
            share = self.apart_s if name == "rate" else 1.0
            return {labels: (last[labels] - first[labels]) / share for labels in first.keys() & last.keys()}
        if name == "absent":
            return {} if self.of(args[0]) else {frozenset(): 1.0}
        if name == "label_replace":
            to, source = args[1].val, args[3].val
            return {labels | {(to, dict(labels)[source])}: told for labels, told in self.of(args[0]).items()}
        if name == "histogram_quantile":
            return _quantile(args[0].val, self.of(args[1]))
        raise NotImplementedError(name)

    def _aggregated(self, expression: Any) -> Vector:
        kept = set(expression.modifier.labels)
        groups: dict[Labels, list[float]] = {}
        for labels, told in self.of(expression.expr).items():
            groups.setdefault(frozenset(each for each in labels if each[0] in kept), []).append(told)
        together = {"sum": math.fsum, "max": _highest}[str(expression.op)]
        return {labels: together(told) for labels, told in groups.items()}

    def _both(self, expression: Any) -> Vector:
        left, operation = self.of(expression.lhs), str(expression.op)
        if type(expression.rhs).__name__ == "NumberLiteral":
            return {each: told for each, told in left.items() if _OPERATIONS[operation](told, expression.rhs.val)}
        right = self.of(expression.rhs)
        matching = expression.modifier.matching if expression.modifier else None
        keys = {_on(matching, labels) for labels in right}
        if operation == "or":
            return {**{labels: told for labels, told in right.items() if labels not in left}, **left}
        if operation == "unless":
            return {labels: told for labels, told in left.items() if _on(matching, labels) not in keys}
        if operation == "/":
            return {each: told / right[each] for each, told in left.items() if right.get(each)}
        raise NotImplementedError(operation)


def selected(scrape: Scrape, selector: Any) -> Vector:
    """Return the samples that a selector means, with what Prometheus adds to them."""
    found = {}
    for (name, labels), told in scrape.items():
        every = {**dict(labels), **TARGET}
        if name == selector.name and all(_meets(matcher, every) for matcher in selector.matchers.matchers):
            found[frozenset(every.items())] = told
    return found


def _highest(told: Iterable[float]) -> float:
    return max(told)


def _meets(matcher: Any, labels: dict[str, str]) -> bool:
    told = labels.get(matcher.name, "")
    if matcher.op in (promql.MatchOp.Equal, promql.MatchOp.NotEqual):  # they have no hash
        return (told == matcher.value) is (matcher.op == promql.MatchOp.Equal)
    return (re.fullmatch(matcher.value, told) is not None) is (matcher.op == promql.MatchOp.Re)


def _on(matching: Any, labels: Labels) -> Labels:
    return labels if matching is None else frozenset(each for each in labels if each[0] in matching.labels)


def _quantile(quantile: float, buckets: Vector) -> Vector:
    """Return the upper end of the bucket that the quantile lies in, of histograms that have no other label."""
    counts = sorted((float(dict(labels)["le"]), told) for labels, told in buckets.items())
    if not counts or not counts[-1][1]:
        return {}
    return {frozenset(): next(le for le, told in counts if told >= quantile * counts[-1][1])}


def selectors(expression: Any) -> list[Any]:
    """Return every selector in an expression."""
    if type(expression).__name__ == "VectorSelector":
        return [expression]
    parts = [getattr(expression, name, None) for name in ("lhs", "rhs", "expr", "vector_selector")]
    return [
        found for part in (*parts, *getattr(expression, "args", ())) if part is not None for found in selectors(part)
    ]


def groupings(expression: Any) -> list[tuple[set[str], list[Any]]]:
    """Return the labels by which an expression groups or matches, each with the selectors that must have them."""
    found = []
    if type(expression).__name__ == "AggregateExpr":
        found.append((set(expression.modifier.labels), selectors(expression)))
    parts = [getattr(expression, name, None) for name in ("lhs", "rhs", "expr")]
    for part in (*parts, *getattr(expression, "args", ())):
        found += [] if part is None else groupings(part)
    return found
