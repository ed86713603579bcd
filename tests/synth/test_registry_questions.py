"""How a build asks the registry what is published already: real curl, and a registry on loopback."""

from __future__ import annotations

import pytest

from tests.synth.build_machine import AUTHORIZATION, Machine

pytestmark = pytest.mark.curl


def test_one_curl_asks_about_both_tags_of_every_image(machine: Machine) -> None:
    machine.record_arguments("curl")
    assert machine.run("pre_build").returncode == 0
    assert sum(call.startswith("curl ") for call in machine.calls) == 1
    assert sorted(request.path for request in machine.registry.asked) == [
        f"/v2/shop/{name}/manifests/{tag}" for name in ("jobs", "web") for tag in ("c0ffee", "c0ffee-amd64")
    ]
    for request in machine.registry.asked:
        assert request.authorization == f"Basic {AUTHORIZATION}"
        assert set(request.accepts) == {
            "application/vnd.oci.image.index.v1+json",
            "application/vnd.oci.image.manifest.v1+json",
            "application/vnd.docker.distribution.manifest.list.v2+json",
            "application/vnd.docker.distribution.manifest.v2+json",
        }


def test_docker_and_curl_log_in_with_one_token_that_no_process_shows(machine: Machine) -> None:
    for name in ("curl", "base64"):
        machine.record_arguments(name)
    result = machine.run("pre_build")
    assert sum(call.startswith("aws ") for call in machine.calls) == 1
    assert (machine.folder / "password").read_text() == "secret"
    shown = "\n".join([*machine.calls, result.stdout, result.stderr])
    assert AUTHORIZATION not in shown
    assert "secret" not in shown


@pytest.mark.parametrize("status", [302, 401, 403, 500])
def test_an_answer_that_is_neither_yes_nor_no_stops_the_build(machine: Machine, status: int) -> None:
    machine.registry.refuses["shop/jobs:c0ffee"] = status
    result = machine.run("pre_build")
    assert result.returncode == 1
    assert [line for line in result.stdout.splitlines() if line] == [
        "[appdp] The registry did not say whether image 'jobs' is published. Its answers:",
        f"[appdp] GET /v2/shop/jobs/manifests/c0ffee: HTTP {status}",
        f'{{"errors":[{{"code":"REFUSED","message":"shop/jobs:c0ffee: {status}"}}]}}',
        "[appdp] Nothing was built.",
    ]
    assert not any(call.startswith("buildx") for call in machine.calls)


def test_so_does_one_about_the_architecture_alone(machine: Machine) -> None:
    machine.registry.refuses["shop/web:c0ffee-amd64"] = 403
    result = machine.run("pre_build")
    assert result.returncode == 1
    assert "GET /v2/shop/web/manifests/c0ffee-amd64: HTTP 403" in result.stdout


def test_what_is_released_needs_no_answer_about_the_architecture(machine: Machine) -> None:
    machine.tags("shop/web:c0ffee")
    machine.registry.refuses["shop/web:c0ffee-amd64"] = 403
    assert "Image 'web': commit c0ffee is already published" in machine.run("pre_build").stdout


def test_a_registry_that_is_busy_for_a_moment_is_asked_again(machine: Machine) -> None:
    machine.registry.refuses["shop/web:c0ffee"] = 503
    machine.registry.refuses_once = True
    machine.tags("shop/web:c0ffee")
    assert "Image 'web': commit c0ffee is already published" in machine.run("pre_build").stdout


def test_a_registry_that_hangs_up_is_no_answer(machine: Machine) -> None:
    machine.registry.refuses["shop/web:c0ffee"] = 0
    result = machine.run("pre_build")
    assert result.returncode == 1
    assert "GET /v2/shop/web/manifests/c0ffee: none; curl's reason is above." in result.stdout
    assert "Empty reply from server" in result.stderr


def test_nor_is_one_that_cannot_be_reached(machine: Machine) -> None:
    (machine.folder / ".curlrc").write_text('connect-to = "registry.test:80:127.0.0.1:1"\n')
    result = machine.run("pre_build")
    assert result.returncode == 1
    assert "The registry did not say whether image 'web' is published." in result.stdout
    assert "The registry did not say whether image 'jobs' is published." in result.stdout
    assert "Failed to connect" in result.stderr


def test_without_a_login_nothing_is_asked_or_built(machine: Machine) -> None:
    machine.flag("nobody")
    result = machine.run("pre_build")
    assert result.returncode == 253
    assert "Unable to locate credentials" in result.stderr
    assert machine.registry.asked == []


def test_a_registry_that_docker_cannot_log_in_to_is_not_built_for(machine: Machine) -> None:
    machine.flag("locked")
    result = machine.run("pre_build")
    assert result.returncode == 1
    assert "Docker could not log in to registry.test; the reason is above. Nothing was built." in result.stdout
    assert "unauthorized" in result.stderr
