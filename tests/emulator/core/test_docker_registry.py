"""Docker pushes to and pulls from the embedded ECR, through a port on loopback."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import urlsplit

import docker
import pytest
from docker.errors import ImageNotFound

from appdp.local.lifecycle import EmbeddedAws
from tests.emulator.static_image import static_image

LOGIN = {"username": "AWS", "password": "any"}


@pytest.mark.docker
def test_an_image_goes_there_and_comes_back_by_digest(aws: EmbeddedAws) -> None:
    client = docker.from_env()
    aws.client("ecr").create_repository(repositoryName="docker/bb", imageTagMutability="IMMUTABLE")
    repository = f"localhost:{urlsplit(aws.endpoint.url).port}/docker/bb"
    names = [f"{repository}:r1"]
    try:
        assert client.images.get(static_image(client)).tag(repository, tag="r1")
        assert "no basic auth credentials" in client.images.push(repository, tag="r1")
        assert "error" not in client.images.push(repository, tag="r1", auth_config=LOGIN)
        found = aws.client("ecr").describe_images(repositoryName="docker/bb", imageIds=[{"imageTag": "r1"}])
        by_digest = f"{repository}@{found['imageDetails'][0]['imageDigest']}"
        names.append(by_digest)
        client.images.remove(names[0])
        client.api.pull(by_digest, auth_config=LOGIN)
        assert client.containers.run(by_digest, ["echo", "pulled"], remove=True) == b"pulled\n"
    finally:
        for name in names:
            with suppress(ImageNotFound):
                client.images.remove(name)
        client.close()
