"""The rehearsal: an example released, broken and returned on this machine, with a report at the end.

``appdp rehearse DIRECTORY`` plays what ``rehearsal.toml`` in that directory says (:mod:`.scenario`):

1. :mod:`.stage` starts the embedded AWS, synthesises the directory's CDK program (:mod:`.synth`), deploys its
   templates as they are, and builds and pushes the images of every release (:mod:`.images`; without Docker
   :mod:`.synthetic`).
2. Each act runs the same command that a user would type, in a process of its own (:mod:`.acts`), so the state
   machine, the Lambda functions and the engine are the product's own.
3. Meanwhile :mod:`.load` sends requests at a fixed rate from its own process, and :mod:`.observe` reads the
   execution's states and ECS's service deployments. Neither can influence the deployment.
4. :mod:`.judge` compares what was seen with what the scenario expects. It and :mod:`.traffic`, :mod:`.timeline` and
   :mod:`.report` are pure: values in, values or text out.

Nothing here knows an example: names, paths, releases and expectations all come from the scenario.
"""
