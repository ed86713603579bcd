"""The embedded AWS: an account on this machine that deploys the synthesised templates unmodified.

Stages, each in its own module:

1. :mod:`~appdp.local.lifecycle` (in the user's process) makes an instance directory, starts the server process in it
   with a scrubbed environment, and ends both. :mod:`~appdp.local.instances` cleans up what a killed one left.
2. :mod:`~appdp.local.server` (the server process) puts our own services in front of MiniStack on one loopback port.
   :mod:`~appdp.local.front` routes each request by its signature, :mod:`~appdp.local.protocol` reads and writes it.
3. :mod:`~appdp.local.ministack_process` runs MiniStack in there, and :mod:`~appdp.local.ministack_patches` holds
   everything that is changed in it; :mod:`~appdp.local.cloudformation` puts our resource types into its CloudFormation.
4. :mod:`~appdp.local.ecs` and :mod:`~appdp.local.elb` are the two services that we serve ourselves.
5. :mod:`~appdp.local.stacks` deploys a cloud assembly to it, and :mod:`~appdp.local.rehearsal` plays releases on it.

Nothing here uses the user's AWS credentials, configuration or profiles, and nothing listens beyond loopback.
"""
