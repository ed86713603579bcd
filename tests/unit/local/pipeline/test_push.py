"""Which pushes start a pipeline, and what is said of those that do not."""

from __future__ import annotations

from typing import Any

import pytest

from appdp.local.pipeline.push import PushEvent, started_by


def pipeline(*filters: dict[str, Any]) -> dict[str, Any]:
    trigger = {
        "providerType": "CodeStarSourceConnection",
        "gitConfiguration": {"sourceActionName": "GitHub", "push": list(filters)},
    }
    return {"name": "shop-main", "triggers": [trigger] if filters else []}


MAIN = {"branches": {"includes": ["main"]}}


@pytest.mark.parametrize(
    ("push", "wanted"),
    [
        (PushEvent(branch="main"), MAIN),
        (PushEvent(branch="feature/a/b"), {"branches": {"includes": ["feature/**"]}}),
        (PushEvent(branch="release-2"), {"branches": {"excludes": ["main"]}}),
        (PushEvent(tag="v1.2.3"), {"tags": {"includes": ["v*"]}}),
        (PushEvent(branch="main", paths=("docs/a.md", "src/app.py")), {**MAIN, "filePaths": {"includes": ["src/**"]}}),
        (PushEvent(branch="main", paths=("docs/a.md", "a.py")), {**MAIN, "filePaths": {"excludes": ["docs/**"]}}),
        (PushEvent(branch="qa"), {"branches": {"includes": ["{dev,qa}"]}}),
    ],
)
def test_a_push_that_starts(push: PushEvent, wanted: dict[str, Any]) -> None:
    verdict = started_by(push, pipeline({"tags": {"includes": ["never"]}}, wanted))
    assert verdict.starts
    assert verdict.action == "GitHub"
    assert "filter 2" in verdict.reason


@pytest.mark.parametrize(
    ("push", "wanted", "reason"),
    [
        (PushEvent(branch="dev"), MAIN, "the branch is none of main"),
        (PushEvent(branch="feature/a/b"), {"branches": {"includes": ["feature/*"]}}, "none of feature/*"),
        (PushEvent(branch="main"), {"branches": {"includes": ["**"], "excludes": ["ma?n"]}}, "excluded by ma?n"),
        (PushEvent(tag="v1"), MAIN, "it is for branches, not for tags"),
        (PushEvent(branch="v1"), {"tags": {"includes": ["v*"]}}, "it is for tags, not for branches"),
        (PushEvent(tag="x1"), {"tags": {"includes": ["v*"]}}, "the tag is none of v*"),
        (
            PushEvent(branch="main", paths=("docs/a.md",)),
            {**MAIN, "filePaths": {"includes": ["src/**"]}},
            "no changed path is none of src/**",
        ),
        (PushEvent(branch="main", paths=("docs/a.md",)), {**MAIN, "filePaths": {"excludes": ["docs/**"]}}, "docs/**"),
    ],
)
def test_a_push_that_starts_nothing_says_why(push: PushEvent, wanted: dict[str, Any], reason: str) -> None:
    verdict = started_by(push, pipeline(wanted))
    assert not verdict.starts
    assert reason in verdict.reason
    assert "shop-main" in verdict.reason


def test_a_pipeline_without_triggers_is_started_by_hand() -> None:
    assert "started by hand" in started_by(PushEvent(branch="main"), pipeline()).reason
