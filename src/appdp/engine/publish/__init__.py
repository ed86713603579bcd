"""From images of each architecture to a registered release.

Use it as a loop; what :func:`publish` returns is the whole memory of a publication::

    state = begin(user_parameters, now=clock.now())
    while not (step := publish(state, manifest, ports)).done:
        sleep(step.wait_seconds)

Each call reads everything again, so it may be killed between any two calls of a port and called again:

============  =======================================================  ===============================================
step          does                                                     may not
============  =======================================================  ===============================================
compose       takes the index that carries the commit's tag, or makes  push anything unless every image is complete
              it from ``{commit}-{architecture}`` and pushes it
scan          waits for the result of every image on every platform    be skipped, also not when the index was there
unchanged     compares the release with what each environment runs,    count an environment before its first release,
              also for those who approve it                            or fail because of one that is elsewhere
register      writes the parameter, then sends the event               write the parameter twice for one release
============  =======================================================  ===============================================

The event may be sent twice: a kill just after sending it cannot be told from one just before.
"""

from appdp.engine.publish.machine import may_pass, publish, read_manifest
from appdp.engine.publish.state import Publication, Step, begin

__all__ = ["Publication", "Step", "begin", "may_pass", "publish", "read_manifest"]
