"""``appdp init``: a CDK program for an application, made of what is known about it.

Three sources, one result. ``new`` knows names only, ``copilot`` reads Copilot's manifests, ``live`` what ECS and
Elastic Load Balancing say of a service; each makes a :class:`Program`. ``app_file`` writes it as ``app.py``, ``files``
all that goes with it. Nothing here reads or writes a file, and nothing calls AWS.

What a source says and a program cannot express is a note: it is printed, and stands as a comment where it is missed.
"""

from appdp.engine.scaffold.copilot import CopilotWorkspace, from_copilot
from appdp.engine.scaffold.files import files_of
from appdp.engine.scaffold.live import Blueprint, Blueprints, from_live
from appdp.engine.scaffold.new import from_names
from appdp.engine.scaffold.program import Program

__all__ = [
    "Blueprint",
    "Blueprints",
    "CopilotWorkspace",
    "Program",
    "files_of",
    "from_copilot",
    "from_live",
    "from_names",
]
