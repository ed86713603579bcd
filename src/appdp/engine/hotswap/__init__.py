"""Put an image that a laptop built into one service of an environment, until the next release.

::

    plan_hotswap → build_image → begin_swap → swap_step, again and again → end_swap

==========  ==========================================================  ==============================================
function    does                                                        may not
==========  ==========================================================  ==============================================
plan        reads; refuses what cannot work                             change anything
build       asks the builder to build and push, then the registry       take the lock: a build takes minutes
            whether it has the image
begin       takes the environment's lock, plans once more, registers    start anything if the second plan is refused
            the clone
step        asks ECS for it, follows, stops what is hopeless and leads  write the release, its history, the
            it back, renews the lock's lease                            environment's tags, or a desired count
end         gives the lock back                                         stop what ECS does
==========  ==========================================================  ==============================================

It is one service of a deployment, without a gate: the gate lets every revision pass that it does not name, and while
the lock is held nobody writes one. So the parts of :mod:`appdp.engine.deploy` do the work on a
:class:`~appdp.model.deployment.Deployment` that has one service, and whose ``release`` is the tag of what was built.
The environment's release stays what it was; the next deployment sees that the service runs something else, and
replaces it.
"""

from appdp.engine.hotswap.building import Builder, BuildOrder, Built, RegistryAccess, RegistryLogins, build_image
from appdp.engine.hotswap.planning import SwapPlan, plan_hotswap
from appdp.engine.hotswap.swapping import begin_swap, end_swap, has_ended, swap_step

__all__ = [
    "BuildOrder",
    "Builder",
    "Built",
    "RegistryAccess",
    "RegistryLogins",
    "SwapPlan",
    "begin_swap",
    "build_image",
    "end_swap",
    "has_ended",
    "plan_hotswap",
    "swap_step",
]
