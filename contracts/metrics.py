"""Prometheus exposition shared by every Python component: one HTTP endpoint and the build it belongs to."""

from importlib.metadata import PackageNotFoundError, version

from prometheus_client import Info, start_http_server

BUILD = Info("isobar_build", "Version of Isobar that this process runs")


def isobar_version() -> str:
    """The installed version; `0+checkout` when modules run from a source tree that was never installed."""
    try:
        return version("isobar")
    except PackageNotFoundError:
        return "0+checkout"


def serve(port: int, component: str, host: str = "127.0.0.1") -> None:
    """Serves /metrics from a daemon thread.

    Raises:
        OSError: the port is taken; the text names it.
    """
    BUILD.info({"version": isobar_version(), "component": component})
    try:
        start_http_server(port, addr=host)
    except OSError as error:
        raise OSError(
            error.errno, f"metrics port {host}:{port} cannot be opened ({error.strerror}); choose another"
        ) from error
