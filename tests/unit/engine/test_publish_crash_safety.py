"""Publishing is killed at every call of every port, before and after it happens, and called again."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appdp.engine.publish import Publication, Step
from appdp.engine.publish.ports import Finding, PublishPorts
from appdp.errors import Refused, Throttled
from appdp.model.publication import LatestRelease, ScanRule
from tests.fakes.interruptions import Interruptions, Killed
from tests.fakes.publishing import BASIC, BOTH, ENHANCED, FakePublishing


@dataclass(frozen=True, kw_only=True)
class Story:
    """How a publication begins and how it must end."""

    scan: ScanRule | None = BASIC
    on_push: bool = True
    attested: bool = True
    before: bool = False
    """Whether the commit was published before."""
    severe: bool = False
    """Whether the gate must stay shut."""

    def begin(self) -> FakePublishing:
        publishing = FakePublishing("web", "api", scan=self.scan)
        publishing.scans.on_push = self.on_push
        publishing.build("c0", web="same", api="old")
        publishing.drive(publishing.begin("c0"))
        publishing.runs("dev", "c0")
        publishing.build("c1", web="same", api="new", attested=self.attested)
        if self.before:
            publishing.drive(publishing.begin("c1"))
        if self.severe:
            digest = publishing.platform_digest("api", "c1", BOTH[1])
            publishing.scans.findings[digest] = (Finding(name="CVE-1", severity="CRITICAL"),)
        publishing.events.sent.clear()
        return publishing


STORIES = {
    "scanned on push": Story(),
    "scan started by hand": Story(on_push=False),
    "enhanced scan": Story(scan=ENHANCED),
    "no scan": Story(scan=None),
    "plain images": Story(attested=False),
    "published before": Story(before=True),
    "too severe": Story(severe=True),
}


def killer(at: int, *, happened: bool) -> Interruptions:
    """Kill once, at one call."""

    def kill(number: int, name: str) -> None:
        if number == at:
            raise Killed(name)

    return Interruptions(after=kill) if happened else Interruptions(before=kill)


def end(publishing: FakePublishing, state: Publication, ports: PublishPorts | None = None) -> Step | None:
    """Publish to the end; None when the gate stayed shut."""
    try:
        return publishing.drive(state, ports)
    except Refused:
        return None


def undisturbed(story: Story) -> tuple[dict[str, str], int]:
    """The digests, and how many port calls were made."""
    publishing, counting = story.begin(), Interruptions()
    done = end(publishing, publishing.begin("c1"), counting.around(publishing.ports))
    assert (done is None) is story.severe
    tags = publishing.distribution
    return {name: str(tags.digest(f"shop/{name}", "c1")) for name in ("web", "api")}, len(counting.calls)


def run_until_killed(publishing: FakePublishing, interruptions: Interruptions) -> Publication:
    """Publish until killed; the last state that CodePipeline was given as a token."""
    tokens = [publishing.begin("c1").to_json()]
    try:
        publishing.drive(
            Publication.from_json(tokens[0]),
            interruptions.around(publishing.ports),
            each=lambda step: tokens.append(step.state.to_json()),
        )
    except Killed:
        return Publication.from_json(tokens[-1])
    raise AssertionError("nothing was killed")


def holds(story: Story, publishing: FakePublishing, done: Step | None, digests: dict[str, str]) -> None:
    """What must be true at the end, whatever happened before."""
    tags = publishing.distribution
    assert {name: tags.digest(f"shop/{name}", "c1") for name in digests} == digests
    pushed = [(repository, tag) for repository, tag, _ in tags.pushed]
    assert len(set(pushed)) == len(pushed), "a tag was pushed twice"
    assert len(set(publishing.scans.starts)) == len(publishing.scans.starts), "a scan was started twice"
    registered = [LatestRelease.from_json(value).release for value in publishing.registrations]
    if story.severe:
        assert done is None
        assert registered == ["c0"]
        assert publishing.events.sent == []
        return
    assert done is not None
    assert done.digests == digests
    assert done.unchanged == {"dev": ("web",)}
    assert registered == ["c0", "c1"]
    sent = [detail for _, detail in publishing.events.sent]
    assert 1 <= len(sent) <= 2
    assert all(detail == sent[0] for detail in sent)


def gate_was_passed(story: Story, calls: list[str]) -> None:
    """In the calls of one run: all results were read after the last wait, and before anything was registered."""
    if story.scan is None or story.severe:
        return
    register = next(at for at, name in enumerate(calls) if name in ("parameters.put", "events.put"))
    assert calls[:register].count("scans.read") >= 4
    assert "scans.start" not in calls[max(0, register - 8) : register]


@pytest.mark.parametrize("again", ["resumed", "retried"])
@pytest.mark.parametrize("name", STORIES)
def test_killed_at_every_port_call(name: str, again: str, record_property: Callable[[str, object], None]) -> None:
    """``resumed``: CodePipeline calls with the last token. ``retried``: somebody retries the stage from its start."""
    story = STORIES[name]
    digests, calls = undisturbed(story)
    for at in range(1, calls + 1):
        for happened in (False, True):
            publishing = story.begin()
            last = run_until_killed(publishing, killer(at, happened=happened))
            publishing.clock.sleep((0, 3, 45)[at % 3])
            counting = Interruptions()
            state = last if again == "resumed" else publishing.begin("c1")
            done = end(publishing, state, counting.around(publishing.ports))
            try:
                holds(story, publishing, done, digests)
                gate_was_passed(story, counting.calls)
            except AssertionError as error:
                raise AssertionError(f"killed {'after' if happened else 'before'} call {at}: {error}") from error
    record_property(f"kill points: {name}, {again}", calls * 2)
    print(f"\n{name}, {again}: {calls * 2} kill points")  # noqa: T201  # the figure is what this test shows


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), share=st.floats(0.01, 0.2), name=st.sampled_from(sorted(STORIES)))
def test_errors_that_pass_at_random_calls(seed: int, share: float, name: str) -> None:
    story, chance = STORIES[name], random.Random(seed)  # noqa: S311  # not for secrets
    digests, _ = undisturbed(story)
    publishing = story.begin()

    def maybe(number: int, call: str) -> None:
        if chance.random() < share:
            raise Throttled(f"{call}: slow down", code="ThrottlingException")

    ports = Interruptions(before=maybe, after=maybe).around(publishing.ports)
    state, done = publishing.begin("c1"), None
    for _ in range(2000):
        try:
            done = end(publishing, state, ports)
            break
        except Throttled:
            publishing.clock.sleep(1)
    publishing.events.sent = publishing.events.sent[:1]  # each try that got this far sends it again
    holds(story, publishing, done, digests)
