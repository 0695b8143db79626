"""The engine ``ray``: the jobs of a batch on a cluster of machines, by Ray.

    nst batch photos/*.jpg --style oak.jpg --output-dir s3://studio/painted --on ray:10.0.0.1:6379

Ray is imported when the engine is used. What runs on the cluster is this package as it is installed
there, and jobs are sent as text; no code of the driver's is.
"""

from __future__ import annotations

from importlib.util import find_spec

from nst_core.batch.executor import Executor, Resources

if find_spec("ray") is None:
    raise ModuleNotFoundError("No module named 'ray'", name="ray")


def ray_executor(resources: Resources) -> Executor:
    """Return the engine ``ray``, connected to a cluster or to one that it starts on this machine.

    Raises:
        ExecutorError: one line: the cluster can't be reached, or can't give what is asked for.
    """
    from nst_ray.executor import RayExecutor  # noqa: PLC0415 - it imports Ray

    return RayExecutor(resources)
