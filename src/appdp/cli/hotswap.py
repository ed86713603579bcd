"""``appdp hotswap``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from appdp.cli.context import Account, Aws, Cli
from appdp.cli.options import account_options, json_option, timeout_option

if TYPE_CHECKING:
    from appdp.engine.hotswap import SwapPlan


@click.command()
@click.argument("environment", metavar="ENV")
@click.argument("service", metavar="SERVICE")
@click.option(
    "--container",
    metavar="NAME",
    help="Build the image of this container; needed if the service runs several images of the application.",
)
@click.option(
    "--source",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="The root of the sources. Default: the current git repository's, or the current directory.",
)
@click.option("--dry-run", is_flag=True, help="Print what would be built and replaced, and do neither.")
@timeout_option
@json_option
@account_options
@click.pass_context
def hotswap(  # noqa: PLR0913  (click gives every option as an argument)
    ctx: click.Context,
    environment: str,
    service: str,
    container: str | None,
    source: Path | None,
    dry_run: bool,
    timeout: float | None,
    as_json: bool,
    account: Account,
) -> None:
    """Build a service's image here, push it, and replace the service's tasks, until the next release.

    For environments that are marked with Deployer(..., hotswap=True). The image is built as the pipeline does, from the
    files as they are, for the service's platform. Nothing is recorded: the next deployment, also of the same release,
    puts order back. Ctrl-C after the build leaves what ECS is doing as it is.

    \b
    Exit codes of its own:
      0 the new tasks have the traffic
      2 docker, the sources, or a name is missing
      4 the new tasks did not come up; the service runs what it ran before
      5 the build failed, or the service needs a human
      8 the environment is not marked, has no release yet, or is being deployed to
    """
    from appdp.cli.output import say
    from appdp.cli.sources import check_sources, source_root
    from appdp.engine.hotswap import plan_hotswap
    from appdp.model.handoff import check_name

    cli = ctx.ensure_object(Cli)
    aws, application = cli.reach(account)
    plan = plan_hotswap(application, check_name("Environment", environment), service, aws.ports, container=container)
    root = source_root(source)
    check_sources(plan.image, plan.recipe, root)
    if plan.recipe.secrets:
        secrets = ", ".join(plan.recipe.secrets)
        say(f"It is built without its secrets ({secrets}), which only the pipeline has.", colour="yellow")
    if dry_run:
        _show(plan, root, as_json=as_json)
        return
    ctx.exit(_swap(cli, aws, plan, root, timeout, as_json=as_json))


def _swap(  # noqa: PLR0913  (what is swapped, and how its end is told)
    cli: Cli, aws: Aws, plan: SwapPlan, root: Path, timeout: float | None, *, as_json: bool
) -> int:
    """Build, push and replace; the exit code."""
    from appdp.cli.launch import deployment_id
    from appdp.cli.output import echo_json, say
    from appdp.cli.swap_follow import SwapFollower
    from appdp.engine.hotswap import build_image

    for line in _lines(plan, root):
        say(line)
    builder = cli.builder()
    builder.check()
    built = build_image(plan, root, builder=builder, logins=aws.logins, ports=aws.ports)
    say(f"Built and pushed {built.tag}, {built.digest}.")
    name = deployment_id(f"hotswap-{plan.name}", aws.ports.clock.now())
    ending = SwapFollower(plan, built, aws.ports, sleep=cli.sleep).follow(name, aws.caller(), timeout)
    if as_json:
        built_here = {"tag": built.tag, "digest": built.digest}
        echo_json({**plan.to_dict(), "source": str(root), **built_here, **ending.to_dict()})
    return ending.exit_code


def _show(plan: SwapPlan, root: Path, *, as_json: bool) -> None:
    from appdp.cli.output import echo_json, say

    if as_json:
        echo_json({**plan.to_dict(), "source": str(root)})
    else:
        click.echo("\n".join(_lines(plan, root)))
    say("Dry run: nothing was built or replaced.")


def _lines(plan: SwapPlan, root: Path) -> list[str]:
    from appdp.cli.sources import dockerfile_of

    return [
        f"{plan.application}/{plan.environment}: {plan.name} leaves {plan.release} until the next deployment",
        f"  image {plan.image} is built with {dockerfile_of(plan.recipe, root)} for {plan.service.platform}",
        f"  it is pushed to {plan.repository.registry}/{plan.repository.repository}",
        f"  it replaces {plan.running or 'nothing'} in {', '.join(plan.containers)}",
    ]
