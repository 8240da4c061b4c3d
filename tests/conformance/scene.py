"""What one test stands on: its own day of a shared stage, and two clients."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from contracts.practice import Slot
from tests.conformance.agent import Agent
from tests.conformance.practice_stage import Booked, Features, People, Person, Place, PracticeStage


@dataclass(frozen=True, slots=True)
class Scene:
    """One test's view of a stage: a day without places, and the clock says that it begins."""

    stage: PracticeStage
    day: date = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "day", self.stage.empty_day())
        self.stage.now = self.at("00:00")

    @property
    def features(self) -> Features:
        """What the backend can do."""
        return self.stage.features

    @property
    def people(self) -> People:
        """The patients of the sandbox."""
        return self.stage.people

    @property
    def patient(self) -> str:
        """Key of one patient."""
        return self.people.alone.patient

    @property
    def stranger(self) -> str:
        """Key of another patient."""
        return self.people.debtor.patient

    @property
    def third(self) -> Person:
        """One more patient."""
        return self.people.shared[0]

    @property
    def agent(self) -> Agent:
        """The client that most calls come from."""
        return Agent(self.stage.desk)

    @property
    def other(self) -> Agent:
        """Another client of the same desk."""
        return Agent(self.stage.desk, "other-agent")

    def offer(self, clock: str = "09:00", minutes: int = 30, therapist: int = 0) -> Place:
        """Add a free place to this day."""
        return self.stage.offer(datetime.combine(self.day, time.fromisoformat(clock)), minutes, therapist)

    def at(self, clock: str) -> datetime:
        """Return a moment of this day, in the practice's zone."""
        return datetime.combine(self.day, time.fromisoformat(clock), self.stage.zone)

    def free(self, **narrowed: Any) -> list[str]:
        """Return the keys of this day's free slots, as the desk lists them."""
        return [slot.slot for slot in self.listed(**narrowed)]

    def listed(self, **narrowed: Any) -> list[Slot]:
        """Return this day's free slots, as the desk lists them."""
        return self.agent.free(self.at("00:00"), self.at("00:00") + timedelta(days=1), **narrowed)

    def booked(self, *places: Place) -> list[tuple[str, str]]:
        """Return appointment and patient of the live appointments in these places, as the backend has them."""
        return [(found.appointment, found.patient) for found in self.stage.booked(*places)]

    def front_desk_books(self, place: Place) -> Booked:
        """Let reception book a place for a third patient."""
        return self.stage.front_desk_books(place, self.third.patient)
