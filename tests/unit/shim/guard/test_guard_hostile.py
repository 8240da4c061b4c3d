import gc
import time

import pytest

from shim.guard import mask

SIZE = 16_384
"""Characters; the longest text that a person can send has 4,096."""
TIMES = 8
"""So much longer is one text than the other; work that grows with the square takes 64 times as long."""


def seconds(piece: str, size: int) -> float:
    """Return what this thread works; collecting the garbage of a whole suite would take longer than the guard."""
    text = (piece * (size // len(piece) + 1))[:size]
    collects = gc.isenabled()
    gc.disable()
    try:
        began = time.thread_time()
        mask(text)
        return time.thread_time() - began
    finally:
        if collects:
            gc.enable()


@pytest.mark.parametrize(
    "piece",
    [
        *("0 9 ", "9 9 9 9 1 1 1 2 0 ", "999911120 ", "06 1 2 3 4 ", "001 2 ", "+1 23 45 67 89 ", "tel 61", "0"),
        *("a@", "@ ", "a.", "polis ", "polis 9 ", "agb1 ", "uzovi", "verzekerdennummer"),
        *("%39", "%25", "\\", "\\u00", "&", "&#57;", "&a", "NL91", "nl 9 1", "A1"),
        *(
            "€1.000.000",
            "1-1-1-1-",
            "a1",
            "PT_1",
            "9\u200b",
            " ",
            "\u00e9",
            "1,11;",
            "12:3",
            "12.30-",
            "order ",
            "bsn ",
        ),
    ],
)
def test_the_work_grows_with_the_text(piece: str) -> None:
    """Whatever is repeated, and never with its square; half a second is for a machine that does other things."""
    assert seconds(piece, SIZE) < 0.5 + TIMES * 4 * seconds(piece, SIZE // TIMES)
