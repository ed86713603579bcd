"""A patch that does not fit fails the start instead of silently doing something else."""

from __future__ import annotations

import pytest

from appdp.errors import LocalError
from appdp.local.ministack_patch import PINNED, Patch
from appdp.local.ministack_patches import PATCHES


def _never(_original: object) -> object:
    raise AssertionError("a patch that does not fit must not be applied")


@pytest.mark.parametrize(
    ("module", "name", "expects"),
    [
        ("core.arn", "no_such_function", ("arn",)),
        ("core.arn", "NoSuchClass.method", ("self",)),
        ("core.arn", "parse_arn", ("something", "else")),
        ("core.arn", "parse_arn", "a text"),
        ("core.lambda_runtime", "_PYTHON_WORKER_SCRIPT", "a text that it does not contain"),
    ],
)
def test_a_target_that_changed(module: str, name: str, expects: tuple[str, ...] | str) -> None:
    patch = Patch(module=module, name=name, expects=expects, make=_never, why="a test")
    with pytest.raises(LocalError, match=name) as caught:
        patch.apply()
    assert f"ministack=={PINNED}" in caught.value.hint


def test_every_patch_says_why() -> None:
    for patch in PATCHES:
        assert len(patch.why) > 40, patch.name
    silent = [patch.name for patch in PATCHES if "https://docs.aws.amazon.com/" not in patch.why]
    # These two keep MiniStack away from the machine, the third is about our own handlers; AWS has no page on that.
    assert silent == ["_docker_socket_present", "_collect_scripts", "_runs_on_worker_thread"]
