"""Who is alive, as far as this host can know."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from apps.workers import identity


def test_a_pid_that_was_given_out_again_is_another_process():
    me = identity.this_process()
    assert identity.is_alive(me) is True
    assert identity.is_alive(replace(me, process_started=me.process_started - 5)) is False


@pytest.mark.parametrize("elsewhere", [{"host": "elsewhere"}, {"boot_id": "another boot"}])
def test_nobody_is_declared_dead_from_another_host_or_boot(elsewhere):
    gone = replace(identity.this_process(), process_started=1.0)
    assert identity.is_alive(gone) is False
    assert identity.is_alive(replace(gone, **elsewhere)) is None


def test_a_host_is_called_what_its_environment_says(tmp_path):
    code = "import django; django.setup(); from apps.workers import identity; print(identity.host(), identity.cluster_queue())"
    said = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "CHANTILLY_HOME": str(tmp_path), **given},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for given in ({}, {"CHANTILLY_HOST": "north"}, {"CHANTILLY_HOST": "south"})
    ]
    assert [host for host, _ in said] == [os.uname().nodename, "north", "south"]
    assert len({queue for _, queue in said}) == 3
