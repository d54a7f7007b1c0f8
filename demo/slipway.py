"""The server and the command line of the demo, as a person would use them."""

import contextlib
import json
import os
import pathlib
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
EXECUTABLE = ROOT / "build/release/slipway"
READY_TIMEOUT_S = 30


class Slipway:
    """Runs `slipway` against one server. `keys` names the file of each person's key."""

    def __init__(self, url, folder):
        self.url = url
        self.folder = folder
        self.keys = {"admin": folder / "data/bootstrap.key"}

    @property
    def address(self):
        return self.url.removeprefix("http://")

    def key(self, person):
        return self.keys[person].read_text().split()[0]

    def run(self, *arguments, person=None, check=True):
        """The finished process; with `check`, a failure ends the tour and shows what was said."""
        environment = {**os.environ, "SLIPWAY_SERVER": self.url}
        environment.pop("SLIPWAY_KEY", None)
        if person is not None:
            environment["SLIPWAY_KEY_FILE"] = str(self.keys[person])
        command = [EXECUTABLE, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
        if check and done.returncode != 0:
            raise SystemExit(f"slipway {' '.join(command[1:])} failed:\n{done.stdout}{done.stderr}")
        return done

    def json(self, *arguments, person):
        return json.loads(self.run(*arguments, "--json", person=person).stdout)

    def add_person(self, name, role, key_name=None):
        """Makes a key for `name` and keeps it in a file that only the owner can read."""
        made = self.json("key", "create", "--name", name, "--role", role, person="admin")
        file = self.folder / "keys" / f"{key_name or name}.key"
        file.parent.mkdir(exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(made["key"] + "\n")
        self.keys[key_name or name] = file


@contextlib.contextmanager
def serving(folder, http):
    """Runs `slipway serve` with authentication on; yields (Slipway, seconds until ready) and drains it at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    ready = folder / "ready.json"
    ready.unlink(missing_ok=True)
    began = time.monotonic()
    with open(folder / "server.log", "wb") as log:
        command = [EXECUTABLE, "serve", "--data", folder / "data", "--http", http, "--ready-file", ready]
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        while not ready.exists():
            if process.poll() is not None or time.monotonic() - began > READY_TIMEOUT_S:
                raise SystemExit(f"the server did not start:\n{(folder / 'server.log').read_text()}")
            time.sleep(0.01)
        yield Slipway(json.loads(ready.read_text())["http"], folder), time.monotonic() - began
    finally:
        process.terminate()
        process.wait()
