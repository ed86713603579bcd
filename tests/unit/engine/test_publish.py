"""A publication from its first step to its end."""

from __future__ import annotations

import json

import pytest

from appdp.engine.publish import Publication, begin, may_pass, publish, read_manifest
from appdp.engine.publish.machine import PATIENCE_SECONDS
from appdp.errors import AppdpError, ConfigurationError, RemoteError, Throttled
from appdp.model.handoff import pipeline_parameter, release_registry_parameter, schedule_parameter
from appdp.model.publication import LatestRelease, Place
from tests.fakes.interruptions import Interruptions
from tests.fakes.publishing import APPLICATION, BASIC, CREATED, PIPELINE, FakePublishing

LATEST = release_registry_parameter(APPLICATION)
GIVEN = {"commit": "c1", "created": CREATED, "source": "acme/shop"}


def test_a_release_is_registered_with_its_digests() -> None:
    publishing = FakePublishing("web", "api", scan=BASIC)
    publishing.build("c1")
    step = publishing.drive(publishing.begin("c1"))
    digests = {name: publishing.distribution.digest(f"shop/{name}", "c1") for name in ("web", "api")}
    assert step.digests == digests
    assert step.summary == "Published c1: web, api"
    latest = LatestRelease.from_json(publishing.parameters.values[LATEST])
    assert latest == LatestRelease(release="c1", published_at=publishing.clock.now(), pipeline="main")
    assert publishing.events.sent == [
        (
            "Release Published",
            {
                "application": "shop",
                "pipeline": "main",
                "commit": "c1",
                "source": "acme/shop",
                "created": CREATED,
                "images": digests,
                "unchanged": {"dev": []},
            },
        )
    ]


def test_publishing_again_gives_the_same_digests_and_registers_once() -> None:
    publishing = FakePublishing(scan=BASIC)
    publishing.build("c1")
    first = publishing.drive(publishing.begin("c1"))
    pushed = list(publishing.distribution.pushed)
    publishing.clock.jump(3600)
    assert publishing.drive(publishing.begin("c1")).digests == first.digests
    assert publishing.distribution.pushed == pushed
    assert len(publishing.registrations) == 1


def test_a_value_that_is_no_record_is_replaced() -> None:
    publishing = FakePublishing()
    publishing.build("c1")
    publishing.parameters.put(LATEST, "none")
    publishing.drive(publishing.begin("c1"))
    assert LatestRelease.from_json(publishing.parameters.values[LATEST]).release == "c1"


def test_a_later_release_takes_the_record_over() -> None:
    publishing = FakePublishing()
    for commit in ("c1", "c2"):
        publishing.build(commit)
        publishing.drive(publishing.begin(commit))
    assert [LatestRelease.from_json(value).release for value in publishing.registrations] == ["c1", "c2"]


def test_images_that_an_environment_runs_already_are_marked() -> None:
    publishing = FakePublishing("web", "api", "job", environments=("dev", "prod", "new"))
    publishing.build("c0", web="w0", api="a0", job="j")
    publishing.build("c1", web="w1", api="a0", job="j")
    publishing.build("c2", web="w1", api="a2", job="j")
    for commit in ("c0", "c1"):
        publishing.drive(publishing.begin(commit))
    publishing.runs("prod", "c0")
    publishing.runs("dev", "c1")
    step = publishing.drive(publishing.begin("c2"))
    assert step.unchanged == {"dev": ("web", "job"), "prod": ("job",), "new": ()}
    assert step.running == {"dev": "c1", "prod": "c0"}
    assert step.summary == "Published c2: web, api, job; dev runs web, job already; prod runs job already"
    assert publishing.events.sent[-1][1]["unchanged"] == {"dev": ["web", "job"], "prod": ["job"], "new": []}
    publishing.runs("prod", "c2")
    assert publishing.drive(publishing.begin("c2")).unchanged["prod"] == ("web", "api", "job")


def test_an_image_that_changed_on_one_platform_only_is_changed() -> None:
    publishing = FakePublishing("web")
    publishing.build("c1", web="w")
    publishing.drive(publishing.begin("c1"))
    publishing.runs("dev", "c1")
    publishing.build("c2", web="w")
    publishing.distribution.tags["shop/web"].pop("c2-arm64")
    image = publishing.manifest.images["web"]
    publishing.distribution.build(image, "c2-arm64", "linux/arm64", content="other")
    assert publishing.drive(publishing.begin("c2")).unchanged == {"dev": ()}


ROLE = "arn:aws:iam::444455556666:role/appdp/shop/prod/appdp-release-0123456789abcdef-us-east-1"


def test_environments_elsewhere_are_compared_where_they_are() -> None:
    places = {"prod": Place(role=ROLE), "asia": Place(region="ap-northeast-1")}
    publishing = FakePublishing("web", "api", environments=("dev", "prod", "asia"), elsewhere=places)
    publishing.build("c0", web="w", api="a0")
    publishing.build("c1", web="w", api="a1")
    publishing.runs("prod", "none")
    publishing.runs("asia", "none")
    publishing.drive(publishing.begin("c0"))
    publishing.runs("prod", "c0")
    step = publishing.drive(publishing.begin("c1"))
    assert step.unchanged == {"dev": (), "prod": ("web",), "asia": ()}
    assert step.running == {"prod": "c0"}
    assert step.summary == "Published c1: web, api; prod runs web already"


def test_schedules_that_run_what_changes_are_told() -> None:
    places = {"prod": Place(role=ROLE), "old": Place(role=f"{ROLE}-old")}
    publishing = FakePublishing("web", "api", environments=("dev", "prod", "old", "new"), elsewhere=places)
    publishing.build("c0", web="w", api="a0")
    publishing.build("c1", web="w", api="a1")
    publishing.drive(publishing.begin("c0"))
    for environment in ("dev", "prod", "old"):
        publishing.runs(environment, "c0")
        publishing.schedules(environment, report="api", cleanup="web")
    publishing.schedules("new", report="api")
    publishing.elsewhere.shut.add(places["old"])
    step = publishing.drive(publishing.begin("c1"))
    assert step.schedules == {"dev": ("report",), "prod": ("report",), "old": None}
    assert step.unread == {}


def test_schedules_of_a_newer_appdp_keep_no_release_back() -> None:
    publishing = FakePublishing("web")
    publishing.build("c0")
    publishing.drive(publishing.begin("c0"))
    publishing.runs("dev", "c0")
    publishing.parameters.put(schedule_parameter("shop", "dev", "report"), '{"version":99}')
    publishing.build("c1")
    assert publishing.drive(publishing.begin("c1")).schedules == {"dev": None}


def test_an_environment_elsewhere_that_cannot_be_read_is_told_and_stops_nobody() -> None:
    publishing = FakePublishing("web", environments=("dev", "prod"), elsewhere={"prod": Place(role=ROLE)})
    publishing.build("c1")
    step = publishing.drive(publishing.begin("c1"))
    assert step.unchanged == {"dev": (), "prod": ()}
    assert set(step.unread) == {"prod"}
    reason = f"AWS refused sts:AssumeRole: not authorized on resource: {ROLE}"
    assert step.summary == f"Published c1: web; what prod runs could not be read: {reason}"
    assert publishing.events.sent[-1][1]["unchanged"] == {"dev": [], "prod": []}
    assert len(publishing.registrations) == 1


@pytest.mark.parametrize("call", ["parameters.get", "parameters.under"])
def test_an_environment_here_that_cannot_be_read_is_an_error(call: str) -> None:
    publishing = FakePublishing("web")
    publishing.build("c1")
    publishing.runs("dev", "c0")

    def denied(_number: int, name: str) -> None:
        if name == call:
            raise RemoteError("AWS refused ssm:GetParameter", code="AccessDeniedException")

    with pytest.raises(RemoteError, match="ssm:GetParameter"):
        publishing.drive(publishing.begin("c1"), Interruptions(denied).around(publishing.ports))


@pytest.mark.parametrize("running", ["none", "gone"])
def test_all_is_changed_before_the_first_release_and_after_one_that_is_gone(running: str) -> None:
    publishing = FakePublishing()
    publishing.build("c1")
    publishing.runs("dev", running)
    assert publishing.drive(publishing.begin("c1")).unchanged == {"dev": ()}


def test_an_environment_without_a_parameter_has_nothing_unchanged() -> None:
    publishing = FakePublishing(environments=("dev",))
    publishing.build("c1")
    publishing.parameters.delete("/appdp/shop/dev/release")
    assert publishing.drive(publishing.begin("c1")).unchanged == {"dev": ()}


def test_nothing_is_asked_twice_and_calls_grow_with_the_images() -> None:
    counted = []
    for many in (1, 2, 3):
        publishing = FakePublishing(*(f"image-{number}" for number in range(many)))
        publishing.build("c1")
        counting = Interruptions()
        publishing.drive(publishing.begin("c1"), counting.around(publishing.ports))
        counted.append(len(counting.calls))
    assert counted[1] - counted[0] == counted[2] - counted[1] == 4


def test_the_state_survives_its_token_and_stays_small() -> None:
    state = begin(json.dumps(GIVEN), 12.5)
    assert Publication.from_json(state.to_json()) == state
    long = Publication(commit="c" * 128, created=CREATED, source="o" * 39 + "/" + "r" * 100, started_at=1e10)
    assert len(long.to_json()) < 512


def test_a_whole_number_of_seconds_is_a_time() -> None:
    token = json.dumps({**GIVEN, "started_at": 12})
    assert Publication.from_json(token).started_at == 12.0


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"commit": "env-dev"}, "is not a release"),
        ({"commit": "c1-arm64"}, "cannot be published: a tag that ends with an architecture"),
        ({"commit": None}, "commit=None"),
        ({"created": "yesterday"}, "'yesterday' is no time"),
        ({"created": "2026-11-24T09:30:00"}, "is no time"),
        ({"source": 1}, "source=1"),
    ],
)
def test_what_cannot_be_published(changed: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        begin(json.dumps({**GIVEN, **changed}), 0.0)


@pytest.mark.parametrize("text", ["", "[]", "c1", "{"])
def test_what_is_no_parameter_of_a_user(text: str) -> None:
    with pytest.raises(ConfigurationError, match="UserParameters must be a JSON object with 'commit'"):
        begin(text, 0.0)
    with pytest.raises(ConfigurationError, match="The continuation token must be a JSON object"):
        Publication.from_json(text)


def test_a_token_without_its_time_is_refused() -> None:
    for wrong in (None, True, "12"):
        with pytest.raises(ConfigurationError, match="started_at="):
            Publication.from_json(json.dumps({**GIVEN, "started_at": wrong}))


def test_the_manifest_is_read_where_the_stack_wrote_it() -> None:
    publishing = FakePublishing(scan=BASIC)
    assert read_manifest(APPLICATION, PIPELINE, publishing.ports) == publishing.manifest
    publishing.parameters.delete(pipeline_parameter(APPLICATION, PIPELINE))
    with pytest.raises(ConfigurationError, match="There is no parameter /appdp/shop/pipelines/main") as raised:
        read_manifest(APPLICATION, PIPELINE, publishing.ports)
    assert raised.value.hint


@pytest.mark.parametrize(
    ("error", "age", "scanned", "passes"),
    [
        (Throttled("slow"), PATIENCE_SECONDS, False, True),
        (Throttled("slow"), PATIENCE_SECONDS + 1, False, False),
        (Throttled("slow"), PATIENCE_SECONDS + BASIC.timeout_seconds, True, True),
        (Throttled("slow"), PATIENCE_SECONDS + BASIC.timeout_seconds + 1, True, False),
        (RemoteError("no answer"), 0, False, True),
        (RemoteError("no", code="AccessDeniedException"), 0, False, False),
    ],
)
def test_errors_that_may_pass(error: RemoteError, age: float, scanned: bool, passes: bool) -> None:
    publishing = FakePublishing(scan=BASIC if scanned else None)
    state = publishing.begin("c1")
    assert may_pass(error, state, publishing.manifest, state.started_at + age) is passes
    if not scanned:
        assert may_pass(error, state, None, state.started_at + age) is passes


def test_a_release_that_is_not_built_tells_what_to_do() -> None:
    publishing = FakePublishing()
    with pytest.raises(AppdpError) as raised:
        publish(publishing.begin("c1"), publishing.manifest, publishing.ports)
    assert "run the build again" in str(raised.value)
