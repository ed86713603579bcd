"""What the documents tell a reader to type, open or copy is there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.house.checkout import ROOT, files

DOCUMENTS = [str(path) for path in files() if path.suffix == ".md"]
FENCE = re.compile(r"^```(?P<language>\w*)[^\n]*\n(?P<body>.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://|mailto:|#)(?P<target>[^)#\s]+)")


def blocks(document: str, *languages: str) -> list[str]:
    """The fenced blocks of a document in some languages."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return [match["body"] for match in FENCE.finditer(text) if match["language"] in languages]


def commands(document: str) -> list[list[str]]:
    """The commands of a document's shell blocks, each as a list of words."""
    found = []
    for body in blocks(document, "sh", "bash", "console"):
        for line in body.replace("\\\n", " ").splitlines():
            for part in re.split(r"&&|\|\||[;|]", line.removeprefix("$ ")):
                words = shlex.split(part, comments=True)
                while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                    words = words[1:]
                if words:
                    found.append(words)
    return found


def documented(program: str) -> list[tuple[str, tuple[str, ...]]]:
    """Every use of a program in the documents: document, and the words after the program's name."""
    return [
        (document, tuple(words[1:])) for document in DOCUMENTS for words in commands(document) if words[0] == program
    ]


@cache
def appdp_help(*verb: str) -> subprocess.CompletedProcess[str]:
    """What ``appdp VERB --help`` prints."""
    program = "from appdp.cli.main import main; main()"
    command = [sys.executable, "-c", program, *verb, "--help"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_readme_names_its_two_commands() -> None:
    used = {words for document, words in documented("make") if document == "README.md"}
    assert {("rehearse",), ("test",)} <= used


def test_documented_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    unknown = {
        (document, word)
        for document, words in documented("make")
        for word in words
        if "=" not in word and word not in targets
    }
    assert not unknown


def test_documented_verbs_and_options_exist() -> None:
    wrong = []
    for document, words in documented("appdp"):
        verb = [word for word in words[:1] if not word.startswith("-")]
        answer = appdp_help(*verb)
        options = [word.partition("=")[0] for word in words if word.startswith("--")]
        if answer.returncode != 0 or not all(option in answer.stdout for option in options):
            wrong.append((document, " ".join(words)))
    assert not wrong


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_to_files(document: str) -> None:
    folder = (ROOT / document).parent
    targets = LINK.findall((ROOT / document).read_text(encoding="utf-8"))
    assert not [target for target in targets if not (folder / target).exists()]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_nothing_is_left_to_fill_in(document: str) -> None:
    assert "@@" not in (ROOT / document).read_text(encoding="utf-8")


def test_the_readme_shows_the_example_as_it_is() -> None:
    examples = [(ROOT / path).read_text() for path in files() if path.parts[0] == "examples" and path.suffix == ".py"]
    shown = blocks("README.md", "python")
    assert shown
    assert not [block for block in shown if not any(block.strip() in example for example in examples)]


def test_the_commands_of_the_makefile_are_explained() -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    phony = re.findall(r"^\.PHONY: ([a-z]+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert [line.split()[1] for line in listed.splitlines() if line.strip()] == phony


def test_documents_lie_where_readers_look() -> None:
    assert {"README.md", "CHANGELOG.md", "CONTRIBUTING.md"} <= set(DOCUMENTS)
    assert Path(ROOT / "LICENSE").is_file()
