"""The engine's ports over boto3, one file per AWS service.

An adapter converts requests and answers, and decides nothing. Whatever botocore raises leaves as a child of
:class:`appdp.errors.AppdpError` (see :mod:`appdp.aws.errors`), and what AWS may leave out of an answer is dealt with
here, so the engine sees model values only. Nothing is needed beyond boto3, so the package runs on Lambda as it is.

``AWS_ENDPOINT_URL`` and its per-service forms are honoured by every call.
"""
