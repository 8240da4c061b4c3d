"""What a child process is asked to do to test that it can be left: it tells, hangs, dies, or has a defect."""

import os
import time

from adapters.sql.apart import Begun, Tell
from contracts.examination import Step


def tells(given: str, tell: Tell) -> None:
    """Tell two things and where they were looked at."""
    tell(Begun("first"))
    tell(Step("first", told=f"{given} in {os.getpid()}"))
    tell(Step("second"))


def hangs(_given: str, tell: Tell) -> None:
    """Tell one thing and never come back."""
    tell(Step("first", told=str(os.getpid())))
    tell(Begun("second"))
    time.sleep(600)


def dies(_given: str, tell: Tell) -> None:
    """End as a crash of a driver does."""
    tell(Begun("second"))
    os._exit(139)


def fails(_given: str, tell: Tell) -> None:
    """Have a defect."""
    tell(Begun("second"))
    raise ZeroDivisionError("mevrouw Jansen")


def reads(given: str, tell: Tell) -> None:
    """Tell a variable of the environment."""
    tell(Step("environment", told=os.environ.get(given, "")))
