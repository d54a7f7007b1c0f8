"""A closed loop over keep-alive connections in one thread, light enough to saturate a server on another core."""

import dataclasses
import hashlib
import http.client
import selectors
import socket
import time


@dataclasses.dataclass
class Load:
    elapsed_s: float
    latencies_s: list
    answers: list

    @property
    def per_second(self):
        return len(self.latencies_s) / self.elapsed_s


def percentile(values, percent):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


class Lane:
    """One connection: sends the next request when the answer to the last is there."""

    def __init__(self, port, requests):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.requests = iter(requests)
        self.received = b""

    def send_next(self):
        """False when there is nothing left to send."""
        request = next(self.requests, None)
        if request is None:
            return False
        method, path, body = request
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(body)}\r\n\r\n"
        self.sent = time.perf_counter()
        self.socket.sendall(head.encode() + body)
        return True

    def receive(self):
        """(status, body) once the answer is whole, else None."""
        chunk = self.socket.recv(1 << 20)
        if not chunk:
            raise RuntimeError("the server closed the connection")
        self.received += chunk
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = self.received[:end].lower()
        at = head.find(b"content-length:")
        if at < 0:
            raise RuntimeError(f"an answer without Content-Length: {head!r}")
        size = int(head[at + 15 :].split(b"\r\n", 1)[0])
        if len(self.received) < end + 4 + size:
            return None
        body = self.received[end + 4 : end + 4 + size]
        self.received = self.received[end + 4 + size :]
        return int(head[9:12]), body


def closed_loop(port, streams, seconds=None, keep_answers=False):
    """Sends each stream of (method, path, body) on a connection of its own, until it ends or `seconds` are over."""
    lanes = [Lane(port, stream) for stream in streams]
    selector = selectors.DefaultSelector()
    load = Load(0, [], [])
    started = time.perf_counter()
    deadline = started + (seconds or 3600)
    waiting = 0
    for lane in lanes:
        selector.register(lane.socket, selectors.EVENT_READ, lane)
        waiting += lane.send_next()
    while waiting:
        events = selector.select(timeout=60)
        if not events:
            raise RuntimeError("no answer for 60 s")
        for key, _ in events:
            lane = key.data
            answer = lane.receive()
            if answer is None:
                continue
            now = time.perf_counter()
            status, body = answer
            if status != 200:
                raise RuntimeError(f"status {status}: {body[:300]!r}")
            load.latencies_s.append(now - lane.sent)
            if keep_answers:
                load.answers.append(body)
            if now >= deadline or not lane.send_next():
                waiting -= 1
    load.elapsed_s = time.perf_counter() - started
    for lane in lanes:
        lane.socket.close()
    return load


def upload_and_download(port, run_id, size_bytes, seconds):
    """MB/s of uploads, then of downloads, of files of one size on one connection; the bytes are compared."""
    content = hashlib.shake_128(run_id.encode()).digest(min(size_bytes, 1 << 20)) * max(1, size_bytes >> 20)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    path = f"/api/2.0/mlflow-artifacts/artifacts/0/{run_id}/artifacts/file-"

    def repeat(method, body=None):
        started, count = time.perf_counter(), 0
        while count == 0 or time.perf_counter() < started + seconds:
            name = path + (str(count) if method == "PUT" else "0")
            connection.request(method, name, body, {"Content-Type": "application/octet-stream"})
            response = connection.getresponse()
            received = response.read()
            if response.status != 200 or (method == "GET" and received != content):
                raise RuntimeError(f"{method} {name}: status {response.status}, {received[:200]!r}")
            count += 1
        return count * size_bytes / 1e6 / (time.perf_counter() - started)

    return {"put": repeat("PUT", content), "get": repeat("GET")}
