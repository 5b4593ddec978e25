"""etcd, the API server, the controllers and the scheduler."""

from __future__ import annotations

from scripts.cluster import api, binaries, certificates, layout
from scripts.cluster.certificates import API_SERVER, AUTHORITY, CONTROLLER_MANAGER, FRONT_PROXY, KUBELET_CLIENT
from scripts.cluster.certificates import SCHEDULER as SCHEDULER_IDENTITY
from scripts.cluster.processes import Cluster

# Loopback of the cluster's own network namespace, which no pod shares.
_ETCD_URL = "http://127.0.0.1:2379"
_ETCD_PEER_URL = "http://127.0.0.1:2380"
# Five seconds on two idle cores.
READY_TIMEOUT_S = 120.0


def start(cluster: Cluster) -> None:
    """Returns when the API server answers that it is ready."""
    cluster.start(_etcd())
    cluster.start(_api_server())
    cluster.wait_until("kube-apiserver", api.is_ready, READY_TIMEOUT_S)
    cluster.start(_controller_manager())
    cluster.start(_scheduler())


def _etcd() -> list[str]:
    layout.ETCD_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    return [
        str(binaries.ETCD.path()),
        f"--data-dir={layout.ETCD_DIR}",
        f"--listen-client-urls={_ETCD_URL}",
        f"--advertise-client-urls={_ETCD_URL}",
        f"--listen-peer-urls={_ETCD_PEER_URL}",
        # A killed process loses nothing by this, only a machine without power would; starts become much faster.
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def _api_server() -> list[str]:
    return [
        str(binaries.KUBERNETES.path("kube-apiserver")),
        f"--etcd-servers={_ETCD_URL}",
        f"--advertise-address={layout.NODE_ADDRESS}",
        f"--secure-port={layout.API_PORT}",
        f"--tls-cert-file={API_SERVER.certificate}",
        f"--tls-private-key-file={API_SERVER.key}",
        f"--client-ca-file={AUTHORITY.certificate}",
        "--anonymous-auth=false",
        "--authorization-mode=Node,RBAC",
        # Pod Security, quota and the other defaults are on without being named.
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        f"--kubelet-client-certificate={KUBELET_CLIENT.certificate}",
        f"--kubelet-client-key={KUBELET_CLIENT.key}",
        f"--kubelet-certificate-authority={AUTHORITY.certificate}",
        # The node's name resolves nowhere.
        "--kubelet-preferred-address-types=InternalIP",
        f"--service-cluster-ip-range={layout.SERVICE_CIDR}",
        f"--service-account-issuer=https://kubernetes.default.svc.{layout.CLUSTER_DOMAIN}",
        f"--service-account-key-file={certificates.TOKEN_KEY}",
        f"--service-account-signing-key-file={certificates.TOKEN_KEY}",
        # Aggregated APIs: metrics.k8s.io, external.metrics.k8s.io.
        f"--requestheader-client-ca-file={AUTHORITY.certificate}",
        f"--requestheader-allowed-names={FRONT_PROXY.user}",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-username-headers=X-Remote-User",
        f"--proxy-client-cert-file={FRONT_PROXY.certificate}",
        f"--proxy-client-key-file={FRONT_PROXY.key}",
        "--enable-aggregator-routing=true",
    ]


def _controller_manager() -> list[str]:
    return [
        str(binaries.KUBERNETES.path("kube-controller-manager")),
        f"--kubeconfig={CONTROLLER_MANAGER.kubeconfig}",
        "--bind-address=127.0.0.1",
        "--leader-elect=false",  # there is one
        "--use-service-account-credentials=true",
        f"--service-account-private-key-file={certificates.TOKEN_KEY}",
        f"--root-ca-file={AUTHORITY.certificate}",
        f"--cluster-signing-cert-file={AUTHORITY.certificate}",
        f"--cluster-signing-key-file={AUTHORITY.key}",
        "--allocate-node-cidrs=true",
        f"--cluster-cidr={layout.POD_CIDR}",
    ]


def _scheduler() -> list[str]:
    return [
        str(binaries.KUBERNETES.path("kube-scheduler")),
        f"--kubeconfig={SCHEDULER_IDENTITY.kubeconfig}",
        "--bind-address=127.0.0.1",
        "--leader-elect=false",
    ]
