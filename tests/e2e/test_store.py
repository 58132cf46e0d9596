# SPDX-License-Identifier: MIT
"""The store's file on a disk that is full, read-only, somebody else's or damaged."""
import os
import re
import subprocess
import time

import pytest

from test_kill import first_copies, runs_of, wait_for_news


@pytest.fixture(name="disk")
def small_disk(tmp_path):
    """A file system of one mebibyte."""
    if os.geteuid() != 0:
        pytest.skip("SKIP mounting takes root")
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder],
                          capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip("SKIP no file system can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def times_said(gateway, pattern):
    return len(re.findall(pattern, gateway.said()))


def check_all_came(listener):
    wait_for_news(listener, time.time())
    first = first_copies(listener.readings())
    assert len(runs_of(first)) == 1
    return first


def test_a_full_disk_loses_nothing_and_is_reported_once(broker, listen, run, sensors, disk):
    broker.stop()
    gateway = run(sensors(8), store=", flush_interval: 200ms", store_path=disk / "state.db")
    gateway.wait_for_word("trying the broker again")
    filler = disk / "filler"
    try:
        with filler.open("wb", buffering=0) as file:
            while file.write(b"x" * 512):
                pass
    except OSError:
        pass
    gateway.wait_for_word('cannot write the store.*reason="database or disk is full')
    time.sleep(4)
    assert times_said(gateway, "error: cannot write the store") == 1
    filler.unlink()
    gateway.wait_for_word("the store can be written again", 120)
    broker.start()
    check_all_came(listen())


def test_a_disk_that_turns_read_only_loses_nothing(broker, listen, run, sensors, disk):
    gateway = run(sensors(8), store=", durability: always", store_path=disk / "state.db")
    listener = listen()
    listener.wait_for("/readings", 8)
    # An exclusive file cannot be remounted under its user; what fails is what comes next.
    gateway.stop()
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    gateway.start()
    gateway.wait_for_word("error: cannot open the store")
    wait_for_news(listener, time.time())
    gateway.stop()
    assert gateway.status == 0
    assert times_said(gateway, "error: cannot") == 1
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)


def test_two_gateways_do_not_share_a_file(broker, listen, run, sensors):
    broker.stop()
    first = run(sensors(4), store=", durability: always")
    first.wait_for_word("debug: stored readings=")
    second = run(sensors(4), mqtt_lines="  client_id: second", store_path=first.store)
    second.wait_for_word('error: cannot open the store.*reason="database is locked')
    time.sleep(4)
    assert times_said(second, "error: cannot") == 1
    first.kill()
    second.wait_for_word("readings of an earlier run wait", 120)
    assert second.is_alive()
    listener = broker.start() or listen()
    wait_for_news(listener, time.time())
    first_copies(listener.readings())


def test_a_damaged_file_is_set_aside(broker, listen, run, sensors):
    gateway = run(sensors(4))
    listener = listen()
    listener.wait_for("/readings", 4)
    gateway.stop()
    gateway.store.write_bytes(b"garbage " * 1000)
    gateway.start()
    gateway.wait_for_word("the store is damaged and was set aside")
    wait_for_news(listener, time.time())
    gateway.stop()
    assert len(list(gateway.store.parent.glob("state.db.corrupt-*"))) >= 1
    seqs = [reading["seq"] for reading in listener.readings()]
    assert len(set(seqs)) == len(first_copies(listener.readings()))
    assert seqs == sorted(seqs)
