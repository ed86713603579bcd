"""``appdp init``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from appdp.cli.context import Account, Cli
from appdp.cli.options import account_options

if TYPE_CHECKING:
    from appdp.engine.scaffold import Program


def _names(_ctx: click.Context, _param: click.Parameter, value: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (value or "").split(",") if part.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What was asked for."""

    directory: Path
    name: str | None
    services: tuple[str, ...]
    environments: tuple[str, ...]
    github: str | None
    service: str | None
    copilot: Path | None


@click.command()
@click.argument("directory", metavar="[DIR]", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option("--name", metavar="NAME", help="The application's name. Default: --app, or the directory's name.")
@click.option(
    "--services",
    metavar="LIST",
    callback=_names,
    help="Services of a new application, such as web,mailer:worker; a kind is web or worker. Default: web.",
)
@click.option("--github", metavar="OWNER/REPO", help="Where the sources are; with it comes a pipeline.")
@click.option(
    "--environment",
    "environments",
    metavar="LIST",
    callback=_names,
    help="Such as dev,prod. Default: dev, or Copilot's.",
)
@click.option("--from-service", "service", metavar="CLUSTER/SERVICE", help="Carry over an ECS service that runs.")
@click.option(
    "--from-copilot",
    "copilot",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Carry over the manifests of AWS Copilot, such as those in copilot/.",
)
@click.option("--dry-run", is_flag=True, help="Print the files, and write nothing.")
@account_options
@click.pass_context
def init(  # noqa: PLR0913  (click gives every option as an argument)
    ctx: click.Context,
    directory: Path,
    name: str | None,
    services: tuple[str, ...],
    github: str | None,
    environments: tuple[str, ...],
    service: str | None,
    copilot: Path | None,
    dry_run: bool,
    account: Account,
) -> None:
    """Write a CDK program for an application into DIR, which works as it is.

    For a new application, for an ECS service that runs, or for the manifests of AWS Copilot. What cannot be carried
    over is said, and stands as a comment where it is missed. No file is overwritten, and nothing on AWS is changed.
    """
    from appdp import __version__
    from appdp.cli.output import say
    from appdp.engine.scaffold import files_of
    from appdp.errors import ConfigurationError

    wish = _Wish(
        directory=directory,
        name=name or account.app,
        services=services,
        environments=environments,
        github=github,
        service=service,
        copilot=copilot,
    )
    if (copilot is not None) + (service is not None) + bool(services) > 1:
        raise ConfigurationError(
            "--services, --from-service and --from-copilot say the same thing.", hint="Give one of them."
        )
    program = _program(ctx.ensure_object(Cli), wish, account)
    files = files_of(program, version=__version__)
    _check_free(directory, files)
    if dry_run:
        for path, content in files.items():
            click.echo(f"==> {directory / path} <==\n{content}")
    else:
        for path, content in files.items():
            (directory / path).parent.mkdir(parents=True, exist_ok=True)
            (directory / path).write_text(content, encoding="utf-8")
    for note in program.all_notes:
        say(f"Not carried over: {note}", colour="yellow")
    if dry_run:
        say("Dry run: nothing was written.")
        return
    say(f"Written to {directory}: {', '.join(files)}", colour="green")
    say(f"Next: the two commands in {directory / 'README.md'}")


def _program(cli: Cli, wish: _Wish, account: Account) -> Program:
    from appdp.engine.scaffold import from_copilot, from_live, from_names
    from appdp.engine.scaffold.program import name_from

    if wish.copilot is not None:
        from appdp.cli.copilot_files import read_workspace

        return from_copilot(
            read_workspace(wish.copilot), name=wish.name, environments=wish.environments, github=wish.github
        )
    environments = wish.environments or ("dev",)
    name = wish.name or name_from(wish.directory.resolve().name) or "app"
    if wish.service is not None:
        aws = cli.connect(account.profile, account.region)
        blueprint = aws.blueprints.read(*_cluster_and_service(wish.service))
        return from_live(blueprint, name=name, environments=environments, github=wish.github)
    sample = not (wish.directory / "Dockerfile").exists()
    return from_names(name, wish.services or ("web",), environments, github=wish.github, sample=sample)


def _cluster_and_service(given: str) -> tuple[str, str]:
    from appdp.errors import ConfigurationError

    cluster, slash, service = given.partition("/")
    if not slash or not cluster or not service or "/" in service:
        raise ConfigurationError(
            f"--from-service {given!r}: allowed is CLUSTER/SERVICE, such as shop/api.",
            hint="'aws ecs list-clusters' and 'aws ecs list-services --cluster CLUSTER' show the names.",
        )
    return cluster, service


def _check_free(directory: Path, files: dict[str, str]) -> None:
    from appdp.errors import ConfigurationError

    found = sorted(path for path in files if (directory / path).exists())
    if found:
        raise ConfigurationError(
            f"{directory} has {', '.join(found)} already, and no file is overwritten; it would get {', '.join(files)}.",
            hint="Give a directory without them, such as: appdp init infra.",
        )
