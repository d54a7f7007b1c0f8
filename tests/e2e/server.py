"""Runs the real executable for a test: port 0, a temporary directory, stopped by its pid."""

import json
import os
import pathlib
import signal
import subprocess
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
SLIPWAY = pathlib.Path(os.environ.get("SLIPWAY_EXECUTABLE", ROOT / "build/release/slipway"))
MODELS = pathlib.Path(os.environ.get("SLIPWAY_TEST_MODELS", ROOT / "build/models"))


class Server:
    """One `slipway serve`. `url` is valid after start(); stop() drains it, kill() is `kill -9`."""

    def __init__(self, directory, *arguments, auth="off", environment=None, port=0):
        self.directory = pathlib.Path(directory)
        self.arguments = arguments
        self.auth = auth
        self.environment = environment or {}
        self.listen_port = port
        self.process = None
        self.url = None

    def start(self, timeout_s=60):
        self.directory.mkdir(parents=True, exist_ok=True)
        ready = self.directory / "ready.json"
        ready.unlink(missing_ok=True)
        self.log_file = open(self.directory / "server.log", "ab")
        self.process = subprocess.Popen(
            [
                SLIPWAY,
                "serve",
                "--data",
                self.directory / "data",
                "--http",
                f"127.0.0.1:{self.listen_port}",
                "--auth",
                self.auth,
                "--ready-file",
                ready,
                *self.arguments,
            ],
            stderr=self.log_file,
            stdout=self.log_file,
            env={**os.environ, **self.environment},
        )
        deadline = time.monotonic() + timeout_s
        while not ready.exists():
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}:\n{self.log()}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"the server is not ready after {timeout_s} s:\n{self.log()}")
            time.sleep(0.005)
        self.url = json.loads(ready.read_text())["http"]
        return self

    @property
    def address(self):
        return self.url.removeprefix("http://").removeprefix("https://")

    @property
    def port(self):
        return int(self.address.rsplit(":", 1)[1])

    def log(self):
        return (self.directory / "server.log").read_text(errors="replace")

    def stop(self, timeout_s=30):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=timeout_s)
        self.log_file.close()
        return code

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log_file.close()

    def get(self, path, **headers):
        request = urllib.request.Request(self.url + path, headers=headers)
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.read()

    def wait_until_ready(self, name, version, **headers):
        deadline = time.monotonic() + 30
        while True:
            try:
                self.get(f"/v2/models/{name}/versions/{version}/ready", **headers)
                return
            except urllib.error.HTTPError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)

    def cli(self, *arguments, key=None, who=None, check=True, environment=None):
        """Runs the command line against this server; returns the finished process."""
        return cli(*arguments, server=self.url, key=key, who=who, check=check, environment=environment)


def cli(*arguments, server=None, key=None, who=None, check=True, environment=None):
    command = [str(SLIPWAY), *map(str, arguments)]
    if who is not None:
        command += ["--as", who]
    env = {**os.environ, **(environment or {})}
    env.pop("SLIPWAY_KEY", None)
    if server is not None:
        env["SLIPWAY_SERVER"] = server
    if key is not None:
        env["SLIPWAY_KEY"] = key
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, env=env)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(command)} exited with {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


def wait_until(condition, seconds=30):
    """What the condition gave when it first held."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, condition
        time.sleep(0.01)
    return found


def push_approved(server, name, path, *arguments, version="1.0.0"):
    """Pushes as alice and approves as bob, on a server without authentication."""
    server.cli("model", "push", path, "--name", name, "--version", version, *arguments, who="alice")
    server.cli("model", "approve", f"{name}@{version}", who="bob")
    server.wait_until_ready(name, version)
