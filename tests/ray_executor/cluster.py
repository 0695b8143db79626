"""A cluster of several nodes on this machine, in a process of its own.

It prints its address, then obeys its input, a line each: ``kill`` kills one node without grace and
starts another, ``kill-only`` kills one. It answers each with a line. Its end ends the cluster.

    python cluster.py NODES CPUS_PER_NODE [--object-store-mb N]
"""

from __future__ import annotations

import os
import signal
import sys

os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_AUTH_MODE"] = "token"


def main(nodes: int, cpus: int) -> None:
    """Run the cluster until the input ends."""
    from ray.cluster_utils import Cluster

    small = {"object_store_memory": 80 * 2**20, "include_dashboard": False}
    cluster = Cluster()
    add_node(cluster, num_cpus=0, **small)
    workers = [add_node(cluster, num_cpus=cpus, **small) for _ in range(nodes)]
    cluster.wait_for_nodes()
    print(cluster.address, flush=True)  # noqa: T201
    for line in sys.stdin:
        victim = workers.pop(0)
        cluster.remove_node(victim, allow_graceful=False)
        if line.strip() == "kill":
            workers.append(add_node(cluster, wait=False, num_cpus=cpus, **small))
        print("killed", flush=True)  # noqa: T201
    cluster.shutdown()


def add_node(cluster, **options):
    """Add a node. Ray gives one 30 s to start, which a busy machine may not keep."""
    for _ in range(3):
        try:
            return cluster.add_node(**options)
        except Exception as error:
            if "timed out during startup" not in str(error):
                raise
    raise SystemExit("no node could be started")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    main(int(sys.argv[1]), int(sys.argv[2]))
