"""A real Kubernetes on this machine, without Docker: `python -m scripts.cluster up|down|status|load|build`.

One node: API server, scheduler, controllers, kubelet, kube-proxy, containerd, DNS and dynamic volumes. All of it lives
in network, mount and process namespaces of its own (`namespace.py`), so that nothing it listens on, mounts or starts
is the machine's, and so that ending the one process those namespaces hang on ends everything.
"""
