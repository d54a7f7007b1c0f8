"""What an endpoint with a concurrency limit does at a multiple of its capacity: goodput by priority, memory, recovery.

Server on core 0, load on core 1. First a closed loop without a policy finds the capacity; then requests leave at
fixed times for `--seconds`, whatever the answers do, and their latency counts from when they were due. Half the
capacity is asked with priority 1, the rest of the load in equal parts with 2 and 3. Prints a table and, with --json
FILE, keeps the numbers.
"""

import argparse
import asyncio
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

from serving import MODELS, Pinned, push_approved, resident_mb

POLICY = "timeout: 1s\nlimit: {}\n"
ITERATIONS = 400  # of slow_by_input: about 6 ms
CONNECTIONS_MAX = 1_000  # the server takes 1,024 of one address


def request(priority):
    body = json.dumps(
        {
            "inputs": [{"name": "iterations", "datatype": "INT64", "shape": [1], "data": [ITERATIONS]}],
            "parameters": {"priority": priority},
        }
    ).encode()
    head = f"POST /v2/models/slow/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Client:
    """Keep-alive connections; one is made where none is idle."""

    def __init__(self, port):
        self.port = port
        self.idle = []
        self.made = 0

    async def ask(self, data):
        """The status, or 0 where there is no connection left."""
        if self.idle:
            reader, writer = self.idle.pop()
        elif self.made < CONNECTIONS_MAX:
            self.made += 1
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        else:
            return 0
        writer.write(data)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            self.made -= 1
            return 0
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        self.idle.append((reader, writer))
        return int(head[9:12])


async def closed_loop(client, seconds, lanes=4):
    end = time.perf_counter() + seconds
    done = 0

    async def lane():
        nonlocal done
        data = request(1)
        while time.perf_counter() < end:
            status = await client.ask(data)
            done += status == 200

    await asyncio.gather(*(lane() for _ in range(lanes)))
    return done / seconds


async def open_loop(client, rates, seconds):
    """`rates`: requests a second by priority. For each priority a list of (due, status, latency)."""
    answers = {priority: [] for priority in rates}
    draw = random.Random(7)
    arrivals = []
    for priority, rate in rates.items():
        at = draw.expovariate(rate)
        while at < seconds:
            arrivals.append((at, priority))
            at += draw.expovariate(rate)
    arrivals.sort()
    data = {priority: request(priority) for priority in rates}
    begin = time.perf_counter()
    late = 0.0

    async def one(due, priority):
        status = await client.ask(data[priority])
        answers[priority].append((due, status, time.perf_counter() - begin - due))

    tasks = set()
    for due, priority in arrivals:
        wait = due - (time.perf_counter() - begin)
        if wait > 0:
            await asyncio.sleep(wait)
        late = max(late, -wait)
        task = asyncio.create_task(one(due, priority))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    if tasks:
        await asyncio.wait(tasks)
    return answers, late


async def recovery(client, usual_s):
    """Seconds until ten requests in a row of the least important level are answered about as fast as without load."""
    begin = time.perf_counter()
    good = 0
    while good < 10:
        sent = time.perf_counter()
        status = await client.ask(request(3))
        good = good + 1 if status == 200 and time.perf_counter() - sent < 3 * usual_s else 0
        if time.perf_counter() - begin > 30:
            return None
    return time.perf_counter() - begin


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else None


async def measure(server, policy, options):
    client = Client(server.port)
    capacity = await closed_loop(client, options.calibration_seconds)
    server.cli("policy", "set", "slow", policy)
    await asyncio.sleep(3)  # in force within seconds
    usual = []
    for _ in range(50):
        sent = time.perf_counter()
        await client.ask(request(1))
        usual.append(time.perf_counter() - sent)
    result = {
        "capacity_per_s": capacity,
        "unloaded_p50_ms": percentile(usual, 0.5) * 1e3,
        "resident_before_mb": resident_mb(server.process.pid),
    }
    rest = capacity * (options.times - 0.5) / 2
    answers, late = await open_loop(client, {1: capacity / 2, 2: rest, 3: rest}, options.seconds)
    result["recovery_s"] = await recovery(client, percentile(usual, 0.9))
    result["resident_after_mb"] = resident_mb(server.process.pid)
    result["generator_late_ms_max"] = late * 1e3
    result["levels"] = {}
    for priority, found in answers.items():
        good = [latency for _, status, latency in found if status == 200]
        seconds = [[status for due, status, _ in found if int(due) == at] for at in range(options.seconds)]
        result["levels"][priority] = {
            "sent_per_s": len(found) / options.seconds,
            "goodput_percent": 100 * len(good) / len(found),
            "goodput_worst_second_percent": min(100 * s.count(200) / len(s) for s in seconds if s),
            "refused": sum(status == 429 for _, status, _ in found),
            "failed": sum(status not in (200, 429) for _, status, _ in found),
            "p50_ms": percentile(good, 0.5) * 1e3 if good else None,
            "p99_ms": percentile(good, 0.99) * 1e3 if good else None,
        }
    return result


def show(result):
    print(f"capacity {result['capacity_per_s']:.0f} req/s, a request without load {result['unloaded_p50_ms']:.1f} ms")
    keys = ("sent_per_s", "goodput_percent", "goodput_worst_second_percent", "refused", "failed", "p50_ms", "p99_ms")
    titles = ("sent/s", "goodput %", "worst second %", "refused", "failed", "p50 ms", "p99 ms")
    print("priority" + "".join(f"{title:>15}" for title in titles))
    for priority, level in result["levels"].items():
        values = ("-" if level[key] is None else f"{level[key]:.1f}" for key in keys)
        print(f"{priority:>8}" + "".join(f"{value:>15}" for value in values))
    print(f"resident {result['resident_before_mb']:.0f} MB before, {result['resident_after_mb']:.0f} MB after")
    after = result["recovery_s"]
    print("no recovery within 30 s" if after is None else f"as fast as before {after:.2f} s after the load ended")
    print(f"the load generator was late by at most {result['generator_late_ms_max']:.0f} ms")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--times", type=float, default=5, help="the load, in capacities")
    parser.add_argument("--calibration-seconds", type=int, default=5)
    parser.add_argument("--policy", default=POLICY)
    parser.add_argument("--json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        directory = pathlib.Path(temporary)
        server = Pinned(directory / "server").start()
        push_approved(server, "slow", MODELS / "slow_by_input.onnx")
        policy = directory / "policy.yaml"
        policy.write_text(options.policy)
        subprocess.run(["taskset", "-cp", "1", str(os.getpid())], check=True, capture_output=True)
        result = asyncio.run(measure(server, policy, options))
        assert server.stop() == 0, server.log()
    show(result)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(result, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
