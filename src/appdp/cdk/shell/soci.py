"""Convert the images that bake exported to SOCI, and push them: ``soci.py WORK <PASSWORD``.

It runs inside a build, so it needs Python 3.9 or newer and nothing else. Each image is a folder in OCI's image layout.
``soci convert`` makes two things of its manifest: the same manifest with one annotation more, so with another digest,
and the SOCI index that the annotation names. It is given the image alone, since it would rewrite the attestations'
entries and lose what they are about; they are attached to the converted image afterwards. Their statements still name
the digest that BuildKit gave the image, whose layers and configuration are the same.

The tag is pushed last: a build that ends before left nothing that could be taken for an image of the commit.

See: https://github.com/awslabs/soci-snapshotter/blob/main/docs/soci-index-manifest-v2.md
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.message import Message
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
SOCI_TYPE = "application/vnd.amazon.soci.index.v2+json"
SOCI_OF = "com.amazon.soci.image-manifest-digest"
ATTESTATION_OF = "vnd.docker.reference.digest"
NOTHING_TO_INDEX = "no ztocs created"
"""What ``soci`` says when it found no layer that it can use."""
ATTEMPTS = 5
UPLOADS_AT_ONCE, TIMEOUT_SECONDS, MIB = 4, 300, 1 << 20
Descriptor = dict[str, Any]


class Failed(Exception):
    """An image cannot be pushed; the message says why."""


class Passing(Failed):
    """The registry failed in a way that passes."""


def say(text: str) -> None:
    """Write to the build's log."""
    print(f"[appdp] {text}", flush=True)  # noqa: T201 - this is a program


class Layout:
    """One image in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, entry: Descriptor) -> Path:
        """The file of what a descriptor names."""
        return self.folder.joinpath("blobs", *str(entry["digest"]).split(":", 1))

    def read(self, entry: Descriptor) -> dict[str, Any]:
        """A manifest or an index."""
        found: dict[str, Any] = json.loads(self.path(entry).read_bytes())
        return found

    def add(self, content: dict[str, Any], media_type: str) -> Descriptor:
        """Write a manifest or an index."""
        written = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
        entry = {"mediaType": media_type, "digest": f"sha256:{hashlib.sha256(written).hexdigest()}"}
        self.path(entry).write_bytes(written)
        return {**entry, "size": len(written)}

    @property
    def root(self) -> Descriptor:
        """What the layout holds: an index, or a manifest."""
        (found,) = json.loads((self.folder / "index.json").read_text())["manifests"]
        return {key: value for key, value in found.items() if key != "annotations"}

    @root.setter
    def root(self, entry: Descriptor) -> None:
        content = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [entry]}
        (self.folder / "index.json").write_text(json.dumps(content))

    def entries(self) -> list[Descriptor]:
        """The image, and what is attached to it."""
        root = self.root
        return list(self.read(root)["manifests"]) if root["mediaType"] == INDEX_TYPE else [root]


class Settings(NamedTuple):
    """What is converted, and how."""

    platform: str
    min_image_bytes: int
    min_layer_bytes: int
    program: str
    work: Path


def image_among(entries: list[Descriptor], platform: str) -> Descriptor:
    """The entry of the image itself."""
    system, architecture = platform.split("/")
    for entry in entries:
        fields = entry.get("platform") or {"os": system, "architecture": architecture}
        attached = entry.get("artifactType") or ATTESTATION_OF in (entry.get("annotations") or {})
        if not attached and (fields.get("os"), fields.get("architecture")) == (system, architecture):
            return {**entry, "platform": fields}
    raise Failed(f"it is not for {platform}. Make the Dockerfile's FROM follow the platform.")


def too_small(manifest: dict[str, Any], settings: Settings) -> str:
    """Why an image is left as it is; empty when it is converted."""
    sizes = [int(layer["size"]) for layer in manifest["layers"]]
    if sum(sizes) < settings.min_image_bytes:
        return f"{sum(sizes) / MIB:.1f} MiB is less than {settings.min_image_bytes / MIB:g} MiB"
    if max(sizes, default=0) < settings.min_layer_bytes:
        return f"no layer has {settings.min_layer_bytes / MIB:g} MiB"
    return ""


def converted(name: str, layout: Layout, settings: Settings) -> Layout:
    """The layout to push: a new one, or the same if there is nothing to gain."""
    root, entries = layout.root, layout.entries()
    image = image_among(entries, settings.platform)
    why = too_small(layout.read(image), settings)
    output = layout
    if not why:
        layout.root = image
        output = Layout(settings.work / "soci-converted" / name)
        why = run_soci(layout, output, settings)
        layout.root = root
    if why:
        say(f"Image {name!r} is not converted to SOCI: {why}.")
        return layout
    output.root = with_attached(output, [entry for entry in entries if entry["digest"] != image["digest"]], settings)
    say(f"Image {name!r} was converted to SOCI.")
    return output


def run_soci(layout: Layout, output: Layout, settings: Settings) -> str:
    """Convert; returns why nothing was, or an empty text."""
    output.folder.parent.mkdir(exist_ok=True)
    command = [settings.program, "convert", "--standalone", "--format", "oci-dir", "--platform", settings.platform]
    command += ["--min-layer-size", str(settings.min_layer_bytes), str(layout.folder), str(output.folder)]
    result = subprocess.run(  # noqa: S603 - a program of a known checksum
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    sys.stdout.write(result.stdout)
    if result.returncode == 0:
        return ""
    if NOTHING_TO_INDEX in result.stdout:
        return f"no layer of {settings.min_layer_bytes / MIB:g} MiB is of a kind that SOCI loads on demand"
    raise Failed(f"soci ended with code {result.returncode}; the reason is above.")


def with_attached(output: Layout, attached: list[Descriptor], settings: Settings) -> Descriptor:
    """The index over the converted image, its SOCI index, and what was attached to the image before."""
    entries = output.entries()
    image = image_among(entries, settings.platform)
    found = [entry for entry in entries if entry.get("artifactType") == SOCI_TYPE]
    soci = [entry for entry in found if (entry.get("annotations") or {}).get(SOCI_OF) == image["digest"]]
    if len(soci) != 1:
        raise Failed(f"soci made {len(soci)} SOCI indexes for {image['digest']}, not one. Use another version.")
    again = [{**entry, "annotations": {**entry["annotations"], ATTESTATION_OF: image["digest"]}} for entry in attached]
    index = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [image, *soci, *again]}
    return output.add(index, INDEX_TYPE)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect says that a blob is there; to follow it would send the password elsewhere."""

    def redirect_request(self, *_args: Any) -> None:
        """Do not."""


class Registry:
    """A registry's OCI distribution API.

    See: https://github.com/opencontainers/distribution-spec/blob/main/spec.md
    """

    def __init__(self, host: str, password: str) -> None:
        # As Docker does: a registry on this machine has no TLS.
        secure = "" if host.partition(":")[0] in ("localhost", "127.0.0.1") else "s"
        self._base = f"http{secure}://{host}/v2"
        self._authorization = "Basic " + base64.b64encode(f"AWS:{password}".encode()).decode()
        self._opener = urllib.request.build_opener(NoRedirect)

    def push(self, layout: Layout, repository: str, tag: str) -> str:
        """Push what a layout holds; returns its digest."""
        root, entries = layout.root, layout.entries()
        manifests = [layout.read(entry) for entry in entries]
        blobs = {blob["digest"]: blob for found in manifests for blob in (found["config"], *found["layers"])}
        with ThreadPoolExecutor(UPLOADS_AT_ONCE) as pool:
            for _ in pool.map(lambda blob: retried(partial(self._blob, repository, layout, blob)), blobs.values()):
                pass
        for entry in entries:
            if entry["digest"] != root["digest"]:
                retried(partial(self._manifest, repository, entry["digest"], layout, entry))
        retried(partial(self._manifest, repository, tag, layout, root))
        return str(root["digest"])

    def _blob(self, repository: str, layout: Layout, blob: Descriptor) -> None:
        status, _ = self._ask("HEAD", f"{self._base}/{repository}/blobs/{blob['digest']}", (200, 301, 302, 307, 404))
        if status != 404:
            return
        start = f"{self._base}/{repository}/blobs/uploads/"
        _, headers = self._ask("POST", start, (202,), headers={"Content-Length": "0"})
        upload = urllib.parse.urljoin(start, headers["Location"])
        digest = urllib.parse.urlencode({"digest": blob["digest"]})
        self._ask("PUT", f"{upload}{'&' if '?' in upload else '?'}{digest}", (201,), layout.path(blob))

    def _manifest(self, repository: str, reference: str, layout: Layout, entry: Descriptor) -> None:
        url = f"{self._base}/{repository}/manifests/{reference}"
        self._ask("PUT", url, (200, 201, 202), layout.path(entry), {"Content-Type": entry["mediaType"]})

    def _ask(
        self,
        method: str,
        url: str,
        wanted: tuple[int, ...],
        content: Path | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Message]:
        given = {"Authorization": self._authorization, "Content-Type": "application/octet-stream", **(headers or {})}
        request = urllib.request.Request(url, headers=given, method=method)  # noqa: S310 - of http or https, as above
        try:
            if content is None:
                return self._send(request, wanted)
            with content.open("rb") as body:
                request.data = body
                # After the data, which would take it away again.
                request.add_header("Content-Length", str(content.stat().st_size))
                return self._send(request, wanted)
        except OSError as error:
            raise Passing(f"the registry cannot be reached ({method} {url}): {error}") from error

    def _send(self, request: urllib.request.Request, wanted: tuple[int, ...]) -> tuple[int, Message]:
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                status, headers, said = answer.status, answer.headers, b""
        except urllib.error.HTTPError as error:
            status, headers, said = error.code, error.headers, error.read()
        if status in wanted:
            return status, headers
        kind = Passing if status == 429 or status >= 500 else Failed
        told = said[:500].decode(errors="replace")
        raise kind(f"the registry answered {status} to {request.get_method()} {request.full_url}: {told}")


def retried(work: Callable[[], None]) -> None:
    """Do it, and again when what failed passes."""
    for attempt in range(1, ATTEMPTS):
        try:
            return work()
        except Passing as error:
            say(f"Trying again: {error}")
            time.sleep(2 ** (attempt - 1))
    return work()


def main() -> int:
    """Convert and push what is wanted; returns the exit code."""
    work = Path(sys.argv[1])
    variables = os.environ
    architecture = variables["APPDP_ARCHITECTURE"]
    settings = Settings(
        platform=f"linux/{architecture}",
        min_image_bytes=int(variables["APPDP_SOCI_MIN_IMAGE_BYTES"]),
        min_layer_bytes=int(variables["APPDP_SOCI_MIN_LAYER_BYTES"]),
        program=str(work / "soci" / "soci"),
        work=work,
    )
    registry = Registry(variables["APPDP_REGISTRY"], sys.stdin.readline().strip())
    repositories = dict(line.split("\t")[:2] for line in (work / "images").read_text().splitlines())
    tag = f"{variables['APPDP_COMMIT']}-{architecture}"
    failed = 0
    for name in (work / "targets").read_text().split():
        try:
            layout = converted(name, Layout(work / "layouts" / name), settings)
            digest = registry.push(layout, repositories[name], tag)
        except Failed as error:
            say(f"Image {name!r} was not pushed: {error}")
            failed = 1
        else:
            say(f"pushed {variables['APPDP_REGISTRY']}/{repositories[name]}:{tag} as {digest}")
            # It is as large as the image.
            shutil.rmtree(layout.folder)
    return failed


if __name__ == "__main__":
    sys.exit(main())
