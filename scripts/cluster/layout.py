"""Where the cluster keeps things and which addresses it has.

Outside the namespaces only two things exist: the state directory, and one end of the veth pair that reaches the API
server. Inside, every program finds its usual paths (/run, /var/lib/kubelet, /var/log), which are the cluster's own.
"""

from __future__ import annotations

from pathlib import Path

from local.paths import REPOSITORY, cache_dir, state_dir

# RFC 2544 keeps 198.18.0.0/15 for tests between two devices: no network that this machine reaches can be hidden by it.
NODE_ADDRESS = "198.18.245.1"
HOST_ADDRESS = "198.18.245.2"
LINK_PREFIX_BITS = 30
# Both ends of the pair; an interface's name has at most 15 characters.
HOST_LINK = "isobar0"
NODE_LINK = "node0"

# These exist only inside the network namespace; they are the usual ones, so that examples found elsewhere fit.
POD_CIDR = "10.244.0.0/16"
NODE_POD_CIDR = "10.244.0.0/24"
SERVICE_CIDR = "10.96.0.0/16"
API_SERVICE_ADDRESS = "10.96.0.1"
DNS_SERVICE_ADDRESS = "10.96.0.10"

API_PORT = 6443
API_URL = f"https://{NODE_ADDRESS}:{API_PORT}"
NODE_NAME = "isobar"
CLUSTER_DOMAIN = "cluster.local"

CONTAINERD_SOCKET = Path("/run/containerd/containerd.sock")  # inside: /run is the cluster's own

STATE_DIR = state_dir() / "cluster"
PKI_DIR = STATE_DIR / "pki"
LOG_DIR = STATE_DIR / "log"
CONFIG_DIR = STATE_DIR / "config"
ETCD_DIR = STATE_DIR / "etcd"
CONTAINERD_DIR = STATE_DIR / "containerd"
KUBELET_DIR = STATE_DIR / "kubelet"
VAR_LOG_DIR = STATE_DIR / "var-log"
VOLUMES_DIR = STATE_DIR / "volumes"

BINARIES_DIR = cache_dir() / "cluster"
KUBECONFIG = REPOSITORY / "build" / "cluster" / "kubeconfig"
