"""Pseudonyms of names: word by word, one to one on how a word sounds in plain letters, written as the word was."""

import hashlib
import re
from functools import lru_cache
from string import ascii_lowercase
from typing import Final

from shim.pseudonyms.avoiding import Avoided
from shim.pseudonyms.codes import Codes
from shim.pseudonyms.invented import NO_LETTER, invent
from shim.pseudonyms.key import PseudonymKey
from shim.pseudonyms.kinds import What
from shim.pseudonyms.shapes import leading_shape
from shim.pseudonyms.spelling import like, skeleton
from shim.pseudonyms.wording import words_of

_DIGEST: Final = 15
_NUMBERED: Final = re.compile(r"(?s)(.*[^\W\d_].*?)(\s+[0-9].*)")
_SHORTEST_EMAIL: Final = 12
INVENTED: Final = frozenset({"family_name", "first_name", "street", "city", "email"})
"""Kinds whose pseudonyms are invented, and so have to be told apart by an assignment."""


class Names:
    """Names, streets, cities and addresses under one key."""

    def __init__(self, key: PseudonymKey, avoided: Avoided, codes: Codes) -> None:
        self._key = key
        self._avoided = avoided
        self._codes = codes
        self._space_key = lru_cache(maxsize=256)(lambda space: key.derived(f"names {space}"))
        self._letters = lru_cache(maxsize=256)(self._letters_of)

    def digest(self, what: What, plain: str) -> bytes:
        """Return what a name is invented from: 16 bytes, of which the first says how a first name begins.

        Args:
            what: of one of the INVENTED kinds.
            plain: skeleton of the name.
        """
        told = hashlib.blake2b(plain.encode(), key=self._space_key(what.space), digest_size=_DIGEST).digest()
        if what.kind != "first_name":
            return NO_LETTER + told
        return self._letters(what.domain).get(plain[:1], NO_LETTER.decode()).encode() + told

    def one(self, what: What, word: str) -> str:
        """Return the pseudonym of one name of one of the INVENTED kinds, written as it was."""
        plain = skeleton(word)
        if not plain:
            return word
        digest = self.digest(what, plain)
        return like(word, invent(what.kind, digest, self._avoided.attempt(what.space, digest)))

    def words(self, what: What, text: str) -> str:
        """Return a family name, first name, full name or initials, with particles and signs as they were."""
        pieces, at = [], 0
        for word in words_of(what.kind, text):
            written = text[word.begin : word.end]
            pieces.append(text[at : word.begin])
            if word.kind == "initials":
                pieces.append(self.initials(what.domain, written))
            else:
                pieces.append(self.one(What(word.kind, what.domain), written) if word.kind else written)
            at = word.end
        return "".join([*pieces, text[at:]])

    def initials(self, domain: str, text: str) -> str:
        """Return other letters for letters, as the first names of the domain begin."""
        letters = self._letters(domain)
        return "".join(self._letter(letters, character) for character in text)

    def street(self, what: What, text: str) -> str:
        """Return another street, and another number behind it where there is one."""
        numbered = _NUMBERED.fullmatch(text)
        if numbered is None:
            return self.one(what, text) if re.search(r"[^\W\d_]", text) else self._number(what, text)
        return self.one(what, numbered[1]) + self._number(what, numbered[2])

    def email(self, what: What, text: str, length: int | None) -> str:
        """Return an invented address that nobody can be reached at."""
        plain = text.casefold()
        digest = self.digest(what, plain)
        address = invent("email", digest, self._avoided.attempt(what.space, digest))
        if length is None or len(address) <= length:
            return address
        local = address.partition("@")[0].replace(".", "")
        return f"{local[: length - len('@x.example')]}@x.example" if length >= _SHORTEST_EMAIL else address[:length]

    def _number(self, what: What, text: str) -> str:
        return self._codes.of(f"house_number:{what.domain}", leading_shape(text), text)

    @staticmethod
    def _letter(letters: dict[str, str], character: str) -> str:
        other = letters.get(skeleton(character)[:1])
        if other is None:
            return character
        return other.upper() if character.isupper() else other

    def _letters_of(self, domain: str) -> dict[str, str]:
        """Return the permutation of the letters that first names and initials of a domain share."""
        key = self._key.derived(f"letters {domain}")
        shuffled = sorted(ascii_lowercase, key=lambda letter: hashlib.blake2b(letter.encode(), key=key).digest())
        return dict(zip(ascii_lowercase, shuffled, strict=True))
