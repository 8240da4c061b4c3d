"""The members of a problem, as the OpenAPI document and the pages describe them."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from shim.http.problem_types import TYPE_PREFIX


class ViolationOut(BaseModel):
    """One rule that the request or the composed document breaks."""

    field: str = Field(description="Field of the request, or element of the document.", examples=["reported_at"])
    rule: str = Field(description="The rule, in a sentence.")
    value: str | None = Field(default=None, description="The value, where it may be shown.")


class FoundOut(BaseModel):
    """One thing that may not leave."""

    kind: str = Field(description="What it is.", examples=["bsn"])
    field: str | None = Field(default=None, description="In which field of the reply.", examples=["name"])
    begin: int | None = Field(default=None, description="Its first character in the message, counted from 0.")
    end: int | None = Field(default=None, description="The character behind its last one.")


class Problem(BaseModel):
    """An error as RFC 9457 describes it."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="Stable name of the kind of problem.", examples=[f"{TYPE_PREFIX}slot-taken"])
    title: str = Field(description="The same sentence for every problem of this type.", examples=["The slot is taken"])
    status: int = Field(description="The HTTP status.", examples=[409])
    detail: str | None = Field(default=None, description="What is wrong with this request.")
    violations: list[ViolationOut] | None = Field(default=None, description="What is broken, one by one.")
    retry_after: int | None = Field(default=None, description="Seconds after which the same request may succeed.")
    policy: str | None = Field(default=None, description="The limit that was reached.", examples=["identity"])
    quota: int | None = Field(default=None, description="How many it allows in its window.", examples=[5])
    window_s: int | None = Field(default=None, description="The limit's window, seconds.", examples=[3600])
    found: list[FoundOut] | None = Field(default=None, description="What may not leave, one by one; never the value.")
    more: int | None = Field(default=None, description="How many more of them were found than are listed.")
    executed: bool | None = Field(default=None, description="Whether the write was executed all the same.")
    field: str | None = Field(default=None, description="The field that is refused.", examples=["reported_at"])
    server_time: str | None = Field(default=None, description="The server's clock, when a report time is refused.")
    scope: str | None = Field(default=None, description="The scope that is missing.", examples=["planon:log_note"])
    delivery: dict[str, Any] | None = Field(default=None, description="The delivery that has ended without success.")
