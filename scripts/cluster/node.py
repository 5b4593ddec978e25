"""containerd, the kubelet and kube-proxy: what makes this machine's inside a node."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import kubernetes
import yaml

from scripts.cluster import api, binaries, images, layout, packages
from scripts.cluster.certificates import AUTHORITY, NODE, PROXY
from scripts.cluster.errors import ClusterError
from scripts.cluster.processes import Cluster, log_of

# A second or two each on an idle machine.
CONTAINERD_TIMEOUT_S = 60.0
NODE_TIMEOUT_S = 120.0
_CNI_DIR = layout.CONFIG_DIR / "cni"
# What containerd logs when pods can be started; its socket answers earlier, and the kubelet then gives up on it.
_RUNTIME_READY = b"Start streaming server"


def start(cluster: Cluster) -> None:
    """Returns when the node is ready for pods."""
    _start_containerd(cluster)
    images.ensure(cluster, images.PAUSE)
    # To the second, as Kubernetes tells time.
    began = datetime.now(UTC).replace(microsecond=0)
    kubelet = _write("kubelet.yaml", yaml.safe_dump(_kubelet()))
    cluster.start(
        [
            str(binaries.KUBERNETES.path("kubelet")),
            f"--config={kubelet}",
            f"--kubeconfig={NODE.kubeconfig}",
            f"--hostname-override={layout.NODE_NAME}",
            f"--node-ip={layout.NODE_ADDRESS}",
        ]
    )
    proxy = _write("kube-proxy.yaml", yaml.safe_dump(_proxy()))
    cluster.start([str(binaries.KUBERNETES.path("kube-proxy")), f"--config={proxy}"])
    cluster.wait_until("kubelet", lambda: _is_node_ready(began), NODE_TIMEOUT_S)


def _start_containerd(cluster: Cluster) -> None:
    _CNI_DIR.mkdir(parents=True, exist_ok=True)
    (_CNI_DIR / "10-isobar.conflist").write_text(json.dumps(_pod_network(), indent=2))
    program = shutil.which("containerd")
    if program is None:
        raise ClusterError("containerd was expected on PATH: `apt-get install containerd`.")
    cluster.start([program, "--config", str(_write("containerd.toml", _containerd()))])
    log = log_of("containerd")
    cluster.wait_until("containerd", lambda: _RUNTIME_READY in log.read_bytes(), CONTAINERD_TIMEOUT_S)


def _is_node_ready(since: datetime) -> bool:
    """As this kubelet says it: what the one before said is still there."""
    with api.client() as connection:
        nodes = kubernetes.client.CoreV1Api(connection).list_node().items
    conditions = [condition for node in nodes for condition in node.status.conditions or []]
    return any(c.type == "Ready" and c.status == "True" and c.last_heartbeat_time >= since for c in conditions)


def _containerd() -> str:
    """What is kept lies in the state directory; what belongs to one run in /run, which a new start finds empty."""
    return f"""version = 2
root = "{layout.CONTAINERD_DIR}"
state = "/run/containerd"
[grpc]
  address = "{layout.CONTAINERD_SOCKET}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{layout.STATE_DIR}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{images.PAUSE.reference}"
  restrict_oom_score_adj = true # lowering a score needs CAP_SYS_RESOURCE, which root in a container lacks
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{packages.CNI_PLUGINS_DIR}"
    conf_dir = "{_CNI_DIR}"
"""


def _pod_network() -> dict[str, Any]:
    """A routed link per pod, no bridge: packets between pods then always pass iptables, where Services live."""
    addresses = {
        "type": "host-local",
        "dataDir": "/run/cni-addresses",  # addresses handed out before a crash are free again after it
        "ranges": [[{"subnet": layout.NODE_POD_CIDR}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    return {
        "cniVersion": "1.0.0",
        "name": "isobar",
        "plugins": [
            {"type": "ptp", "ipMasq": False, "ipam": addresses},
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }


def _kubelet() -> dict[str, Any]:
    # Names nobody: a pod that asks for the node's DNS gets no answer, quickly, instead of the machine's.
    resolver = _write("resolv.conf", "nameserver 127.0.0.1\n")
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(AUTHORITY.certificate)},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(NODE.certificate),
        "tlsPrivateKeyFile": str(NODE.key),
        "clusterDNS": [layout.DNS_SERVICE_ADDRESS],
        "clusterDomain": layout.CLUSTER_DOMAIN,
        "containerRuntimeEndpoint": f"unix://{layout.CONTAINERD_SOCKET}",
        "resolvConf": str(resolver),
        "cgroupDriver": "cgroupfs",
        "failCgroupV1": False,
        "failSwapOn": False,
        # Root in a container lacks rights (sysctls, CAP_SYS_RESOURCE) that kubelet otherwise insists on.
        "featureGates": {"KubeletInUserNamespace": True},
        # A test machine's disk is as full as it is: neither evict pods nor delete images that cannot be pulled again.
        "evictionHard": {"memory.available": "100Mi"},
        "imageGCHighThresholdPercent": 100,
        "enforceNodeAllocatable": [],
    }


def _proxy() -> dict[str, Any]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": str(PROXY.kubeconfig)},
        "hostnameOverride": layout.NODE_NAME,
        "clusterCIDR": layout.POD_CIDR,
        "mode": "iptables",
        "healthzBindAddress": "127.0.0.1:10256",
        # Zero leaves these sysctls alone: they are the machine's, not the namespace's.
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }


def _write(name: str, content: str) -> Path:
    path = layout.CONFIG_DIR / name
    path.write_text(content)
    return path
