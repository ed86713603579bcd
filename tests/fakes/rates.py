"""AWS's API as something that counts, takes time and has real rate limits, in simulated time.

One call of a port is as many calls of the API as the adapters make of it. Each takes a moment of the fake clock, and
one token of its bucket; without a token it is answered with ThrottlingException, and the SDK comes back when there is
one. The figures are AWS's, for all regions.

See: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html and
https://docs.aws.amazon.com/general/latest/gr/ssm.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, fields
from math import ceil
from typing import Any, Final

from appdp.engine.ports import Ports
from tests.fakes.clock import FakeClock

LATENCY_SECONDS: Final = 0.05
"""What one call takes."""


@dataclass(slots=True)
class Bucket:
    """A token bucket: ``burst`` tokens at most, ``rate`` new ones a second."""

    burst: float
    rate: float
    tokens: float = 0.0
    at: float = 0.0

    def wait(self, now: float) -> float:
        """Seconds until there is a token, which is taken."""
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate) if self.at else self.burst
        self.at = now
        self.tokens -= 1
        return max(0.0, -self.tokens / self.rate)


BUCKETS: Final = {
    "task definition modify": (20, 1),
    "task definition read": (50, 20),
    "service modify": (50, 5),
    "service read": (100, 20),
    "service deployment": (50, 20),
    "service revision": (50, 20),
    "cluster resource read": (100, 20),
    "parameter": (40, 40),
    "parameter write": (3, 3),
}
"""Category → burst and sustained rate. Systems Manager's are its default throughput, reads all together."""

CATEGORIES: Final = {
    "RegisterTaskDefinition": "task definition modify",
    "DescribeTaskDefinition": "task definition read",
    "UpdateService": "service modify",
    "DescribeServices": "service read",
    "ListServiceDeployments": "service deployment",
    "DescribeServiceDeployments": "service deployment",
    "DescribeServiceRevisions": "service revision",
    "ListTasks": "cluster resource read",
    "DescribeTasks": "cluster resource read",
    "GetParameter": "parameter",
    "GetParametersByPath": "parameter",
    "PutParameter": "parameter write",
}
"""Operation → category. Others are not limited here: ECR's are far away (1,000 a second and more)."""

Calls = dict[str, int]


def _chunks(size: int, items: Any) -> int:  # noqa: ANN401  # any collection
    return ceil(len(set(items)) / size)


OPERATIONS: Final[dict[str, Callable[[tuple[Any, ...], Any], Calls]]] = {
    "services.describe": lambda args, answer: {"DescribeServices": _chunks(10, args[0])},
    "services.newest_deployments": lambda args, answer: {
        "ListServiceDeployments": 1,
        "DescribeServiceDeployments": _chunks(20, answer),
    },
    "services.deployments": lambda args, answer: {"DescribeServiceDeployments": _chunks(20, args[0])},
    "services.revisions": lambda args, answer: {"DescribeServiceRevisions": _chunks(20, args[0])},
    "services.update": lambda args, answer: {"UpdateService": 1},
    "services.set_desired_count": lambda args, answer: {"UpdateService": 1},
    "services.stop": lambda args, answer: {"StopServiceDeployment": 1},
    "task_definitions.read": lambda args, answer: {"DescribeTaskDefinition": 1},
    "task_definitions.register": lambda args, answer: {"RegisterTaskDefinition": 1},
    "tasks.of_service": lambda args, answer: {"ListTasks": 1, "DescribeTasks": _chunks(100, answer)},
    "targets.health": lambda args, answer: {"DescribeTargetHealth": 1},
    "logs.tail": lambda args, answer: {"GetLogEvents": 1},
    "registry.resolve": lambda args, answer: {"BatchGetImage": 1},
    "registry.images": lambda args, answer: {"DescribeImages": 1},
    "registry.move_tag": lambda args, answer: {"BatchGetImage": 1, "PutImage": 1},
    "parameters.get": lambda args, answer: {"GetParameter": 1},
    "parameters.under": lambda args, answer: {"GetParametersByPath": max(1, ceil(len(answer) / 10))},
    "parameters.create": lambda args, answer: {"PutParameter": 1},
    "parameters.put": lambda args, answer: {"PutParameter": 1},
    "parameters.delete": lambda args, answer: {"DeleteParameter": 1},
    "parameters.history": lambda args, answer: {"GetParameterHistory": 1},
    "events.put": lambda args, answer: {"PutEvents": 1},
    "owners.alive": lambda args, answer: {"DescribeExecution": 1},
}
"""Port call → the API calls that the adapters make of it."""


class Rates:
    """Ports that count and take time.

    Attributes:
        calls: operation → how often it was called.
        throttled: operation → how often AWS said "slower".
    """

    def __init__(self, ports: Ports, clock: FakeClock) -> None:
        self._clock = clock
        self._ahead = 0.0
        self._buckets = {name: Bucket(burst, rate) for name, (burst, rate) in BUCKETS.items()}
        self.calls: Counter[str] = Counter()
        self.throttled: Counter[str] = Counter()
        wrapped: dict[str, Any] = {
            field.name: clock if field.name == "clock" else _Port(self, field.name, getattr(ports, field.name))
            for field in fields(ports)
        }
        self.ports = Ports(**wrapped)

    def now(self) -> float:
        """The time with its fraction of a second, which the fake clock leaves out."""
        return self._clock.now() + self._ahead

    def spend(self, seconds: float) -> None:
        """Let time pass, also less than a second."""
        self._ahead += seconds
        whole = int(self._ahead)
        self._ahead -= whole
        self._clock.sleep(whole)

    def call(self, name: str, args: tuple[Any, ...], answer: Any) -> None:  # noqa: ANN401  # any port
        """Count what a port call is on AWS, and take the time for it."""
        for operation, count in OPERATIONS[name](args, answer).items():
            for _ in range(count):
                self.calls[operation] += 1
                category = CATEGORIES.get(operation)
                wait = self._buckets[category].wait(self._clock.now() + self._ahead) if category else 0.0
                self.throttled[operation] += wait > 0
                self.spend(LATENCY_SECONDS + wait)


class _Port:
    def __init__(self, rates: Rates, name: str, port: object) -> None:
        self._rates, self._name, self._port = rates, name, port

    def __getattr__(self, method: str) -> Callable[..., Any]:
        real, rates, name = getattr(self._port, method), self._rates, f"{self._name}.{method}"

        def call(*args: Any, **more: Any) -> Any:  # noqa: ANN401  # any port
            answer = real(*args, **more)
            rates.call(name, args, answer)
            return answer

        return call
