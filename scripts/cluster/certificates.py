"""The cluster's own certificate authority, a certificate per component, and the kubeconfig files that use them.

Made once per state directory. A certificate says who a component is: Kubernetes reads the user from its common name
and the groups from its organisations.
"""

from __future__ import annotations

import base64
import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from scripts.cluster import layout

# A test cluster is thrown away long before; what must not happen is one that stops working on a shelf.
VALIDITY = datetime.timedelta(days=3650)
# A clock that was set back since must not find a certificate of the future.
BACKDATED = datetime.timedelta(hours=1)
_PRIVATE_MODE = 0o600


@dataclass(frozen=True)
class Identity:
    """Whom a certificate is for."""

    file: str
    user: str
    groups: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()

    @property
    def certificate(self) -> Path:
        return layout.PKI_DIR / f"{self.file}.crt"

    @property
    def key(self) -> Path:
        return layout.PKI_DIR / f"{self.file}.key"

    @property
    def kubeconfig(self) -> Path:
        return layout.CONFIG_DIR / f"{self.file}.kubeconfig"


API_SERVER = Identity(
    "apiserver",
    "kube-apiserver",
    names=(
        "localhost",
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        f"kubernetes.default.svc.{layout.CLUSTER_DOMAIN}",
    ),
    addresses=("127.0.0.1", layout.API_SERVICE_ADDRESS, layout.NODE_ADDRESS),
)
ADMIN = Identity("admin", "admin", groups=("system:masters",))
KUBELET_CLIENT = Identity("apiserver-kubelet-client", "kube-apiserver-kubelet-client", groups=("system:masters",))
FRONT_PROXY = Identity("front-proxy", "front-proxy")
CONTROLLER_MANAGER = Identity("controller-manager", "system:kube-controller-manager")
SCHEDULER = Identity("scheduler", "system:kube-scheduler")
PROXY = Identity("proxy", "system:kube-proxy")
NODE = Identity(
    "node",
    f"system:node:{layout.NODE_NAME}",
    groups=("system:nodes",),
    names=(layout.NODE_NAME,),
    addresses=(layout.NODE_ADDRESS,),
)
IDENTITIES = (API_SERVER, ADMIN, KUBELET_CLIENT, FRONT_PROXY, CONTROLLER_MANAGER, SCHEDULER, PROXY, NODE)

AUTHORITY = Identity("ca", "isobar-test-cluster")
# Signs the tokens of service accounts; the API server wants an RSA or EC key without a certificate.
TOKEN_KEY = layout.PKI_DIR / "service-accounts.key"


def ensure() -> None:
    """All certificates and kubeconfigs of the components; made together or not at all."""
    done = layout.PKI_DIR / "complete"
    if done.exists():
        return
    layout.PKI_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    layout.CONFIG_DIR.mkdir(parents=True, exist_ok=True)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _authority(authority_key)
    _write_key(AUTHORITY.key, authority_key)
    AUTHORITY.certificate.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    _write_key(TOKEN_KEY, rsa.generate_private_key(public_exponent=65537, key_size=2048))
    for identity in IDENTITIES:
        key = ec.generate_private_key(ec.SECP256R1())
        _write_key(identity.key, key)
        certificate = _certificate(identity, key, authority, authority_key)
        identity.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        write_kubeconfig(identity, identity.kubeconfig)
    done.touch()


def write_kubeconfig(identity: Identity, path: Path) -> None:
    """Whole in itself, so that it can be copied; readable by its owner only, for it holds a key."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "isobar",
                "cluster": {
                    "server": layout.API_URL,
                    "certificate-authority-data": _base64(AUTHORITY.certificate),
                },
            }
        ],
        "users": [
            {
                "name": identity.user,
                "user": {
                    "client-certificate-data": _base64(identity.certificate),
                    "client-key-data": _base64(identity.key),
                },
            }
        ],
        "contexts": [{"name": "isobar", "context": {"cluster": "isobar", "user": identity.user}}],
        "current-context": "isobar",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.touch(mode=_PRIVATE_MODE)
    partial.write_text(yaml.safe_dump(config, sort_keys=False))
    partial.replace(path)


def _authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = _name(AUTHORITY)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        _builder(name, name, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )


def _certificate(
    identity: Identity,
    key: ec.EllipticCurvePrivateKey,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    uses = [ExtendedKeyUsageOID.CLIENT_AUTH]
    builder = _builder(_name(identity), authority.subject, key)
    if identity.names or identity.addresses:
        uses.append(ExtendedKeyUsageOID.SERVER_AUTH)
        places: list[x509.GeneralName] = [x509.DNSName(name) for name in identity.names]
        places += [x509.IPAddress(ipaddress.ip_address(address)) for address in identity.addresses]
        builder = builder.add_extension(x509.SubjectAlternativeName(places), critical=False)
    return builder.add_extension(x509.ExtendedKeyUsage(uses), critical=False).sign(authority_key, hashes.SHA256())


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + VALIDITY)
    )


def _name(identity: Identity) -> x509.Name:
    groups = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in identity.groups]
    return x509.Name([*groups, x509.NameAttribute(NameOID.COMMON_NAME, identity.user)])


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> None:
    path.touch(mode=_PRIVATE_MODE)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
