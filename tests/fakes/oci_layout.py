"""Images in folders, as bake exports them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.fakes import soci_program


def baked(folder: Path, size: int, *, attested: bool = True, run: str = "1") -> dict[str, Any]:
    """What bake exports for an image with one layer; returns the entry of the image."""
    (folder / "blobs" / "sha256").mkdir(parents=True)

    def blob(content: bytes, kind: str) -> dict[str, Any]:
        return {"mediaType": kind, **soci_program.add(folder, content)}

    def manifest(layer: dict[str, Any], **fields: str) -> dict[str, Any]:
        config = blob(json.dumps(fields).encode(), "application/vnd.oci.image.config.v1+json")
        body = {"schemaVersion": 2, "mediaType": soci_program.MANIFEST, "config": config, "layers": [layer]}
        return {**blob(json.dumps(body).encode(), soci_program.MANIFEST), "platform": fields}

    layer = blob(b"x" * size, "application/vnd.oci.image.layer.v1.tar+gzip")
    image = root = manifest(layer, os="linux", architecture="amd64")
    if attested:
        about = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": image["digest"]}
        statement = blob(f"build {run}".encode(), "application/vnd.in-toto+json")
        attestation = {**manifest(statement, os="unknown", architecture="unknown"), "annotations": about}
        index = {"schemaVersion": 2, "mediaType": soci_program.INDEX, "manifests": [image, attestation]}
        root = blob(json.dumps(index).encode(), soci_program.INDEX)
    named = {**root, "annotations": {"org.opencontainers.image.ref.name": "x"}}
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [named]}))
    return image
