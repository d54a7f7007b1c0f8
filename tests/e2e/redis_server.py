import pathlib
import socket
import subprocess
import sys

sys.path.append(str(pathlib.Path(__file__).parent.parent))
from postgres import free_port  # noqa: E402
from server import wait_until  # noqa: E402


class Redis:
    """A server of the test's own on a free port of loopback, stopped by its pid."""

    PASSWORD = "of the test"

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.process = None
        self.password_file = folder / "redis-password"
        self.password_file.write_text(self.PASSWORD + "\n")
        self.password_file.chmod(0o600)

    def start(self):
        options = {"port": self.port, "bind": "127.0.0.1", "save": "", "dir": self.folder, "requirepass": self.PASSWORD}
        command = ["redis-server", *(str(word) for key, value in options.items() for word in (f"--{key}", value))]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self.answers)
        return self

    def answers(self):
        try:
            return self.ask("PING") == b"+PONG"
        except OSError:
            return False

    def ask(self, *words):
        """The first line of the reply."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            for command in (("AUTH", self.PASSWORD), words):
                parts = [word if isinstance(word, bytes) else str(word).encode() for word in command]
                sent = b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)
                connection.sendall(b"*%d\r\n%s" % (len(parts), sent))
                reply = connection.makefile("rb").readline().rstrip()
            return reply

    def size(self):
        return int(self.ask("DBSIZE")[1:])

    def kill(self):
        self.process.kill()
        self.process.wait()

    @property
    def arguments(self):
        return ("--redis", f"redis://127.0.0.1:{self.port}", "--redis-password-file", str(self.password_file))
