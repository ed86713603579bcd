"""Builds: appdp's own buildspec against the command sequence that it takes the place of, and against bake alone.

Three images for two architectures share a slow stage of 6 s; each has a step of its own of 2 s, and a last file. Steps
sleep, as an architecture has a machine of its own on AWS and here both share one; so what is compared is waiting, and
not how cores are shared. Layers are small, which favours the sequence that writes and loads archives.

Each method builds the same sources into repositories of its own, in turn, in another order every round: ``cold`` with
nothing anywhere, ``warm`` after the local builder was emptied, with one image's last file changed.

- *appdp*: the buildspec's commands as a CodeBuild project runs them, all architectures at the same time.
- *bake*: the login, which nobody can do without, and ``docker buildx bake`` with appdp's bake file and nothing around
  it, all architectures at the same time.
- *one by one*: the login, and for each image and architecture, one after the other: build with a registry cache, export
  an archive, load it, push it.

It empties the build cache of the Docker daemon, so it needs ``--wipe``; without it the script says so and ends:
``PYTHONPATH=. python benchmarks/build.py --wipe [ROUNDS]``. The architectures are this machine's, and arm64 where
``.ci/run`` made it emulate that. The daemon is the builder. A round takes a minute.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from tests.emulator.pipeline.crew import NAMES, architectures, first_files

from appdp.cdk.bake import Attestations, bake_file
from appdp.cdk.buildspec import buildspec
from appdp.local.lifecycle import EmbeddedAws
from appdp.local.pipeline.buildspec import read
from appdp.model.application import Application, Image

SHARED = 'RUN ["/bin/busybox", "sh", "-c", "/bin/busybox sleep 6; /bin/busybox seq 200000 > /shared.txt"]\n'
OWN = 'RUN ["/bin/busybox", "sh", "-c", "/bin/busybox sleep 2; echo {name} > /own.txt"]\n'
TEMPERATURES = ("cold", "warm")
COUNTED = re.compile(r"steps from the cache, (\d+) built")
SHOWN = re.compile(r"\[appdp\] (Building |\S+: \d+ steps |  )")
LOGIN = 'aws ecr get-login-password | docker login --username AWS --password-stdin "$APPDP_REGISTRY"'

Environment = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What one build took, in seconds; ``login`` of it for the login, where that is known; and what appdp said."""

    seconds: float
    login: float
    said: Sequence[str]


Method = Callable[[str, Path, Environment], tuple[float, list[str]]]
"""Builds the images of an application by its name; returns a :class:`Build`'s ``login`` and ``said``."""


def application(name: str) -> Application:
    """The same application under a name, and so with repositories, of its own."""
    platforms = tuple(f"linux/{architecture}" for architecture in architectures())
    return Application(name=name, images=tuple(Image(name=image, target=image, platforms=platforms) for image in NAMES))


def write_sources(folder: Path, word: str) -> None:
    """The sources; ``word`` is in the last layer of one image."""
    files = {**first_files(), "beta.txt": word}
    common, *own = str(files["Dockerfile"]).split("\nFROM common AS ")
    stages = [f"FROM common AS {name}\n{OWN.format(name=name)}{rest}" for name, rest in (s.split("\n", 1) for s in own)]
    files["Dockerfile"] = f"{common}\n{SHARED}\n" + "\n".join(stages)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def run(words: list[str], environment: Environment, folder: Path) -> str:
    """Run a command and return its output; a failure shows what it said."""
    ended = subprocess.run(words, env=dict(environment), cwd=folder, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise SystemExit(f"{' '.join(words)[:200]} failed:\n{(ended.stdout + ended.stderr)[-3000:]}")
    return ended.stdout


def log_in(environment: Environment, folder: Path) -> float:
    """Log in to the registry; returns the seconds that it took."""
    started = time.perf_counter()
    run(["bash", "-c", f"set -o pipefail; {LOGIN}"], environment, folder)
    return time.perf_counter() - started


def appdp(name: str, folder: Path, environment: Environment) -> tuple[float, list[str]]:
    """Our buildspec, login and all."""

    def build(architecture: str) -> str:
        spec = read(json.dumps(buildspec(application(name), architecture, attestations=Attestations())))
        given = {**environment, "APPDP_ARCHITECTURE": architecture, "CODEBUILD_SRC_DIR": str(folder)}
        return run([spec.shell, "-c", spec.script(os.devnull)], given, folder)

    with ThreadPoolExecutor() as pool:
        printed = "\n".join(pool.map(build, architectures()))
    return 0.0, [line for line in printed.splitlines() if SHOWN.match(line)]


def bake(name: str, folder: Path, environment: Environment) -> tuple[float, list[str]]:
    """Bake alone, with the same file."""

    def build(architecture: str) -> float:
        login = log_in(environment, folder)
        file = folder.parent / f"{architecture}.json"
        file.write_text(json.dumps(bake_file(application(name), architecture, Attestations())))
        run(["docker", "buildx", "bake", "--progress", "plain", "--file", str(file)], environment, folder)
        return login

    with ThreadPoolExecutor() as pool:
        return max(pool.map(build, architectures())), []


def one_by_one(name: str, folder: Path, environment: Environment) -> tuple[float, list[str]]:
    """What is written by hand today."""
    login = log_in(environment, folder)
    archive = str(folder.parent / "image.tar")
    for image in NAMES:
        repository = f"{environment['APPDP_REGISTRY']}/{name}/{image}"
        for architecture in architectures():
            reference = f"{repository}:{environment['APPDP_COMMIT']}-{architecture}"
            cache = f"type=registry,ref={repository}:cache-{architecture}"
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
    return login, []


METHODS: dict[str, Method] = {"appdp": appdp, "bake": bake, "one by one": one_by_one}


def wipe(environment: Environment, folder: Path) -> None:
    """Empty the local builder, and forget the images of this benchmark."""
    listed = run(["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}"], environment, folder).split()
    ours = [name for name in listed if name.startswith(environment["APPDP_REGISTRY"])]
    if ours:
        run(["docker", "image", "rm", "--force", *ours], environment, folder)
    run(["docker", "buildx", "prune", "--all", "--force"], environment, folder)


def rounds(count: int) -> dict[tuple[str, str], list[Build]]:
    """Every build: (method, temperature) → one per round. Each round has an AWS of its own."""
    taken: dict[tuple[str, str], list[Build]] = {}
    orders = list(permutations(METHODS))
    for number in range(count):
        with EmbeddedAws.start(docker=False) as aws:
            for method in METHODS:
                for image in NAMES:
                    aws.client("ecr").create_repository(repositoryName=f"{repository_folder(method)}/{image}")
            for temperature in TEMPERATURES:
                for method in orders[number % len(orders)]:
                    taken.setdefault((method, temperature), []).append(measured(aws, method, temperature))
    return taken


def repository_folder(method: str) -> str:
    """The method's application."""
    return method.replace(" ", "-")


def measured(aws: EmbeddedAws, method: str, temperature: str) -> Build:
    """One build."""
    with tempfile.TemporaryDirectory(prefix="appdp-build-") as temporary:
        folder = Path(temporary) / "src"
        write_sources(folder, f"beta {temperature}\n")
        environment = {**machine(aws, Path(temporary)), "APPDP_COMMIT": temperature}
        wipe(environment, folder)
        started = time.perf_counter()
        login, said = METHODS[method](repository_folder(method), folder, environment)
        return Build(seconds=time.perf_counter() - started, login=login, said=said)


def machine(aws: EmbeddedAws, folder: Path) -> dict[str, str]:
    """The environment of a build machine, with an ``aws`` and a Docker configuration of its own."""
    tools, docker = folder / "bin", folder / "docker"
    tools.mkdir()
    docker.mkdir()
    (tools / "aws").write_text(f"#!{sys.executable}\nfrom appdp.local.pipeline.aws_command import main\n\nmain()\n")
    (tools / "aws").chmod(0o755)
    plugins = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "cli-plugins"
    (docker / "config.json").write_text(json.dumps({"cliPluginsExtraDirs": [str(plugins)]}))
    return {
        **os.environ,
        **aws.environment(),
        "PATH": f"{tools}:{os.environ['PATH']}",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "DOCKER_CONFIG": str(docker),
        "APPDP_REGISTRY": f"localhost:{urlsplit(aws.endpoint.url).port}",
        "APPDP_BUILDKIT_IMAGE": "",
        "BUILDX_BUILDER": "default",
    }


def seconds_of(builds: Sequence[Build]) -> list[float]:
    """What they took."""
    return [build.seconds for build in builds]


def spread(values: Sequence[float], form: str) -> str:
    """The median, and the smallest and the greatest."""
    return f"{median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def print_sequence(taken: Mapping[tuple[str, str], Sequence[Build]]) -> None:
    """Against the sequence by hand, and against ourselves with nothing in the cache."""
    print("| | appdp s | one by one s | appdp ÷ one by one |")
    print("| --- | ---: | ---: | ---: |")
    ours = {temperature: seconds_of(taken["appdp", temperature]) for temperature in TEMPERATURES}
    for temperature in TEMPERATURES:
        theirs = seconds_of(taken["one by one", temperature])
        ratios = [mine / their for mine, their in zip(ours[temperature], theirs, strict=True)]
        print(f"| {temperature} | {median(ours[temperature]):.1f} | {median(theirs):.1f} | {spread(ratios, '.2f')} |")
    ratios = [warm / cold for warm, cold in zip(ours["warm"], ours["cold"], strict=True)]
    print(f"\nappdp warm ÷ cold: {spread(ratios, '.2f')}\n")


def print_share(taken: Mapping[tuple[str, str], Sequence[Build]]) -> None:
    """What we add to bake: with the login on both sides, and with ours counted as ours."""
    print("| | appdp s | login s | login and bake s | appdp − (login and bake) | of it | appdp − bake | of it |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for temperature in TEMPERATURES:
        ours, theirs = seconds_of(taken["appdp", temperature]), taken["bake", temperature]
        logins, whole = [build.login for build in theirs], seconds_of(theirs)
        bare = [total - login for total, login in zip(whole, logins, strict=True)]
        cells = [f"{median(values):.2f}" for values in (ours, logins, whole)]
        for against in (whole, bare):
            shares = [mine - their for mine, their in zip(ours, against, strict=True)]
            parts = [share / their for share, their in zip(shares, against, strict=True)]
            cells += [spread(shares, "+.2f"), f"{median(parts):+.1%}"]
        print(f"| {temperature} | {' | '.join(cells)} |")


def print_rebuilt(said: Sequence[Sequence[str]]) -> None:
    """What the warm builds had to build: one step for each architecture, when the cache is really used."""
    built = [sum(int(found[1]) for line in lines if (found := COUNTED.search(line))) for lines in said]
    print(f"\nSteps that appdp built when warm, {' and '.join(architectures())} together: {', '.join(map(str, built))}")
    print("In the last one, it said:\n")
    print("\n".join(f"    {line}" for line in said[-1]))


def main() -> None:
    """Print the tables."""
    words = sys.argv[1:]
    if "--wipe" not in words:
        print("Builds: not measured. They empty Docker's build cache; agree to that with --wipe.")
        return
    count = int(next((word for word in words if word.isdigit()), "6"))
    if not shutil.which("docker"):
        raise SystemExit("There is no docker command.")
    taken = rounds(count)
    print(
        f"Builds, {len(NAMES)} images for {' and '.join(architectures())}, {count} rounds, medians, paired by round\n"
    )
    print_sequence(taken)
    print_share(taken)
    print_rebuilt([build.said for build in taken["appdp", "warm"]])


if __name__ == "__main__":
    main()
