"""The report: from a :class:`~appdp.local.rehearsal.record.RehearsalRecord` to one self-contained HTML file. Pure.

``words`` makes sentences, ``scale`` places, ``markup`` escapes, ``figure`` draws an act, ``act_section`` and
``document`` put the page together. ``report.css`` and ``report.js`` are put into the file as they are.
"""

from appdp.local.rehearsal.report.document import render

__all__ = ["render"]
