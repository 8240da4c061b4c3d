"""What a request must tell so that guessing at a person can be limited, on every desk alike."""

from typing import Protocol


class IdentityRequest(Protocol):
    """A request that asks who a person is. Every contract that `identifies` has one."""

    @property
    def asked_about(self) -> str | None:
        """The fact by which the person is looked for, alike in every spelling: attempts to confirm are counted by it.

        None when no fact names one person or home: then they are counted by the client.
        """
        ...

    @property
    def confirms(self) -> bool:
        """Whether it carries a fact that proves, so that one that fails is a wrong guess."""
        ...
