"""One shell for one document: what a reader's terminal remembers (variables, folder, jobs) is remembered."""

import os
import pathlib
import secrets
import signal
import subprocess
import threading

STOP_AT_FAILURE = "trap 'block_status=$?; trap - ERR; return $block_status' ERR"


class Shell:
    def __init__(self, folder, environment):
        self.block = pathlib.Path(folder) / ".block"
        self.process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, command, timeout_s=120):
        """(exit status, lines printed on both streams); ends at the first command that fails."""
        watch = threading.Timer(timeout_s, self.kill)
        watch.start()
        try:
            return self.run_unwatched(command)
        finally:
            watch.cancel()

    def run_unwatched(self, command):
        marker = "done-" + secrets.token_hex(8)
        self.block.write_text(f"{STOP_AT_FAILURE}\n{command}\ntrap - ERR\n")
        self.send(f". {self.block}; printf '\\n{marker} %s\\n' $?\n")
        lines = []
        for line in self.process.stdout:
            if line.startswith(marker):
                return int(line.split()[1]), lines
            lines.append(line.rstrip("\n"))
        raise RuntimeError("the shell ended, or was stopped for taking too long:\n" + "\n".join(lines))

    def send(self, text):
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)

    def close(self, timeout_s=30):
        """Ends the servers that the document started, and the shell; True when all went as they were asked to."""
        try:
            self.send("kill $(jobs -p) 2>/dev/null; wait; exit 0\n")
            self.process.communicate(timeout=timeout_s)
            return True
        except (BrokenPipeError, subprocess.TimeoutExpired):
            if self.process.poll() is None:
                self.kill()
            self.process.communicate()
            return False
