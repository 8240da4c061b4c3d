from pathlib import Path
from typing import Any

import pytest

from shim.initial.answers import Answers, read_answers
from shim.initial.making import make
from shim.initial.questions import ask, question_of
from shim.settings import ConfigurationError
from shim.systems import find_adapter


class Script:
    """Answers in the order of the questions; it keeps what was asked and told."""

    def __init__(self, *answers: str) -> None:
        self.left = list(answers)
        self.asked: list[tuple[str, str | None, bool]] = []
        self.told: list[str] = []

    def answer(self, key: str, text: str, default: str | None, *, secret: bool) -> str:
        assert text
        self.asked.append((key, default, secret))
        if not self.left:
            raise EOFError
        return self.left.pop(0)

    def say(self, line: str) -> None:
        self.told.append(line)


def test_the_few_questions_make_a_configuration(tmp_path: Path) -> None:
    """Defaults fill what is empty, secrets are asked hidden, and nothing is asked that has a good default."""
    script = Script("huis", "", "intramed", "", "/db.fdb", *[""] * 5, "")
    answers = ask(script, str(tmp_path / "state"))
    assert answers == Answers(
        "huis",
        str(tmp_path / "state"),
        {
            "intramed": {
                "adapter": "intramed",
                "database": "/db.fdb",
                "transport": "native",
                "read_user": "SHIM_READ",
                "read_password": "",
                "write_user": "SHIM_WRITE",
                "write_password": "",
            }
        },
    )
    assert script.told == []
    assert [key for key, _, secret in script.asked if secret] == ["read_password", "write_password"]


def test_every_answer_is_checked_at_once_and_asked_again(tmp_path: Path) -> None:
    """The error is the model's own, of that option, and quotes no answer."""
    (tmp_path / "file").touch()
    planon = ("ftp://x", "https://p.example/soap", "https://p.example/a", "u", "pw", "sqlite:////r.db")
    answers = (
        *("Huis", "", "huis", str(tmp_path / "file"), str(tmp_path / "no" / "state"), str(tmp_path / "state")),
        *("", "plan", "planon", "shim", "planon", *planon, "planon", "", "planon", "second", *planon[1:], ""),
    )
    script = Script(*answers)
    found = ask(script, "unused")
    assert list(found.systems) == ["planon", "second"]
    assert [line.partition(":")[0] for line in script.told] == [
        *("deployment", "deployment", "state", "state", "adapter", "adapter", "name", "soap_url", "name", "name"),
    ]
    assert any("String should match pattern" in line for line in script.told)
    assert not any("ftp" in line or "pw" in line for line in script.told)


def test_what_is_wrong_only_together_is_asked_once_more(tmp_path: Path) -> None:
    """A server needs both passwords: the model says so when it sees all answers."""
    once = ("host/3050:intramed", "", "", "", "", "")
    again = ("host/3050:intramed", "", "", "one", "", "two")
    script = Script("huis", str(tmp_path / "state"), "intramed", "", *once, *again, "")
    answers = ask(script, "unused")
    assert answers.systems["intramed"]["write_password"] == "two"
    assert script.told == ["Value error, a server needs read_password and write_password; once more:"]


def test_answers_that_end_too_early_are_no_answers(tmp_path: Path) -> None:
    """Nothing is made up."""
    with pytest.raises(EOFError):
        ask(Script("huis", str(tmp_path / "state"), "planon"), "unused")


@pytest.mark.parametrize("name", ["planon", "intramed"])
def test_every_adapter_asks_for_what_it_cannot_do_without(name: str) -> None:
    """Each question is an option with a description, and every option without a default is asked for."""
    adapter = find_adapter(name)
    required = {key for key, field in adapter.options.model_fields.items() if field.is_required()}
    assert required <= set(adapter.questions)
    assert all(question_of(adapter.options, key).text for key in adapter.questions)


def _write(path: Path, **changes: Any) -> Path:
    lines = {"deployment": '"huis"', "state": f'"{path.parent / "state"}"', **changes}
    system = lines.pop("system", '[systems.practice]\nadapter = "intramed"\ndatabase = "/db.fdb"\nhold_s = 60')
    path.write_text("\n".join([*(f"{key} = {value}" for key, value in lines.items() if value), system]))
    return path


def test_a_file_answers_everything(tmp_path: Path) -> None:
    """It may give any option of an adapter, as a configuration does."""
    answers = read_answers(_write(tmp_path / "answers.toml"))
    assert answers.systems == {"practice": {"adapter": "intramed", "database": "/db.fdb", "hold_s": 60}}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"deployment": '"No"'}, "deployment: a name begins"),
        ({"deployment": "5"}, "deployment: must be a text"),
        ({"state": ""}, "state: missing"),
        ({"state": '"~nobody-of-this-name/state"'}, "state: there is no such account"),
        ({"http": "{}"}, "http: not asked for"),
        ({"system": ""}, "systems: missing"),
        ({"system": "systems = {}"}, "systems: must be tables"),
        ({"system": "[systems.shim]"}, "systems.shim: 'shim' is the service itself"),
        ({"system": "[systems.a]"}, "systems.a: adapter: Field required"),
        ({"system": '[systems.a]\nadapter = "b"'}, "no adapter 'b' is installed"),
        ({"system": '[systems.a]\nadapter = "intramed"'}, "systems.a: database: Field required"),
        ({"system": "[systems"}, "is not valid TOML"),
    ],
)
def test_a_wrong_file_is_one_line_that_names_the_key(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    """Nothing is asked, and no value is quoted."""
    with pytest.raises(ConfigurationError, match=told.replace("(", r"\(")) as error:
        read_answers(_write(tmp_path / "answers.toml", **changes))
    assert "\n" not in str(error.value)


def test_bytes_that_are_no_text_leave_nothing(tmp_path: Path) -> None:
    """As a terminal in another encoding gives them; they may be a password, and are not quoted."""
    systems = {"practice": {"adapter": "intramed", "database": "/db.fdb", "read_password": "geheim\udcff"}}
    with pytest.raises(ConfigurationError, match="no text in UTF-8") as error:
        make(tmp_path / "shim.toml", Answers("house", str(tmp_path / "state"), systems))
    assert "geheim" not in str(error.value)
    assert list(tmp_path.iterdir()) == []
