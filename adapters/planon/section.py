"""What every section of a mapping has in common, in whichever module it stands."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table of the mapping's file: a name that it does not know is an error, and nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)
