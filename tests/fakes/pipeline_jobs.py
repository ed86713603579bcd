"""CodePipeline's jobs as a list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a function said of its job."""

    job: str
    token: str = ""
    summary: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""
    message: str = ""


class FakePipelineJobs:
    """The results, in order."""

    def __init__(self) -> None:
        self.told: list[Told] = []

    def goes_on(self, job: str, *, token: str, summary: str) -> None:
        self.told.append(Told(job=job, token=token, summary=summary))

    def succeeded(self, job: str, *, variables: Mapping[str, str], summary: str) -> None:
        self.told.append(Told(job=job, variables=dict(variables), summary=summary))

    def failed(self, job: str, *, kind: str, message: str) -> None:
        self.told.append(Told(job=job, kind=kind, message=message))
