"""Amazon S3."""

from __future__ import annotations

from typing import Any, Final

from botocore.exceptions import ClientError

from appdp.aws.errors import code_of, translated

_GONE: Final = frozenset({"404", "NoSuchKey", "NoSuchBucket", "NotFound"})
"""HeadObject has no body, so botocore gives the status for a code."""


class S3Files:
    """Implements :class:`appdp.engine.verify.ports.Files`. Needs ``s3:GetObject``, and ``s3:ListBucket`` to be told
    that an object does not exist.
    """

    def __init__(self, client: Any) -> None:  # noqa: ANN401  (the stubs' overloads need a literal name)
        self._client = client

    @translated("s3")
    def exists(self, bucket: str, key: str) -> bool:
        """Whether there is such an object."""
        try:
            self._client.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if code_of(error) not in _GONE:
                raise
            return False
        return True
