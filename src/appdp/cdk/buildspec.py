"""The buildspec of one architecture: what CodeBuild runs, as plain data.

``pre_build`` logs in to the registry, asks it what of the commit is published already, and checks the sources of what
is not; ``build`` runs one bake for the rest, and says what was cached, what was built and how long it took, or why it
failed; then it converts to SOCI and scans, if asked to. Each of these is one command, which needs bash, Docker with
buildx, and, to log in and ask, the AWS command line and curl; the conversion also needs Python. CodeBuild's images of
Amazon Linux 2023 and Ubuntu have them all: https://github.com/aws/aws-codebuild-docker-images

What a phase leaves for the next is in a folder of the commit and the architecture, outside the sources, so that it is
in no build context.

See: https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from appdp.cdk.bake import COMMIT, REGISTRY, Attestations, bake_file, images_for, secret_variables
from appdp.model.application import Application, Image
from appdp.model.handoff import repository_name

ARCHITECTURE: Final = "APPDP_ARCHITECTURE"
BUILDKIT_IMAGE: Final = "APPDP_BUILDKIT_IMAGE"

REPORTS: Final = "appdp-reports"
"""Folder for reports among the sources, where CodeBuild looks for them; it is made after the images."""

_SHELL: Final = Path(__file__).parent / "shell"

_HEAD: Final = f"""\
set -euo pipefail
cd "${{CODEBUILD_SRC_DIR:-.}}"
: "${{{COMMIT}:?}}" "${{{REGISTRY}:?}}" "${{{ARCHITECTURE}:?}}"
work="${{TMPDIR:-/tmp}}/appdp/${COMMIT}-${ARCHITECTURE}"
"""


def buildspec(
    application: Application,
    architecture: str,
    *,
    attestations: Attestations,
    soci: bool = False,
    trivy: str = "",
) -> dict[str, Any]:
    """The buildspec, ready for ``json.dumps``.

    Args:
        application: whose images are built.
        architecture: ``amd64`` or ``arm64``.
        attestations: what is attached to each image.
        soci: whether large images are converted to SOCI before they are pushed; its settings are environment variables
            of the project.
        trivy: ARN of the report group for what Trivy finds in what was pushed; empty if it does not scan. Its settings
            are environment variables of the project.
    """
    images = images_for(application, architecture)
    secrets = {name: source for source, name in secret_variables(images).items()}
    bake = bake_file(application, architecture, attestations, push=not soci)
    convert = [_command(_written("soci.py", _shell("soci.py")), _shell("install.sh"), _shell("soci.sh"))]
    scan = [_command(_shell("install.sh"), _shell("trivy.sh"))]
    reports = {trivy: {"files": ["*.xml"], "base-directory": REPORTS, "file-format": "JUNITXML"}}
    return {
        "version": "0.2",
        "env": {"shell": "bash", **({"secrets-manager": secrets} if secrets else {})},
        "phases": {
            "pre_build": {"commands": [_command(_files(application.name, images, bake), _shell("prepare.sh"))]},
            "build": {"commands": [_command(_shell("build.sh")), *(convert if soci else []), *(scan if trivy else [])]},
        },
        **({"reports": reports} if trivy else {}),
    }


def _command(*parts: str) -> str:
    """One command: in a shell of its own, since CodeBuild runs all commands in one, which ``set -e`` would end."""
    return "(\n" + "\n".join((_HEAD, *parts)) + ")"


def _files(application: str, images: Sequence[Image], bake: Mapping[str, Any]) -> str:
    listed = "\n".join(
        "\t".join((image.name, repository_name(application, image.name), image.context, image.dockerfile))
        for image in images
    )
    stages = "\n".join(
        "\t".join((image.name, image.target, image.dockerfile)) for image in images if image.target is not None
    )
    texts = {
        "bake.json": json.dumps(bake, separators=(",", ":")),
        "images": listed,
        "stages": stages,
        "summary.awk": _shell("summary.awk"),
        "reason.awk": _shell("reason.awk"),
    }
    start = 'rm -rf -- "$work"\nmkdir -p "$work"\n'
    return start + "".join(_written(name, text) for name, text in texts.items())


def _written(name: str, text: str) -> str:
    # Quoted, so that the shell leaves what is in it alone.
    return f"cat >\"$work/{name}\" <<'END-OF-FILE'\n{text.rstrip()}\nEND-OF-FILE\n"


def _shell(name: str) -> str:
    return (_SHELL / name).read_text(encoding="utf-8")
