"""Builds: appdp's own buildspec against the command sequence that it takes the place of, and against bake alone.

Three images share one slow stage. Each method builds the same sources into repositories of its own, in turn, in every
round: ``cold`` with nothing anywhere, ``warm`` after the local builder was emptied, with one image's last file changed.

- *appdp*: the buildspec's commands as a CodeBuild project runs them, all architectures at the same time.
- *bake*: ``docker buildx bake`` with appdp's bake file and nothing around it, all architectures at the same time.
- *one by one*: for each image and architecture, one after the other: build with a registry cache, export an archive,
  load it, push it.

It empties the build cache of the Docker daemon, so it needs ``--wipe``; without it the script says so and ends:
``PYTHONPATH=. python benchmarks/build.py --wipe [ROUNDS]``. The architectures are this machine's, and arm64 where
``.ci/run`` made it emulate that. The daemon is the builder.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from tests.emulator.pipeline.crew import NAMES, architectures, first_files

from appdp.cdk.bake import Attestations, bake_file
from appdp.cdk.buildspec import buildspec
from appdp.local.lifecycle import EmbeddedAws
from appdp.local.pipeline.buildspec import read
from appdp.model.application import Application, Image

SLOW = 'RUN ["/bin/busybox", "sh", "-c", "/bin/busybox sleep 6; /bin/busybox seq 200000 > /slow.txt"]\n'
OWN = 'RUN ["/bin/busybox", "sleep", "2"]\n'
Method = Callable[[str, Path, Mapping[str, str]], None]


def application(name: str) -> Application:
    """The same application under a name, and so with repositories, of its own."""
    platforms = tuple(f"linux/{architecture}" for architecture in architectures())
    return Application(name=name, images=tuple(Image(name=image, target=image, platforms=platforms) for image in NAMES))


def write_sources(folder: Path, word: str) -> None:
    """The sources; ``word`` is in the last layer of one image."""
    files = {**first_files(), "beta.txt": word}
    lines = str(files["Dockerfile"]).splitlines(keepends=True)
    at = next(number for number, line in enumerate(lines) if line.startswith("FROM common"))
    text = "".join([*lines[:at], SLOW, *lines[at:]])
    files["Dockerfile"] = "".join(
        f"{line}{OWN}" if line.startswith("FROM common AS") else line for line in text.splitlines(keepends=True)
    )
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def run(words: list[str], environment: Mapping[str, str], folder: Path) -> None:
    """Run a command; a failure shows what it said."""
    ended = subprocess.run(words, env=dict(environment), cwd=folder, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise SystemExit(f"{' '.join(words)[:200]} failed:\n{(ended.stdout + ended.stderr)[-3000:]}")


def at_once(work: Callable[[str], None]) -> None:
    """Do something for every architecture at the same time."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(work, architectures()))


def appdp(name: str, folder: Path, environment: Mapping[str, str]) -> None:
    """Our buildspec."""

    def build(architecture: str) -> None:
        spec = read(json.dumps(buildspec(application(name), architecture, attestations=Attestations())))
        given = {**environment, "APPDP_ARCHITECTURE": architecture, "CODEBUILD_SRC_DIR": str(folder)}
        run([spec.shell, "-c", spec.script(os.devnull)], given, folder)

    at_once(build)


def bake(name: str, folder: Path, environment: Mapping[str, str]) -> None:
    """Bake alone, with the same file."""

    def build(architecture: str) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(bake_file(application(name), architecture, Attestations()), file)
            file.flush()
            run(
                ["docker", "buildx", "bake", "--progress", "plain", "--file", file.name],
                environment,
                folder,
            )

    at_once(build)


def one_by_one(name: str, folder: Path, environment: Mapping[str, str]) -> None:
    """What is written by hand today."""
    for image in NAMES:
        repository = f"{environment['APPDP_REGISTRY']}/{name}/{image}"
        for architecture in architectures():
            reference = f"{repository}:{environment['APPDP_COMMIT']}-{architecture}"
            cache = f"type=registry,ref={repository}:cache-{architecture}"
            archive = str(folder.parent / "image.tar")
            run(
                [
                    *("docker", "buildx", "build", "--platform", f"linux/{architecture}", "--target", image),
                    *("--tag", reference, "--provenance=false", "--cache-from", cache),
                    *("--cache-to", f"{cache},mode=max,image-manifest=true,oci-mediatypes=true"),
                    *("--output", f"type=docker,dest={archive}", "."),
                ],
                environment,
                folder,
            )
            run(["docker", "load", "--input", archive], environment, folder)
            run(["docker", "push", "--quiet", reference], environment, folder)


METHODS: dict[str, Method] = {"appdp": appdp, "bake": bake, "one by one": one_by_one}


def wipe(environment: Mapping[str, str], folder: Path) -> None:
    """Empty the local builder, and forget the images of this benchmark."""
    listed = subprocess.run(
        ["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}"], capture_output=True, text=True, check=True
    ).stdout.split()
    ours = [name for name in listed if name.startswith(environment["APPDP_REGISTRY"])]
    if ours:
        run(["docker", "image", "rm", "--force", *ours], environment, folder)
    run(["docker", "buildx", "prune", "--all", "--force"], environment, folder)


def rounds(aws: EmbeddedAws, count: int) -> dict[tuple[str, str], list[float]]:
    """Seconds of every build: (method, temperature) → one per round."""
    taken: dict[tuple[str, str], list[float]] = {}
    for number in range(count):
        names = {method: f"r{number}-{method.replace(' ', '-')}" for method in METHODS}
        for name in names.values():
            for image in NAMES:
                aws.client("ecr").create_repository(repositoryName=f"{name}/{image}")
        for temperature in ("cold", "warm"):
            for method in (*list(METHODS)[number % 3 :], *list(METHODS)[: number % 3]):
                seconds = measured(aws, METHODS[method], names[method], temperature)
                taken.setdefault((method, temperature), []).append(seconds)
    return taken


def measured(aws: EmbeddedAws, method: Method, name: str, temperature: str) -> float:
    """How long one build took."""
    with tempfile.TemporaryDirectory(prefix="appdp-build-") as temporary:
        folder = Path(temporary) / "src"
        write_sources(folder, f"beta {temperature}\n")
        tools = Path(temporary) / "bin"
        tools.mkdir()
        stand_in = f"#!{sys.executable}\nfrom appdp.local.pipeline.aws_command import main\n\nmain()\n"
        (tools / "aws").write_text(stand_in)
        (tools / "aws").chmod(0o755)
        environment = {
            **os.environ,
            **aws.environment(),
            "DOCKER_HOST": os.environ.get("DOCKER_HOST", ""),
            "PATH": f"{tools}:{os.environ['PATH']}",
            "HOME": temporary,
            "TMPDIR": temporary,
            "APPDP_REGISTRY": f"localhost:{urlsplit(aws.endpoint.url).port}",
            "APPDP_COMMIT": temperature,
            "APPDP_BUILDKIT_IMAGE": "",
            "BUILDX_BUILDER": "default",
        }
        wipe(environment, folder)
        started = time.perf_counter()
        method(name, folder, environment)
        return time.perf_counter() - started


def main() -> None:
    """Print the table."""
    words = sys.argv[1:]
    if "--wipe" not in words:
        print("Builds: not measured. They empty Docker's build cache; agree to that with --wipe.")
        return
    count = int(next((word for word in words if word.isdigit()), "3"))
    if not shutil.which("docker"):
        raise SystemExit("There is no docker command.")
    with EmbeddedAws.start(docker=False) as aws:
        taken = rounds(aws, count)
    print(f"Builds, {len(NAMES)} images for {' and '.join(architectures())}, median of {count} rounds, seconds\n")
    print("| | appdp | bake | one by one | appdp − bake, paired | appdp ÷ one by one, paired |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for temperature in ("cold", "warm"):
        ours, bare, by_hand = (taken[method, temperature] for method in METHODS)
        share = median(mine - its for mine, its in zip(ours, bare, strict=True))
        ratio = median(mine / theirs for mine, theirs in zip(ours, by_hand, strict=True))
        figures = " | ".join(f"{median(seconds):.1f}" for seconds in (ours, bare, by_hand))
        print(f"| {temperature} | {figures} | {share:+.2f} | {ratio:.2f} |")
    ratios = [warm / cold for warm, cold in zip(taken["appdp", "warm"], taken["appdp", "cold"], strict=True)]
    print(f"\nappdp warm ÷ cold: {median(ratios):.2f}")


if __name__ == "__main__":
    main()
