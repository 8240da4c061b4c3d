"""What an incident says in a person's words: its description, cut to what its field holds, and the list of images."""

from collections.abc import Collection, Mapping, Sequence

from adapters.planon.elements import Element
from adapters.planon.forms import Field
from adapters.planon.parts import parts_of
from adapters.planon.text import Words, words_of
from contracts.facility import CreateIncidentRequest


def description(summary: str, message: str, images: Sequence[str]) -> str:
    """Return an incident's description: the summary, then the message word for word, then the images' file names."""
    parts = [summary, "", "Verbatim:", message]
    if images:
        parts.append(f"Images: {', '.join(images)}")
    return "\n".join(parts)


def replacements(replaced: Mapping[str, int]) -> str:
    """Say how many numbers were replaced in which field; empty when none was."""
    told = [f"{count} in {field}" for field, count in replaced.items() if count]
    return f"; numbers that pass as a BSN replaced: {', '.join(told)}" if told else ""


class Wording:
    """The words of one report.

    Args:
        request: the report.
        telephones: the tenant's own numbers, E.164.
        description_max: characters that the description's element holds; None for no limit.
        note_max: characters that the text of a note holds; None for no limit.
    """

    def __init__(
        self,
        request: CreateIncidentRequest,
        telephones: Collection[str],
        description_max: int | None,
        note_max: int | None,
    ) -> None:
        self._summary = words_of(request.summary, telephones)
        self._message = words_of(request.message, telephones)
        self._images = [words_of(name, telephones) for name in request.images]
        self._whole = _whole(self._summary, self._message, self._images)
        self.parts = parts_of(self._whole, description_max, note_max)

    def description(self, field: Field) -> Element:
        """Return the description's element, which holds the first part."""
        first, count = self.parts[0], len(self.parts)
        rule = "summary, then the message word for word, then image names"
        if count > 1:
            rule += (
                f"; the first {len(first)} of {len(self._whole)} characters, the rest in {count - 1} following notes"
            )
        replaced = {"summary": self._summary.replaced, "message": self._message.replaced, "images": self._in_images}
        inputs = {name: text[: len(first)] for name, text in self._alone().items()}
        origin = ", ".join(f"request.{name}" for name in inputs)
        return Element(field.name, first, rule + replacements(replaced), origin, inputs, personal=True)

    def attachments(self, field: Field) -> Element | None:
        """Return the element with the image names, left out when they are too long for it; None without images."""
        if not self._images:
            return None
        names = "\n".join(name.text for name in self._images)
        if field.max_length is not None and len(names) > field.max_length:
            rule = f"left out: longer than {field.max_length} characters; the description has the image names"
            return Element(field.name, None, rule, "request.images")
        rule = "image file names, one per line" + replacements({"images": self._in_images})
        return Element(field.name, names, rule, "request.images", {"images": names}, personal=True)

    @property
    def _in_images(self) -> int:
        return sum(name.replaced for name in self._images)

    def _alone(self) -> dict[str, str]:
        """Return for each field what the text would be if all the others said nothing in particular."""
        x = Words("x", 0)
        alone = {"summary": _whole(self._summary, x, []), "message": _whole(x, self._message, [])}
        return alone | ({"images": _whole(x, x, self._images)} if self._images else {})


def _whole(summary: Words, message: Words, images: Sequence[Words]) -> str:
    return description(summary.text, message.text, [name.text for name in images])
