"""What ``soci convert --standalone`` does to an image's layout, without an index that could be used.

Run as a program, it takes the arguments that appdp gives, and no others. A file beside it that is called ``fault`` is
what it says instead.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from pathlib import Path
from typing import Any

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
SOCI = "application/vnd.amazon.soci.index.v2+json"


def add(layout: Path, content: bytes) -> dict[str, Any]:
    """Write a blob; returns its digest and size."""
    digest = hashlib.sha256(content).hexdigest()
    (layout / "blobs" / "sha256" / digest).write_bytes(content)
    return {"digest": f"sha256:{digest}", "size": len(content)}


def convert(source: Path, output: Path, min_layer_bytes: int) -> None:
    """Annotate the image's manifest, and add a SOCI index with one blob for each layer that is large enough."""
    shutil.copytree(source, output)
    (image,) = json.loads((output / "index.json").read_text())["manifests"]
    if image["mediaType"] != MANIFEST:
        raise SystemExit(f"not an image alone: {image}")
    manifest = json.loads((output / "blobs" / "sha256" / image["digest"][7:]).read_text())
    tables = [
        {
            "mediaType": "application/octet-stream",
            **add(output, b"a table of contents of " + layer["digest"].encode()),
            "annotations": {"com.amazon.soci.image-layer-digest": layer["digest"]},
        }
        for layer in manifest["layers"]
        if layer["size"] >= min_layer_bytes
    ]
    config = {"mediaType": SOCI, **add(output, b"{}")}
    body = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": tables}
    index = add(output, json.dumps(body).encode())
    annotations = {**manifest.get("annotations", {}), "com.amazon.soci.index-digest": index["digest"]}
    annotated = {**image, **add(output, json.dumps({**manifest, "annotations": annotations}).encode())}
    about = {"com.amazon.soci.image-manifest-digest": annotated["digest"]}
    entries = [
        {**annotated, "annotations": annotations},
        {"mediaType": MANIFEST, **index, "artifactType": SOCI, "platform": image["platform"], "annotations": about},
    ]
    root = add(output, json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode())
    (output / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [{"mediaType": INDEX, **root}]}))


def main() -> None:
    """The program."""
    fault = Path(__file__).parent / "fault"
    if fault.exists():
        sys.stderr.write(fault.read_text())
        raise SystemExit(1)
    *options, source, output = sys.argv[1:]
    wanted = ["convert", "--standalone", "--format", "oci-dir", "--platform", "linux/amd64", "--min-layer-size"]
    if options[:-1] != wanted:
        raise SystemExit(f"not called as it should be: {sys.argv}")
    convert(Path(source), Path(output), int(options[-1]))


if __name__ == "__main__":
    main()
