"""What `manage.py up` refuses, and what it says."""

import os
import socket
import tempfile
from pathlib import Path

import pytest

from apps.core import hints
from apps.core.errors import Conflict
from apps.workers.supervisor import preconditions
from apps.workers.supervisor.options import Options


def test_a_home_has_one_supervisor(tmp_path):
    with preconditions.lock_home(tmp_path):
        assert preconditions.running_supervisor(tmp_path) == os.getpid()
        with pytest.raises(Conflict, match=f"already runs from {tmp_path} .process {os.getpid()}"):
            preconditions.lock_home(tmp_path)
    preconditions.lock_home(tmp_path).close()
    assert preconditions.running_supervisor(tmp_path) is None


def test_a_taken_port_is_refused_with_its_holder():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Conflict, match=rf"Port {port} .*process {os.getpid()}.*--port"):
            preconditions.refuse_taken_port("127.0.0.1", port)
    preconditions.refuse_taken_port("127.0.0.1", port)


def test_an_address_of_another_machine_is_refused():
    with pytest.raises(Conflict, match=r"Port 8000 on 192\.0\.2\.1 cannot be used"):
        preconditions.refuse_taken_port("192.0.2.1", 8000)


def test_a_home_whose_sockets_would_not_work_is_refused():
    preconditions.refuse_long_home(Path("/" + 71 * "h"))
    with pytest.raises(Conflict, match=r"73 bytes.*CHANTILLY_HOME"):
        preconditions.refuse_long_home(Path("/" + 72 * "h"))


def test_the_longest_home_has_room_for_a_socket(settings):
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        home = Path(short, "h" * (preconditions.LONGEST_HOME - len(short) - 1))
        settings.WAKE_DIR = home / "wake"

        hints.Listener(hints.WORK).close()


def test_sqlite_serves_four_workers(settings):
    settings.IS_SQLITE = True
    preconditions.refuse_too_many_workers(Options(workers=4))
    with pytest.raises(Conflict, match="at most 4 workers"):
        preconditions.refuse_too_many_workers(Options(workers=5))
    settings.IS_SQLITE = False
    preconditions.refuse_too_many_workers(Options(workers=5))


def test_a_cluster_runs_no_more_tasks_at_once_than_the_operator_allows(settings):
    settings.IS_SQLITE, settings.TASK_MAX_CONCURRENT = False, 5
    with pytest.raises(Conflict, match="TASK_MAX_CONCURRENT=6"):
        preconditions.refuse_too_many_workers(Options(workers=6))
    settings.TASK_MAX_CONCURRENT = 50
    preconditions.refuse_too_many_workers(Options(workers=50))


def test_clusters_of_one_home_hold_locks_of_their_own(tmp_path):
    with preconditions.lock_home(tmp_path), preconditions.lock_home(tmp_path, "oak"):
        with pytest.raises(Conflict, match=r"as cluster oak, .process"):
            preconditions.lock_home(tmp_path, "oak")
        assert preconditions.running_supervisor(tmp_path, "oak") == os.getpid()
        assert preconditions.running_supervisor(tmp_path, "elm") is None


@pytest.mark.parametrize("name", ["../oak", "a b", "-oak", "x" * 31, "oak/elm"])
def test_a_name_that_could_lead_elsewhere_is_refused(name):
    with pytest.raises(Conflict, match="--name oak"):
        preconditions.refuse_unusable_name(name)
    preconditions.refuse_unusable_name("oak-2")


def test_options_survive_the_way_to_the_supervisor():
    options = Options(host="::1", port=9000, workers=3, web=False, ask='he said "go"')
    assert Options.load(options.dump()) == options


@pytest.mark.parametrize(
    ("host", "address"),
    [("0.0.0.0", "http://127.0.0.1:8000"), ("::1", "http://[::1]:8000"), ("10.0.0.5", "http://10.0.0.5:8000")],
)
def test_the_address_that_is_shown_can_be_opened(host, address):
    assert Options(host=host).address == address
