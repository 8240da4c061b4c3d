"""Why a state is not carried."""


class CarryingRefused(Exception):
    """Raised when a state cannot be carried as it was asked; nothing has changed. Says why, and what to do."""
