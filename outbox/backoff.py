"""When to try again: exponential with full jitter, so that what failed together does not return together."""

from dataclasses import dataclass

from tenacity import RetryCallState, Retrying, wait_random_exponential


@dataclass(frozen=True, slots=True)
class Backoff:
    """Delays are uniform between 0 and `first_s` times two to the power of earlier failures, at most `cap_s`."""

    first_s: float = 1.0
    cap_s: float = 300.0

    def delay_s(self, failures: int) -> float:
        """Return the delay in seconds after this many failures in a row, 1 or more."""
        state = RetryCallState(Retrying(), None, (), {})
        state.attempt_number = failures
        return wait_random_exponential(multiplier=self.first_s, max=self.cap_s)(state)
