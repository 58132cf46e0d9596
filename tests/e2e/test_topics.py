# SPDX-License-Identifier: MIT
"""Topics and payloads, as pin2mqtt-topics(7) promises them."""
import json
import re
import signal
import time

import pytest

from conftest import PROMPT_S

TS = r'"ts":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"'
REST = r'"seq":\d+,"temperature":-?\d+\.\d,"humidity":\d+\.\d(,"clock":"unsynced")?'
SENSORS = """\
  - {id: porch, driver: dht22, pin: sim/4, interval: 2s, stale_after: 90s}
  - {id: shed, driver: dht22, pin: sim/5, interval: 2s, stale_after: 7s}"""


def test_every_topic_and_payload_is_as_promised(broker, listen, run):
    listener = listen()
    run(SENSORS)
    listener.wait_for("/readings", 4)
    assert {message.topic for message in listener.seen()} == {
        "b/g/status", "b/g/info", "b/g/porch/availability", "b/g/shed/availability",
        "b/g/porch/state", "b/g/shed/state", "b/g/readings"}
    for message in listener.seen("/state"):
        assert re.fullmatch(f"{{{TS},{REST}}}", message.text)
    for message in listener.seen("/readings"):
        assert re.fullmatch(f'{{"sensor":"(porch|shed)",{TS},{REST}}}', message.text)
    assert listener.texts("/status") == ["online"]
    assert listener.last("porch/availability") == "online"
    readings = listener.readings()
    first = readings[0]["seq"]
    assert [reading["seq"] for reading in readings] == list(range(first, first + len(readings)))
    info = json.loads(listener.last("/info"))
    assert [sensor["id"] for sensor in info["sensors"]] == ["porch", "shed"]
    assert info["sensors"][0]["driver"] == "dht22" and info["sensors"][0]["pin"] == "sim/4"
    assert {"version", "boot_id", "libraries"} <= info.keys()


def test_a_connection_opens_with_status_info_and_availability(broker, listen, run):
    listener = listen()
    run(SENSORS)
    listener.wait_for("/readings", 2)
    topics = [message.topic for message in listener.seen()]
    assert topics[:4] == ["b/g/status", "b/g/info", "b/g/porch/availability",
                          "b/g/shed/availability"]


def test_state_is_the_newest_reading(broker, listen, run):
    listener = listen()
    run(SENSORS)
    listener.wait_for("/readings", 8)
    by_seq = {reading["seq"]: reading for reading in listener.readings()}
    for message in listener.seen("/state"):
        state = json.loads(message.text)
        if state["seq"] in by_seq:
            reading = dict(by_seq[state["seq"]])
            assert message.topic == f"b/g/{reading.pop('sensor')}/state"
            assert state == reading


@pytest.mark.parametrize("version, retain, states_retained", [
    ("auto", "auto", True), ("3.1.1", "auto", False), ("5", "no", False), ("3.1.1", "yes", True)])
def test_what_is_retained_at_which_qos(broker, listen, run, version, retain, states_retained):
    listener = listen()
    run(SENSORS, mqtt_lines=f"  version: {version}\n  retain: {retain}")
    listener.wait_for("/readings", 2)
    listener.wait_for("/state", 2)
    for message in listener.seen():
        leaf = message.topic.rsplit("/", 1)[1]
        assert message.qos == 1
        assert message.is_retained == {"status": True, "info": True, "availability": True,
                                       "state": states_retained, "readings": False}[leaf]
    late = listen()
    late.catch_up()
    assert bool(late.seen("/state")) == states_retained
    assert late.texts("/status") == ["online"]


def test_states_expire_with_mqtt_5_when_they_are_stale(broker, listen, run):
    listener = listen()
    gateway = run(SENSORS)
    listener.wait_for("porch/state")
    listener.wait_for("shed/state")
    # The broker takes off what a message waited for it.
    assert all(60 < message.expiry_s <= 90 for message in listener.seen("porch/state"))
    assert all(0 < message.expiry_s <= 7 for message in listener.seen("shed/state"))
    gateway.stop(signal.SIGKILL)
    time.sleep(8)
    late = listen()
    late.catch_up()
    assert late.seen("porch/state")
    assert late.seen("shed/state") == []


def test_qos_0_is_kept(broker, listen, run):
    listener = listen()
    run(SENSORS, mqtt_lines="  qos: 0")
    listener.wait_for("/readings", 4)
    assert {message.qos for message in listener.seen("/state")} == {0}
    assert {message.qos for message in listener.seen("/readings")} == {0}
    assert {message.qos for message in listener.seen("/status")} == {1}


def test_a_clean_stop_says_offline(broker, listen, run):
    listener = listen()
    gateway = run(SENSORS)
    listener.wait_for("/readings", 2)
    assert gateway.stop() < PROMPT_S
    assert gateway.status == 0
    listener.wait_for_text("/status", "offline")
    assert listener.texts("/status") == ["online", "offline"]
    assert listener.seen("/status")[-1].is_retained


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_the_will_says_offline_when_the_gateway_is_killed(broker, listen, run, version):
    listener = listen()
    gateway = run(SENSORS, mqtt_lines=f"  version: {version}")
    listener.wait_for("/readings")
    gateway.stop(signal.SIGKILL)
    listener.wait_for_text("/status", "offline")
    assert listener.seen("/status")[-1].is_retained


def test_numbers_go_on_above_after_a_restart(broker, listen, run):
    listener = listen()
    seen = []
    for _ in range(3):
        gateway = run(SENSORS)
        listener.wait_for("/readings", 2)
        gateway.stop(signal.SIGKILL)
        seen += [reading["seq"] for reading in listener.readings()]
        listener.forget()
    assert seen == sorted(set(seen))
