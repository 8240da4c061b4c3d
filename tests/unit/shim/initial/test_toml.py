import math
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shim.initial.toml import written

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
_VALUES = st.recursive(
    _TEXTS | st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=8,
)
_TABLES = st.recursive(
    st.dictionaries(_TEXTS, _VALUES, max_size=4),
    lambda inner: st.dictionaries(_TEXTS, _VALUES | inner, max_size=4),
    max_leaves=6,
)


@given(_TABLES)
def test_what_is_written_is_read_as_the_same(values: dict[str, Any]) -> None:
    """Every text, number, list and table comes back as it was."""
    assert tomllib.loads(written(values)) == values


def test_nothing_is_left_out_and_else_is_refused() -> None:
    """None is no value of TOML; what has no form in it is an error, and infinity has one."""
    assert tomllib.loads(written({"a": None, "b": {"c": None, "d": 1}})) == {"b": {"d": 1}}
    assert math.isinf(tomllib.loads(written({"a": math.inf}))["a"])
    with pytest.raises(TypeError, match="object"):
        written({"a": object()})
