"""A throw-away PostgreSQL for the tests: `with running() as uri`."""

import contextlib
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import tempfile
import time

OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",  # the data does not outlive the test
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "32MB",
}


def programs():
    """The folder of the newest installed server's programs, or None."""
    versions = pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(versions, key=lambda path: int(path.parts[-3]), default=None)
    return newest and newest.parent


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def account():
    """Arguments for subprocess: PostgreSQL refuses to run as root, so root becomes the user of Debian's package."""
    if os.geteuid() != 0:
        return {}
    return {"user": "postgres", "group": "postgres", "extra_groups": []}


def wait_until_ready(process, folder, port):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        status = folder / "data/postmaster.pid"
        if status.exists() and status.read_text().split()[-1:] == ["ready"]:
            return
        time.sleep(0.02)
    raise RuntimeError(f"PostgreSQL is not ready on port {port}:\n{(folder / 'log').read_text()}")


@contextlib.contextmanager
def running():
    """Yields a libpq URI of a role that may create databases; the cluster is gone afterwards."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="slipway-postgres-"))
    process = None
    try:
        if os.geteuid() == 0:
            entry = pwd.getpwnam("postgres")
            os.chown(folder, entry.pw_uid, entry.pw_gid)
        binaries = programs()
        data = folder / "data"
        common = {"cwd": folder, "stdin": subprocess.DEVNULL, **account()}
        subprocess.run(
            [binaries / "initdb", "--no-sync", "--auth=trust", "--username=slipway", "--encoding=UTF8"]
            + ["--locale=C.UTF-8", f"--pgdata={data}"],
            check=True,
            stdout=subprocess.DEVNULL,
            **common,
        )
        port = free_port()
        settings = [f"--{name}={value}" for name, value in {**OPTIONS, "port": port}.items()]
        with open(folder / "log", "wb") as log:
            process = subprocess.Popen(
                [binaries / "postgres", "-D", data, f"--unix_socket_directories={folder}", *settings],
                stdout=log,
                stderr=log,
                **common,
            )
        wait_until_ready(process, folder, port)
        yield f"postgresql://slipway@127.0.0.1:{port}/postgres"
    finally:
        if process is not None:
            process.send_signal(3)  # SIGQUIT: immediate shutdown
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)
