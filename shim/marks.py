"""What a contract's models say of their fields by marks in the annotations, read once per model."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final, TypeVar, get_args

from contracts.fields import Coded, Model, SaidBy, Token, TokenKind

PERSONS: Final = frozenset({TokenKind.TENANT, TokenKind.PATIENT})
"""Kinds of token that stand for a person."""

MarkT = TypeVar("MarkT")


@cache
def marked(model: type[Model], mark: type[MarkT]) -> dict[str, MarkT]:
    """Return the fields of a model, nested models aside, that have a mark, and the mark."""
    found: dict[str, MarkT] = {}
    for name, field in model.model_fields.items():
        # In an optional field the mark sits inside the union's member.
        inner = [each for member in get_args(field.annotation) for each in getattr(member, "__metadata__", ())]
        for each in (*field.metadata, *inner):
            if isinstance(each, mark):
                found[name] = each
    return found


@cache
def fields_of(model: type[Model]) -> tuple[str, ...]:
    """Return the names of a model's fields; pydantic makes a table of them at each look."""
    return tuple(model.model_fields)


@cache
def token_fields(model: type[Model]) -> Mapping[str, TokenKind]:
    """Return the fields that are tokens outside and backend keys inside."""
    return MappingProxyType({name: token.kind for name, token in marked(model, Token).items()})


@cache
def coded_fields(model: type[Model]) -> frozenset[str]:
    """Return the fields that the backend, or the shim, issued as codes."""
    return frozenset(marked(model, Coded))


def wording_of(model: Model, name: str) -> Any:
    """Return what a token's field is called before a person: the value of another field; None if there is none."""
    said = marked(type(model), SaidBy).get(name)
    return None if said is None else getattr(model, said.field)


def person_in(model: Model) -> tuple[TokenKind, str] | None:
    """Return the person that an opened request, or a reply that is not sealed yet, names by the backend's key."""
    for name, kind in token_fields(type(model)).items():
        key = getattr(model, name)
        if kind in PERSONS and key is not None:
            return kind, key
    return None


def person_kind(model: type[Model]) -> TokenKind | None:
    """Return what kind of person a model names; None if it names none."""
    return next((kind for kind in token_fields(model).values() if kind in PERSONS), None)
