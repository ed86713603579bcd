"""The source action: a commit of a git repository on this machine stands for the push to GitHub.

See: https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodestarConnectionSource.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from appdp.local.pipeline.performing import ActionFailed, Order, Performed

_FORMATS: Final = {"AuthorDate": "%aI", "CommitMessage": "%B"}


class Source:
    """Performs ``AWS/CodeStarSourceConnection``.

    Args:
        repositories: ``owner/name`` on GitHub → the git repository on this machine that stands for it.
    """

    def __init__(self, repositories: Mapping[str, str]) -> None:
        self._repositories = repositories

    async def perform(self, order: Order) -> Performed:
        """Check a commit out: the one the execution was started for, or else the branch's newest."""
        name = order.needed("FullRepositoryId")
        branch = order.needed("BranchName")
        repository = self._repositories.get(name)
        if repository is None:
            known = ", ".join(sorted(self._repositories)) or "none"
            raise ActionFailed(f"No repository on this machine stands for {name}; there are stand-ins for: {known}.")
        wanted = order.execution.revisions.get(order.run.name, branch)
        commit = (await _git(repository, "rev-parse", "--verify", "--quiet", f"{wanted}^{{commit}}")).strip()
        target = order.execution.directory / order.run.id
        await _check_out(repository, commit, target)
        facts = {
            key: (await _git(repository, "show", "-s", f"--format={form}", commit)).strip()
            for key, form in _FORMATS.items()
        }
        return Performed(
            variables={
                **facts,
                "BranchName": branch,
                "CommitId": commit,
                "ConnectionArn": order.configuration.get("ConnectionArn", ""),
                "FullRepositoryName": name,
            },
            summary=facts["CommitMessage"].splitlines()[0] if facts["CommitMessage"] else "",
            artifact=target,
        )


async def _check_out(repository: str, commit: str, target: Path) -> None:
    await asyncio.to_thread(target.mkdir, parents=True)
    archive = target.with_suffix(".tar")
    await _git(repository, "archive", "--format=tar", f"--output={archive}", commit)
    process = await asyncio.create_subprocess_exec("tar", "-xf", str(archive), "-C", str(target))
    if await process.wait() != 0:
        raise ActionFailed(f"The commit {commit} could not be unpacked.")
    await asyncio.to_thread(archive.unlink)


async def _git(repository: str, *words: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *("git", "-C", repository, *words), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, errors = await process.communicate()
    if process.returncode != 0:
        told = errors.decode(errors="replace").strip() or "there is no such commit"
        raise ActionFailed(f"git {' '.join(words)} failed in {repository}: {told}")
    return out.decode(errors="replace")
