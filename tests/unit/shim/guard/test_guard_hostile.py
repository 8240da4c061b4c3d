import pytest

from shim.guard import mask

SIZE = 131_072
"""Characters; the longest text that one request can bring has 4,096."""


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
    """Whatever is repeated; the suite's time-out is the limit, and a second is usual."""
    text = (piece * (SIZE // len(piece) + 1))[:SIZE]
    assert len(mask(text).text) <= len(text) + len(mask(text[:4096]).findings) * SIZE
