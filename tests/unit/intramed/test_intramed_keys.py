import pytest

from adapters.intramed.keys import HoldKey, patient_key, slot_key
from contracts.errors import NotFound


def test_a_hold_key_carries_slot_and_holder() -> None:
    """What confirm needs survives the way through a token."""
    hold = HoldKey(12288, "ABC-DEF234567")
    assert HoldKey.parse(str(hold)) == hold


def test_a_hold_without_a_reference_is_a_mistake() -> None:
    """Two callers without one would share every hold."""
    with pytest.raises(ValueError, match="external reference"):
        HoldKey(1, "")


@pytest.mark.parametrize("key", ["", "1", "1:", ":A", "x:A", "1:a", "1:A'--", "1:" + "A" * 27, "1:A\n", "\u0661:A"])
def test_what_no_hold_can_be_called_is_not_found(key: str) -> None:
    """Garbage never reaches a statement."""
    with pytest.raises(NotFound):
        HoldKey.parse(key)


@pytest.mark.parametrize("key", ["", "123456789", "'", "0000010\u0661", "00000101\n", "a"])
def test_what_no_patient_can_be_called_is_not_found(key: str) -> None:
    """A patient number has at most eight digits or capitals."""
    with pytest.raises(NotFound):
        patient_key(key)


@pytest.mark.parametrize("key", ["", "-1", "1.0", "1234567890", "\u0661"])
def test_what_no_slot_can_be_called_is_not_found(key: str) -> None:
    """A slot number is one that fits an INTEGER."""
    with pytest.raises(NotFound):
        slot_key(key)
