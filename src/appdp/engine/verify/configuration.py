"""Whether what ECS reads before a container starts is there: secrets, parameters, log groups, environment files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from appdp.engine.verify.check import Finding, Skip, TaskCheck, Unseen, judged
from appdp.engine.verify.subject import Subject

_GUIDE: Final = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide"
_STORE: Final = "Put it there, or change secrets= in its stack, and deploy that."


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretReference:
    """A secret of AWS Secrets Manager as a container names it; key, stage and version may be empty.

    See: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
    """

    arn: str
    key: str
    stage: str
    version: str

    @classmethod
    def of(cls, text: str) -> SecretReference:
        """``arn:aws:secretsmanager:region:account:secret:name[:key:stage:version]``."""
        parts = [*text.split(":"), "", "", ""]
        return cls(arn=":".join(parts[:7]), key=parts[7], stage=parts[8], version=parts[9])

    @property
    def name(self) -> str:
        """What people call it."""
        return self.arn.rpartition(":")[2]


def values(subject: Subject) -> list[str]:
    """Every ``valueFrom`` of the containers, the log drivers' too; each once."""
    found: dict[str, None] = {}
    for container in subject.containers:
        logging = container.get("logConfiguration") or {}
        for one in [*container.get("secrets", ()), *logging.get("secretOptions", ())]:
            found[str(one.get("valueFrom", ""))] = None
    return list(found)


def secrets(subject: Subject) -> list[SecretReference]:
    """Those of them that are secrets of AWS Secrets Manager."""
    return [SecretReference.of(value) for value in values(subject) if ":secretsmanager:" in value]


def parameters(subject: Subject) -> list[str]:
    """Those of them that are parameters: ARNs, or names where they are in the same region."""
    return [value for value in values(subject) if value and ":secretsmanager:" not in value]


def environment_files(subject: Subject) -> list[str]:
    """The ARNs of the containers' environment files, each once."""
    every = (str(one.get("value", "")) for each in subject.containers for one in each.get("environmentFiles", ()))
    return list(dict.fromkeys(every))


def log_options(subject: Subject) -> Iterator[dict[str, Any]]:
    """The options of every container that logs to CloudWatch Logs."""
    for container in subject.containers:
        logging = container.get("logConfiguration") or {}
        if logging.get("logDriver") == "awslogs":
            yield dict(logging.get("options") or {})


def _secrets_exist(subject: Subject) -> Finding:
    arns = {one.arn: one.name for one in secrets(subject)}
    if not arns:
        raise Skip("no container takes a secret of AWS Secrets Manager")
    faults = []
    _check_region(subject, arns)
    for arn, name in arns.items():
        found = subject.memo.ask(subject.facts.secrets.secret, arn)
        if found is None:
            faults.append(f"secret {name} does not exist")
        elif found.get("DeletedDate"):
            faults.append(f"secret {name} is being deleted")
    return judged(faults, f"{len(arns)} found", then=_STORE)


def _check_region(subject: Subject, arns: Iterable[str]) -> None:
    """Raise :class:`Unseen` for what is in another region, where nothing is asked."""
    here = subject.region
    for arn in arns:
        region = arn.split(":")[3]
        if region != here:
            raise Unseen(f"{arn.rpartition(':')[2]} is in {region}, and only {here} is asked", "Look for it there.")


def _secret_keys(subject: Subject) -> Finding:
    wanted = [one for one in secrets(subject) if one.key]
    if not wanted:
        raise Skip("no container takes a JSON key of a secret")
    _check_region(subject, (one.arn for one in wanted))
    there = [one for one in wanted if subject.memo.ask(subject.facts.secrets.secret, one.arn) is not None]
    if not there:
        raise Skip("the secret does not exist")
    faults = [f"secret {one.name} has no JSON key {one.key!r}" for one in there if one.key not in _keys(subject, one)]
    return judged(faults, f"{len(there)} found", then=_STORE)


def _keys(subject: Subject, secret: SecretReference) -> set[str]:
    """The keys alone; the values go nowhere."""
    text = subject.memo.ask(subject.facts.secrets.value, secret.arn, secret.stage, secret.version)
    try:
        found = json.loads(text)
    except ValueError:
        return set()
    return set(found) if isinstance(found, dict) else set()


def _parameters_exist(subject: Subject) -> Finding:
    wanted = parameters(subject)
    if not wanted:
        raise Skip("no container takes a parameter")
    _check_region(subject, (each for each in wanted if each.startswith("arn:")))
    found = subject.memo.ask(subject.facts.secrets.parameters, tuple(wanted))
    faults = [f"parameter {_name(each)} does not exist" for each in wanted if each not in found]
    return judged(faults, f"{len(wanted)} found", then=_STORE)


def _name(parameter: str) -> str:
    return parameter.partition(":parameter")[2] or parameter


def _log_groups(subject: Subject) -> Finding:
    wanted: dict[tuple[str, str], bool] = {}
    for options in log_options(subject):
        key = (str(options.get("awslogs-group", "")), str(options.get("awslogs-region", "")))
        wanted[key] = str(options.get("awslogs-create-group", "")).lower() == "true"
    if not wanted:
        raise Skip("no container logs to CloudWatch Logs")
    faults = [
        f"log group {name} does not exist"
        for (name, region), made in wanted.items()
        if not made and not subject.memo.ask(subject.facts.log_groups.exists, name, region)
    ]
    then = "Deploy the stack with the log group, or set awslogs-create-group."
    return judged(faults, f"{', '.join(name for name, _ in wanted)}", then=then)


def _environment_files(subject: Subject) -> Finding:
    wanted = environment_files(subject)
    if not wanted:
        raise Skip("no container has an environment file")
    faults = []
    for arn in wanted:
        bucket, _, key = arn.partition(":::")[2].partition("/")
        if not subject.memo.ask(subject.facts.files.exists, bucket, key):
            faults.append(f"s3://{bucket}/{key} does not exist")
    return judged(faults, f"{len(wanted)} found", then="Upload it, or take it out of the task definition.")


CHECKS: Final = (
    TaskCheck(
        id="secrets-exist",
        asks="The secrets of AWS Secrets Manager that containers take exist.",
        why="ECS does not start a container whose secret it cannot read.",
        source=f"{_GUIDE}/secrets-envvar-secrets-manager.html",
        look=_secrets_exist,
    ),
    TaskCheck(
        id="secret-keys",
        asks="Each secret has the JSON key that a container takes; only the keys are looked at.",
        why="ECS does not start a container whose key is missing.",
        source=f"{_GUIDE}/secrets-envvar-secrets-manager.html",
        look=_secret_keys,
    ),
    TaskCheck(
        id="parameters-exist",
        asks="The parameters of Systems Manager that containers take exist.",
        why="ECS does not start a container whose parameter it cannot read.",
        source=f"{_GUIDE}/secrets-envvar-ssm-paramstore.html",
        look=_parameters_exist,
    ),
    TaskCheck(
        id="log-groups",
        asks="The log groups exist, or awslogs-create-group makes them.",
        why="ECS does not start a container that cannot log.",
        source=f"{_GUIDE}/specify-log-config.html",
        look=_log_groups,
    ),
    TaskCheck(
        id="environment-files",
        asks="The environment files exist in Amazon S3.",
        why="ECS does not start a container whose environment file it cannot read.",
        source=f"{_GUIDE}/use-environment-file.html",
        look=_environment_files,
    ),
)
