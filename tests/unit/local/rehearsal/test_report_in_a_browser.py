"""The report in a real browser: it renders, its numbers are the data's, and pointing at a drawing answers."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.conftest import CHROMIUM_NAMES
from tests.unit.local.rehearsal.sample import rehearsal
from tests.unit.local.rehearsal.test_report import Figures

from appdp.local.rehearsal.report import render

pytestmark = pytest.mark.browser

QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
POINT_AT_ACT_2 = """<script>
  const drawing = document.querySelector('svg[data-act="2"]');
  const box = drawing.getBoundingClientRect();
  drawing.dispatchEvent(new MouseEvent("mousemove", { clientX: box.left + box.width * 0.9, clientY: box.top + 10 }));
</script>"""


def _opened(page: str, folder: Path) -> str:
    """The document after the browser has loaded it and run its script."""
    file = folder / "report.html"
    file.write_text(page, encoding="utf-8")
    browser = next(path for name in CHROMIUM_NAMES if (path := shutil.which(name)))
    command = [browser, *QUIET, f"--user-data-dir={folder / 'profile'}", "--dump-dom", file.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


def test_the_numbers_shown_are_the_data_s(tmp_path: Path) -> None:
    record = rehearsal(failed=7)
    document = Figures(_opened(render(record), tmp_path))
    acts = document.data["acts"]
    assert isinstance(acts, list)
    assert len(acts) == 3
    for act in acts:
        load, shown = act["traffic"], document.shown
        assert shown[f"act{act['number']}.expected"] == ("✓ yes" if act["as_expected"] else "✗ no")
        assert shown[f"act{act['number']}.sent"] == (f"{load['sent']:,}" if load else "–")
        assert shown[f"act{act['number']}.failed"] == (f"{load['failed']:,}" if load else "–")
        for service in load["services"] if load else ():
            series = [count for counts in service["series"].values() for count in counts]
            assert sum(series) == service["sent"]
            assert shown[f"act{act['number']}.{service['service']}.sent"] == f"{service['sent']:,}"
    total = sum(act["traffic"]["sent"] for act in acts if act["traffic"])
    assert document.shown["sent"] == f"{total:,}"


def test_pointing_at_a_drawing_says_what_was_answered_then(tmp_path: Path) -> None:
    page = render(rehearsal()).replace("</body>", f"{POINT_AT_ACT_2}</body>")
    document = _opened(page, tmp_path)
    assert "storefront answered 2: 124/s" in document
    assert "api answered 2: 124/s" in document
