"""A real HTTP server that receives what Slipway sends, with failures on demand."""

import http.server
import json
import threading
import time


class Receiver:
    """`with Receiver(answer) as receiver`: `answer(n)` says what the n-th request (from 0) gets.

    A status; or "hang": no answer; "slow": 200 whose body does not end; "close": the connection is cut without answer;
    "endless": 200 with a body that never stops coming; "redirect": 302 to another path.
    """

    def __init__(self, answer=lambda n: 200, port=0, tls=None):
        self.answer = answer
        self.requests = []
        self.released = threading.Event()
        self.lock = threading.Lock()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                with receiver.lock:
                    number = len(receiver.requests)
                    receiver.requests.append(Request(self.path, dict(self.headers), body, time.time()))
                self.close_connection = True
                try:
                    self.respond(receiver.answer(number))
                except (BrokenPipeError, ConnectionResetError):
                    pass

            def do_GET(self):
                with receiver.lock:
                    receiver.requests.append(Request("GET " + self.path, dict(self.headers), b"", time.time()))
                self.respond(200)

            def respond(self, wanted):
                if wanted == "close":
                    return
                if wanted == "hang":
                    receiver.released.wait(60)
                    return
                self.send_response({"redirect": 302}.get(wanted, wanted if isinstance(wanted, int) else 200))
                if wanted == "redirect":
                    self.send_header("Location", "/elsewhere")
                if wanted in ("slow", "endless"):
                    self.send_header("Content-Length", "1000000000")
                    self.end_headers()
                    while wanted == "endless" and not receiver.released.is_set():
                        self.wfile.write(bytes(65536))
                    receiver.released.wait(60)
                    return
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def wait_for(self, count, timeout_s=30):
        """The requests so far, at least `count`."""
        deadline = time.monotonic() + timeout_s
        while len(self.requests) < count:
            assert time.monotonic() < deadline, f"{len(self.requests)} of {count} requests came"
            time.sleep(0.01)
        return list(self.requests)


class Request:
    def __init__(self, path, headers, body, time):
        self.path, self.body, self.time = path, body, time
        self.headers = {name.lower(): value for name, value in headers.items()}

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def id(self):
        return self.headers["x-mlflow-delivery-id"]
