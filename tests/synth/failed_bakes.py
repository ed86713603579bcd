"""The ends of failed bakes as BuildKit printed them, of the images ``web`` and ``jobs``, or of one of them alone."""

from __future__ import annotations

from typing import Final

HASH: Final = "1d5fc232f508c50bb2acae4ac389a02c1c8c1ca7e76b537ce768fe2467d9f224"

NO_STAGE: Final = """\
#5 [jobs internal] load build context
#5 transferring context: 1.18MB done
#5 CANCELED
ERROR: failed to solve: target stage "nosuch" could not be found
"""
NO_PLATFORM: Final = """\
#3 [web internal] load metadata for registry.test/base:1
#3 ERROR: no match for platform in manifest: not found
------
 > [web internal] load metadata for registry.test/base:1:
------
Dockerfile:1
--------------------
   1 | >>> FROM registry.test/base:1 AS web
   2 |     RUN make
--------------------
ERROR: failed to solve: registry.test/base:1: failed to resolve source metadata for registry.test/base:1: \
no match for platform in manifest: not found
"""
FOREIGN_PROGRAM: Final = """\
#7 ERROR: process "/bin/prog" did not complete successfully: exit code: 1
------
 > [web 1/1] RUN ["/bin/prog"]:
0.255 exec /bin/prog: exec format error
------
Dockerfile:5
--------------------
   5 | >>> RUN ["/bin/prog"]
--------------------
ERROR: failed to solve: process "/bin/prog" did not complete successfully: exit code: 1
"""
NO_FILE: Final = """\
#7 ERROR: failed to calculate checksum of ref 65x4dgi1nkhnz0kv7r8p6s6uz::535qkgbssutefhgsx8bjti1ib: "/gone": not found
------
 > [jobs 1/1] COPY gone /x:
------
ERROR: failed to solve: failed to compute cache key: failed to calculate checksum of ref \
65x4dgi1nkhnz0kv7r8p6s6uz::535qkgbssutefhgsx8bjti1ib: "/gone": not found
"""
STEP: Final = """\
#12 ERROR: process "/bin/sh -c make" did not complete successfully: exit code: 2
------
 > [jobs build 2/3] RUN make:
0.300 web.c:3: exec format error is only a word here
------
ERROR: failed to solve: process "/bin/sh -c make" did not complete successfully: exit code: 2
"""
SYNTAX: Final = """\
Dockerfile:1
--------------------
   1 | >>> FRM x
--------------------
ERROR: failed to solve: dockerfile parse error on line 1: unknown instruction: FRM (did you mean FROM?)
"""


def no_base(answer: str, name: str = "web") -> str:
    """A base that the registry does not give."""
    return f"""\
#3 ERROR: {answer}
------
 > [{name} internal] load metadata for registry.test/base:1:
------
ERROR: failed to solve: registry.test/base:1: failed to resolve source metadata for registry.test/base:1: {answer}
"""


def no_push(answer: str, tag: str = "c0ffee-amd64", name: str = "web") -> str:
    """A push that the registry does not take."""
    failed = f"failed to push registry.test/shop/{name}:{tag}: {answer}"
    return f"""\
#7 pushing layers
#7 ERROR: {failed}
------
 > [{name}] exporting to image:
------
ERROR: failed to solve: {failed}
"""


def status(answer: str, path: str = "shop/web") -> str:
    """How BuildKit tells an HTTP status."""
    return f"unexpected status from HEAD request to https://registry.test/v2/{path}/blobs/sha256:{HASH}: {answer}"
