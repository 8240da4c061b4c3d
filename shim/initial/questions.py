"""The few questions: each answer is checked at once, by the model that will read it, and asked for again."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Annotated, Any, Final, Protocol, get_args

from pydantic import BaseModel, SecretStr, TypeAdapter, ValidationError

from shim.initial.answers import Answers, of_name, of_state, plain, system_name
from shim.settings import Settings
from shim.systems import GROUP, find_adapter

_STATE: Final = (
    "Folder for the shim's state and its key, of this account alone; or postgresql://user@host/database when several "
    "machines share the state."
)
_ADAPTER: Final = "Adapter of a legacy system"
_NONE: Final = ""


class Asking(Protocol):
    """Whoever answers: a person at a terminal, or lines of a pipe."""

    def answer(self, key: str, text: str, default: str | None, *, secret: bool) -> str:
        """Return a line, stripped; empty for the default. `text` explains `key`.

        Raises:
            EOFError: there is no answer any more.
        """

    def say(self, line: str) -> None:
        """Tell what is wrong with an answer, or what comes next."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    Attributes:
        key: name of what is asked for.
        text: what it is.
        check: turns an answer into a value; its ValueError says what is wrong.
        default: what an empty answer means, None when there must be one.
        secret: whether the answer is hidden.
    """

    key: str
    text: str
    check: Callable[[str], Any]
    default: str | None = None
    secret: bool = False


def ask(asking: Asking, place: str) -> Answers:
    """Ask for everything.

    Args:
        asking: whoever answers.
        place: a folder for the state, which is proposed.
    """
    text = Settings.model_fields["deployment"].description or ""
    deployment = _asked(asking, Question("deployment", text, of_name))
    state = _asked(asking, Question("state", _STATE, of_state, place))
    systems: dict[str, dict[str, Any]] = {}
    while adapter := _asked(asking, _adapter(is_first=not systems)):
        proposed = None if adapter in systems else adapter
        question = Question("name", "Name of this system, as its addresses have it", _free(systems), proposed)
        name = _asked(asking, question)
        systems[name] = _system(asking, adapter)
    return Answers(deployment, state, systems)


def question_of(model: type[BaseModel], name: str) -> Question:
    """Return the question for one option: its description, its default, and the model's own check of it."""
    field = model.model_fields[name]
    of_field: Any = Annotated[field.annotation, field]  # known at run time only
    adapter: TypeAdapter[Any] = TypeAdapter(of_field)
    default = None if field.is_required() else plain(field.get_default(call_default_factory=True))

    def check(text: str) -> Any:
        if not text and not field.is_required():
            return default
        try:
            return plain(adapter.validate_python(text))
        except ValidationError as error:
            raise ValueError(error.errors(include_input=False)[0]["msg"]) from error

    secret = SecretStr in {field.annotation, *get_args(field.annotation)}
    shown = None if field.is_required() else _NONE if default is None else str(default)
    return Question(name, field.description or "", check, shown, secret)


def _adapter(*, is_first: bool) -> Question:
    names = sorted({point.name for point in entry_points(group=GROUP)})

    def check(text: str) -> str:
        if text and text not in names:
            raise ValueError(f"there are: {', '.join(names)}")
        return text

    choice = f"{_ADAPTER}: {' or '.join(names)}"
    if is_first:
        return Question("adapter", choice, check)
    return Question("adapter", f"{choice}; nothing when there are no more", check, _NONE)


def _system(asking: Asking, name: str) -> dict[str, Any]:
    """Ask for a system's options until its model takes them together."""
    adapter = find_adapter(name)
    questions = [question_of(adapter.options, key) for key in adapter.questions]
    while True:
        given = {question.key: _asked(asking, question) for question in questions}
        given = {key: value for key, value in given.items() if value is not None}
        try:
            adapter.options(**given)
        except ValidationError as error:
            for line in _wrong(error):
                asking.say(f"{line}; once more:")
        else:
            return {"adapter": name, **given}


def _wrong(error: ValidationError) -> Iterator[str]:
    for item in error.errors(include_input=False):
        yield ": ".join(filter(None, (".".join(map(str, item["loc"])), item["msg"])))


def _asked(asking: Asking, question: Question) -> Any:
    while True:
        text = asking.answer(question.key, question.text, question.default, secret=question.secret)
        if not text and question.default is None:
            asking.say(f"{question.key}: there must be an answer")
            continue
        try:
            return question.check(text or question.default or "")
        except ValueError as error:
            asking.say(f"{question.key}: {error}")


def _free(taken: dict[str, dict[str, Any]]) -> Callable[[str], str]:
    return lambda text: system_name(text, taken)
