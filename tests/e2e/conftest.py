import pytest
from server import MODELS, Server, push_approved


@pytest.fixture
def make_server(tmp_path):
    """make_server(*arguments) starts a server in a directory of its own; all are stopped at the end of the test."""
    servers = []

    def make(*arguments, directory=None, **options):
        server = Server(directory or tmp_path / f"server{len(servers)}", *arguments, **options)
        servers.append(server)
        return server.start()

    yield make
    for server in servers:
        if server.process.poll() is None:
            assert server.stop() == 0, server.log()
        assert "Sanitizer" not in server.log(), server.log()


@pytest.fixture(scope="module")
def serving(tmp_path_factory):
    """A server with the sample models approved, shared by the tests of one file."""
    server = Server(tmp_path_factory.mktemp("serving")).start()
    for name in ("simple", "identity_fp32", "identity_string"):
        push_approved(server, name, MODELS / f"{name}.onnx")
    yield server
    assert server.stop() == 0, server.log()
    assert "Sanitizer" not in server.log(), server.log()
