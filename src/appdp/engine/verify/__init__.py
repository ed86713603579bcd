"""Look whether an environment could take a release: ``appdp verify``. Reads only.

:func:`load` reads what all checks need: the manifests, the services, the release. :func:`examine` then asks every check
about every service, job or schedule that it is for, and the few that belong to the environment once. A check is a
question with an id, a reason and a source (:class:`Check`); it answers with a :class:`Finding`, and neither stops the
others nor changes anything. What several checks need is asked once (:class:`~appdp.engine.verify.memo.Memo`), whatever
the thread.

What AWS does not let the caller see is *unknown*: that is a warning, and never passes as healthy.
"""

from appdp.engine.verify.check import Check, EnvironmentCheck, Finding, Result, TaskCheck
from appdp.engine.verify.examine import Checked, Verification, examine
from appdp.engine.verify.groups import CHECKS, GROUPS
from appdp.engine.verify.load import load
from appdp.engine.verify.ports import Facts

__all__ = [
    "CHECKS",
    "GROUPS",
    "Check",
    "Checked",
    "EnvironmentCheck",
    "Facts",
    "Finding",
    "Result",
    "TaskCheck",
    "Verification",
    "examine",
    "load",
]
