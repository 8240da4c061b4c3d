"""The word that stands for an incident's number until it is known."""


def placeholder(reference: str, text: str) -> str:
    """Return a word that does not occur in `text`; the transport replaces it."""
    number = 0
    while (word := f"PARENT-{reference}-{number}") in text:
        number += 1
    return word
