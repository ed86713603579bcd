"""What a reader should not find: machine paths, registry hosts, leftovers, switched-off checks."""

from __future__ import annotations

from tests.house.checkout import files, lines_matching

# The rules themselves have to name what they forbid.
THIS_FILE = frozenset({"tests/house/test_traces.py"})
# Hosts of package registries, in pieces: this file is searched, too.
HOSTS = [
    r"\.".join(host) for host in (("pypi", "org"), ("python" + "hosted",), ("registry", "npmjs"), ("deb", "debian"))
]
RULES = THIS_FILE | {"tests/conftest.py"}


def test_no_path_of_a_machine() -> None:
    assert not lines_matching(r"/(?:work|farm|root)/|/tmp/[a-z]+-", but=THIS_FILE)


def test_no_host_of_a_registry() -> None:
    assert not lines_matching("|".join(HOSTS))


def test_nothing_is_left_to_do() -> None:
    assert not lines_matching(r"\b(?:TODO|FIXME|XXX)\b|\bNotImplementedError\b", only="*.py", but=THIS_FILE)


def test_no_test_is_switched_off() -> None:
    off = r"pytest\.(?:mark\.)?(?:skip|skipif|xfail|importorskip)\b|unittest\.(?:skip|mock)|\bmock\.patch"
    assert not lines_matching(off, only="*.py", but=RULES | {".projenrc.py"})


def test_every_ignored_check_says_why() -> None:
    bare = r"# type: ignore(?!\[[\w, -]+\].{8,})|# noqa(?!: [A-Z]+[0-9]+(?:, ?[A-Z]+[0-9]+)*.{8,})"
    assert not lines_matching(bare, only="*.py", but=THIS_FILE)


def test_no_file_is_called_after_nothing() -> None:
    vague = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
    assert not [str(path) for path in files() if vague & {path.stem, *path.parts}]
