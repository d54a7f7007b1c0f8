"""The artifact API as MLflow's clients use it, down to the bytes on the wire."""

import hashlib
import http.client
import json
import os
import pathlib
import re
import urllib.parse

import pytest
from server import Server
from test_operations import create_key

ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
PARTS = "/api/2.0/mlflow-artifacts/mpu"
MIB = 1 << 20

# Each leads out of its folder for one decoder or another.
TRAVERSALS = [
    "..",
    "../etc/passwd",
    "a/../../b",
    "a/..",
    "./a",
    "a/./b",
    "/etc/passwd",
    "//etc/passwd",
    "a//b",
    "..\\windows",
    "a\\..\\b",
    "%2e%2e/b",
    "%2e%2e%2fb",
    "..%2fb",
    "a/%2e%2e/b",
    "%252e%252e/b",
    "%25252e%25252e/b",
    "..%c0%afb",
    "..%5cb",
    "a%00b",
    "file:///etc/passwd",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("artifacts")).start()
    yield running
    assert running.stop() == 0, running.log()
    assert "Sanitizer" not in running.log(), running.log()


def call(server, method, path, body=None, **headers):
    """(status, headers, body); `path` goes out as it is."""
    connection = http.client.HTTPConnection(server.address, timeout=120)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def post(server, target, **fields):
    return call(server, "POST", target, json.dumps(fields).encode(), Content_Type="application/json")


def put(server, path, body):
    status, _, answer = call(server, "PUT", f"{ARTIFACTS}/{urllib.parse.quote(path)}", body)
    assert (status, answer) == (200, b"{}"), (path, answer)


def get(server, path, **headers):
    return call(server, "GET", f"{ARTIFACTS}/{urllib.parse.quote(path)}", **headers)


def listed(server, folder):
    status, _, body = call(server, "GET", f"{ARTIFACTS}?path={urllib.parse.quote(folder, safe='')}")
    assert status == 200, body
    return {f["path"]: (f["is_dir"], f.get("file_size")) for f in json.loads(body)["files"]}


@pytest.mark.parametrize("size", [0, 1, 4095, MIB, 5 * MIB + 3])
def test_a_file_comes_back_as_it_went(server, size):
    content = os.urandom(size)
    put(server, f"0/sizes/{size}.bin", content)
    status, headers, body = get(server, f"0/sizes/{size}.bin")
    assert status == 200 and body == content
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"] == f'attachment; filename="{size}.bin"'
    assert headers["ETag"] == f'"{hashlib.sha256(content).hexdigest()}"'
    assert listed(server, "0/sizes")[f"{size}.bin"] == (False, size)
    status, headers, body = call(server, "HEAD", f"{ARTIFACTS}/0/sizes/{size}.bin")
    assert (status, int(headers["Content-Length"]), body) == (200, size, b"")


@pytest.mark.parametrize("pieces", [[], [b"a"], [b"x" * 70000, b"y", b"z" * 3]])
def test_uploads_may_be_chunked(server, pieces):
    connection = http.client.HTTPConnection(server.address, timeout=30)
    connection.request(
        "PUT", f"{ARTIFACTS}/0/chunked/f.txt", iter(pieces), {"Transfer-Encoding": "chunked"}, encode_chunked=True
    )
    assert connection.getresponse().read() == b"{}"
    connection.close()
    assert get(server, "0/chunked/f.txt")[2] == b"".join(pieces)


def test_the_last_one_written_wins(server):
    put(server, "0/over/f.txt", b"old and longer")
    put(server, "0/over/f.txt", b"new")
    assert get(server, "0/over/f.txt")[2] == b"new"
    assert listed(server, "0/over") == {"f.txt": (False, 3)}


def test_lists_one_level_by_name(server):
    for path in ("b.txt", "a/x/deep.bin", "a/y.bin", "c/z"):
        put(server, f"0/tree/{path}", b"1")
    assert listed(server, "0/tree") == {"a": (True, None), "b.txt": (False, 1), "c": (True, None)}
    assert listed(server, "0/tree/a") == {"x": (True, None), "y.bin": (False, 1)}
    assert listed(server, "0/tree/b.txt") == {} and listed(server, "0/nothing") == {}


def test_folders_go_with_what_is_in_them(server):
    put(server, "0/gone/a/b/c", b"1")
    put(server, "0/gone/d", b"1")
    assert call(server, "DELETE", f"{ARTIFACTS}/0/gone/a")[0] == 200
    assert listed(server, "0/gone") == {"d": (False, 1)}
    assert get(server, "0/gone/a/b/c")[0] == 404
    assert call(server, "DELETE", f"{ARTIFACTS}/0/gone/")[0] == 200
    assert listed(server, "0/gone") == {}
    assert call(server, "DELETE", f"{ARTIFACTS}/0/gone")[0] == 200, "a retried request"


@pytest.mark.parametrize("name", ["Grüße 日本.txt", "a b+c&d=e.csv", "it's (1) [2] {3}!.json", "café.png", "~x"])
def test_names_are_what_people_write(server, name):
    put(server, f"0/names/{name}", name.encode())
    status, headers, body = get(server, f"0/names/{name}")
    assert status == 200 and body == name.encode()
    assert name in listed(server, "0/names")
    if not name.isascii():
        assert headers["Content-Disposition"].endswith(f"filename*=UTF-8''{urllib.parse.quote(name, safe='')}")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("MLmodel", "text/plain"),
        ("a.html", "text/plain"),
        ("a.json", "text/plain"),
        ("a.png", "image/png"),
        ("model.onnx", "application/octet-stream"),
    ],
)
def test_types_are_guessed_and_nothing_runs_in_a_browser(server, name, kind):
    put(server, f"0/types/{name}", b"<script>")
    headers = get(server, f"0/types/{name}")[1]
    assert headers["Content-Type"] == kind and headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("wanted", "status", "start", "end"),
    [
        ("bytes=0-9", 206, 0, 10),
        ("bytes=990-", 206, 990, 1000),
        ("bytes=-5", 206, 995, 1000),
        ("bytes=500-5000", 206, 500, 1000),
        ("bytes=1000-", 416, 0, 0),
    ],
)
def test_a_part_of_a_file(server, wanted, status, start, end):
    content = bytes(i % 251 for i in range(1000))
    put(server, "0/ranges/f.bin", content)
    found, headers, body = get(server, "0/ranges/f.bin", Range=wanted)
    assert found == status
    if status == 206:
        assert body == content[start:end]
        assert headers["Content-Range"] == f"bytes {start}-{end - 1}/1000"


@pytest.mark.parametrize("path", TRAVERSALS)
def test_paths_that_lead_elsewhere_are_refused(server, path):
    quoted = urllib.parse.quote(path, safe="")
    for raw in {path, quoted, urllib.parse.quote(path)}:
        if " " in raw or "\\" in raw:
            continue  # no request line
        for method, body in (("PUT", b"x"), ("GET", None), ("DELETE", None)):
            status, _, answer = call(server, method, f"{ARTIFACTS}/0/safe/{raw}", body)
            assert status in (400, 404), (method, raw, answer)
            if method == "PUT":
                assert status == 400, (raw, answer)
    assert call(server, "GET", f"{ARTIFACTS}?path={quoted}")[0] == 400
    for verb in ("create", "complete", "abort"):
        status, _, answer = call(
            server,
            "POST",
            f"{PARTS}/{verb}/0/{quoted}",
            json.dumps({"path": "f", "num_parts": 1, "upload_id": "x"}).encode(),
        )
        assert status == 400, (verb, answer)
    run = json.loads(post(server, "/api/2.0/mlflow/runs/create", experiment_id="0")[2])["run"]["info"]["run_id"]
    for query in (f"artifacts/list?run_id={run}&path={quoted}",):
        status, _, answer = call(server, "GET", f"/api/2.0/mlflow/{query}")
        assert status == 400, answer
    for ajax in (f"upload-artifact?run_uuid={run}&path={quoted}",):
        status, _, answer = call(server, "POST", f"/ajax-api/2.0/mlflow/{ajax}", b"x")
        assert status == 400, answer
    status, _, answer = call(server, "GET", f"/ajax-api/2.0/mlflow/get-artifact?run_uuid={run}&path={quoted}")
    assert status == 400, answer


def test_a_file_is_no_folder(server):
    put(server, "0/conflict/f", b"1")
    assert call(server, "PUT", f"{ARTIFACTS}/0/conflict/f/g", b"1")[0] == 400
    assert call(server, "PUT", f"{ARTIFACTS}/0/conflict", b"1")[0] == 400


def memory_peak_bytes(server):
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) << 10


def file_of(path, size):
    """A file of pseudo-random bytes, and its digest."""
    block = os.urandom(MIB)
    digest = hashlib.sha256()
    with open(path, "wb") as file:
        for i in range(size // MIB):
            chunk = block[:-8] + i.to_bytes(8, "little")
            file.write(chunk)
            digest.update(chunk)
    return digest.hexdigest()


def digest_of(answer):
    digest = hashlib.sha256()
    while chunk := answer.read(MIB):
        digest.update(chunk)
    return digest.hexdigest()


def test_memory_stays_flat_under_a_large_file(server, tmp_path):
    put(server, "0/large/warm.bin", os.urandom(20 * MIB))
    get(server, "0/large/warm.bin")
    before = memory_peak_bytes(server)
    size = 600 * MIB
    digest = file_of(tmp_path / "large.bin", size)
    connection = http.client.HTTPConnection(server.address, timeout=280)
    with open(tmp_path / "large.bin", "rb") as file:
        connection.request("PUT", f"{ARTIFACTS}/0/large/large.bin", file, {"Content-Length": str(size)})
        assert connection.getresponse().read() == b"{}"
    connection.request("GET", f"{ARTIFACTS}/0/large/large.bin")
    answer = connection.getresponse()
    assert int(answer.headers["Content-Length"]) == size and digest_of(answer) == digest
    connection.close()
    assert memory_peak_bytes(server) - before < 32 * MIB
    assert call(server, "DELETE", f"{ARTIFACTS}/0/large")[0] == 200


def create_upload(server, path, parts):
    folder, name = path.rsplit("/", 1)
    status, _, body = post(server, f"{PARTS}/create/{folder}", path=f"/home/me/{name}", num_parts=parts)
    assert status == 200, body
    return json.loads(body)


def put_part(server, url, body):
    parsed = urllib.parse.urlparse(url)
    assert parsed.netloc == server.address
    status, headers, answer = call(server, "PUT", f"{parsed.path}?{parsed.query}", body)
    return status, headers.get("ETag"), answer


def complete_upload(server, path, upload, parts):
    folder, name = path.rsplit("/", 1)
    return post(server, f"{PARTS}/complete/{folder}", path=name, upload_id=upload["upload_id"], parts=parts)


def test_parts_become_one_file(server):
    contents = [os.urandom(MIB), os.urandom(MIB), b"the end"]
    upload = create_upload(server, "0/parts/big.bin", len(contents))
    parts = []
    for credential in reversed(upload["credentials"]):
        content = contents[credential["part_number"] - 1]
        status, etag, answer = put_part(server, credential["url"], content)
        assert status == 200, answer
        parts.append({"part_number": credential["part_number"], "etag": etag, "url": credential["url"]})
    assert get(server, "0/parts/big.bin")[0] == 404, "nothing is there before it is complete"
    status, _, answer = complete_upload(server, "0/parts/big.bin", upload, parts)
    assert status == 200, answer
    assert get(server, "0/parts/big.bin")[2] == b"".join(contents)
    assert complete_upload(server, "0/parts/big.bin", upload, parts)[0] == 404, "it is complete"


def test_a_part_needs_its_own_signed_url(server):
    upload = create_upload(server, "0/parts/f.bin", 2)
    first, second = (credential["url"] for credential in upload["credentials"])
    tampered = [
        first.replace("/1?", "/2?"),
        first[:-1] + ("0" if first[-1] != "0" else "1"),
        re.sub(r"expires=\d+", "expires=99999999999", first),
        first.split("&")[0],
        first.split("?")[0],
        first.replace(upload["upload_id"], "0" * 8 + upload["upload_id"][8:]),
    ]
    for url in tampered:
        assert put_part(server, url, b"x")[0] == 404, url
    assert put_part(server, second, b"x")[0] == 200


def test_what_is_not_complete_is_refused(server):
    upload = create_upload(server, "0/parts/g.bin", 2)
    _, etag, _ = put_part(server, upload["credentials"][0]["url"], b"one")
    one = {"part_number": 1, "etag": etag}
    for parts in (
        [],
        [one],
        [one, one],
        [one, {"part_number": 2, "etag": etag}],
        [{"part_number": 1, "etag": '"0"'}, {"part_number": 2, "etag": etag}],
    ):
        assert complete_upload(server, "0/parts/g.bin", upload, parts)[0] == 400, parts
    assert complete_upload(server, "0/parts/other.bin", upload, [one])[0] == 400
    assert post(server, f"{PARTS}/abort/0/parts", path="g.bin", upload_id=upload["upload_id"])[0] == 200
    assert put_part(server, upload["credentials"][1]["url"], b"two")[0] == 404
    for count in (0, -1, 10_001):
        assert post(server, f"{PARTS}/create/0/parts", path="h", num_parts=count)[0] == 400


def test_runs_list_their_files(server):
    run = json.loads(post(server, "/api/2.0/mlflow/runs/create", experiment_id="0")[2])["run"]["info"]
    root = run["artifact_uri"].removeprefix("mlflow-artifacts:/")
    for i in range(3):
        put(server, f"{root}/folder/{i}.txt", b"1")
    status, _, body = call(server, "GET", f"/api/2.0/mlflow/artifacts/list?run_id={run['run_id']}&path=folder")
    assert status == 200
    answer = json.loads(body)
    assert answer["root_uri"] == run["artifact_uri"]
    assert [f["path"] for f in answer["files"]] == ["folder/0.txt", "folder/1.txt", "folder/2.txt"]
    status, _, body = call(server, "GET", f"/api/2.0/mlflow/artifacts/list?run_id={run['run_id']}&page_token=made-up")
    assert status == 400, body
    status, _, body = call(
        server, "POST", f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={run['run_id']}&path=ui.json", b"[1]"
    )
    assert status == 200, body
    assert get(server, f"{root}/ui.json")[2] == b"[1]"
    status, _, body = call(server, "GET", f"/ajax-api/2.0/mlflow/get-artifact?run_uuid={run['run_id']}&path=ui.json")
    assert (status, body) == (200, b"[1]")


def test_what_was_acknowledged_survives_kill(make_server):
    server = make_server()
    put(server, "0/durable/f.bin", b"kept")
    directory = server.directory
    server.kill()
    again = make_server(directory=directory)
    assert get(again, "0/durable/f.bin")[2] == b"kept"


def test_rights(make_server):
    server = make_server(auth="on")
    admin = (server.directory / "data/bootstrap.key").read_text().strip()
    as_viewer = {"Authorization": f"Bearer {create_key(server, admin, 'vera', 'viewer')['key']}"}
    as_scientist = {"Authorization": f"Bearer {create_key(server, admin, 'sam', 'data-scientist')['key']}"}
    path = f"{ARTIFACTS}/0/rights/f"
    assert call(server, "PUT", path, b"x")[0] == 401
    assert call(server, "PUT", path, b"x", **as_viewer)[0] == 403
    assert call(server, "DELETE", path, **as_viewer)[0] == 403
    assert call(server, "PUT", path, b"x", **as_scientist)[0] == 200
    assert call(server, "GET", path)[0] == 401
    assert call(server, "GET", path, **as_viewer)[2] == b"x"
    body = json.dumps({"path": "big", "num_parts": 1}).encode()
    assert call(server, "POST", f"{PARTS}/create/0/rights", body, **as_viewer)[0] == 403
    status, _, answer = call(server, "POST", f"{PARTS}/create/0/rights", body, **as_scientist)
    assert status == 200
    url = json.loads(answer)["credentials"][0]["url"]
    assert put_part(server, url, b"part")[0] == 200, "a part's URL needs no key"
    assert put_part(server, url[:-1] + "x", b"part")[0] == 404
    for path in ("versions", "versions/0", "versions/a/b"):
        assert call(server, "PUT", f"{ARTIFACTS}/{path}", b"x", **as_scientist)[0] == 400
        assert call(server, "DELETE", f"{ARTIFACTS}/{path}", **as_scientist)[0] == 400
