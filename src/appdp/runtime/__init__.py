"""The Lambda functions of a deployer: a few lines each over engine and adapters.

``advance`` is the one step that the state machine repeats, ``gate`` answers ECS when a green may take traffic. Both run
on Lambda's own Python with nothing but boto3, and read ``APPDP_APPLICATION`` and ``APPDP_ENVIRONMENT``.
"""
