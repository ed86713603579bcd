"""A container image for tests that needs no registry: the machine's static busybox and nothing else."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any, Final

from docker.errors import ImageNotFound

NAME: Final = "appdp-tests/busybox:latest"


def static_image(client: Any) -> str:  # noqa: ANN401 - docker's client in tests
    """The image's name; it is made once per Docker daemon and kept, as it is small."""
    try:
        client.images.get(NAME)
    except ImageNotFound:
        busybox = shutil.which("busybox") or "/bin/busybox"
        repository, tag = NAME.split(":")
        client.api.import_image_from_data(
            _root(Path(busybox)), repository=repository, tag=tag, changes=["ENV PATH=/bin"]
        )
    return NAME


def _root(busybox: Path) -> bytes:
    applets = subprocess.run([busybox, "--list"], check=True, capture_output=True, text=True).stdout.split()
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.add(busybox.resolve(), "bin/busybox")
        for applet in applets:
            if applet != "busybox":
                link = tarfile.TarInfo(f"bin/{applet}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                archive.addfile(link)
    return content.getvalue()
