"""What ``appdp verify`` asks AWS besides the engine's own ports: one module for each service, all read-only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appdp.aws.errors import translated
from appdp.aws.facts.cloudwatch import CloudWatchAlarms
from appdp.aws.facts.ec2 import Ec2Network
from appdp.aws.facts.ecs import EcsFacts
from appdp.aws.facts.elasticloadbalancing import LoadBalancers
from appdp.aws.facts.iam import IamRoles
from appdp.aws.facts.lambda_functions import LambdaFunctions
from appdp.aws.facts.log_groups import CloudWatchLogGroups
from appdp.aws.facts.s3 import S3Files
from appdp.aws.facts.secrets import StoredSecrets
from appdp.aws.facts.servicequotas import ServiceQuotas
from appdp.engine.verify.ports import Facts

if TYPE_CHECKING:
    from typing import Any

    from appdp.aws.session import Session


def facts(session: Session) -> Facts:
    """All of it, for one caller.

    Makes every client, those of the engine's ports included: several threads use them, and making one is not safe
    there (https://boto3.amazonaws.com/v1/documentation/api/latest/guide/session.html).
    """
    session.ecr(session.region())
    return Facts(
        ecs=EcsFacts(session),
        roles=IamRoles(_client(session, "iam")),
        load_balancing=LoadBalancers(session),
        functions=LambdaFunctions(_client(session, "lambda")),
        alarms=CloudWatchAlarms(_client(session, "cloudwatch")),
        secrets=StoredSecrets(_client(session, "secretsmanager"), session),
        log_groups=CloudWatchLogGroups(session),
        files=S3Files(_client(session, "s3")),
        network=Ec2Network(_client(session, "ec2")),
        quotas=ServiceQuotas(_client(session, "service-quotas")),
    )


def _client(session: Session, name: str) -> Any:  # noqa: ANN401  (no stubs for services that are asked this little)
    make: Any = session.boto.client
    with translated(name):
        return make(name, config=session.config)
