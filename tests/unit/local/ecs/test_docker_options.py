"""A container order in Docker's terms."""

from __future__ import annotations

from dataclasses import replace

from appdp.local.ecs.containers import ContainerOrder, HealthCheck
from appdp.local.ecs.docker_options import create_options

ORDER = ContainerOrder(task="0123456789abcdef", service="web", name="app", image="web:1")


def test_ports_are_published_on_loopback_only() -> None:
    options = create_options(replace(ORDER, publish=(80, 8080)), "i1")
    assert options["ports"] == {"80/tcp": ("127.0.0.1", None), "8080/tcp": ("127.0.0.1", None)}


def test_a_container_that_joins_another_publishes_nothing() -> None:
    options = create_options(replace(ORDER, network_of="abc", publish=(80,)), "i1")
    assert options["network_mode"] == "container:abc"
    assert "ports" not in options


def test_every_container_carries_its_instance() -> None:
    labels = create_options(ORDER, "i1")["labels"]
    assert (labels["appdp.local"], labels["appdp.local.instance"]) == ("true", "i1")


def test_only_the_task_definitions_health_check_counts() -> None:
    assert create_options(ORDER, "i1")["healthcheck"] == {"test": ["NONE"]}
    checked = replace(ORDER, health_check=HealthCheck(test=("CMD", "true"), interval=5))
    assert create_options(checked, "i1")["healthcheck"]["interval"] == 5_000_000_000


def test_what_the_definition_leaves_out_is_left_to_the_image() -> None:
    options = create_options(ORDER, "i1")
    assert not {"entrypoint", "command", "user", "working_dir", "mem_limit", "init"} & set(options)


def test_memory_is_limited_but_never_below_dockers_floor() -> None:
    assert create_options(replace(ORDER, memory_mib=4), "i1")["mem_limit"] == "6m"
    assert create_options(replace(ORDER, memory_mib=512), "i1")["mem_limit"] == "512m"
