# SPDX-License-Identifier: MIT
"""Another configuration while the gateway runs: what changes, what must not, and what a file
with errors does."""
import json
import re
import signal
import time

import pytest

from conftest import STOP_S, dht11s, wait_until
from test_outage import check_complete as check_no_gap

SETTINGS = "{prefix: ha, status_topic: ha/status}"


def sensor(ident, pin, **keys):
    more = "".join(f", {key}: {value}" for key, value in keys.items())
    interval = "" if "interval" in keys else ", interval: 1s"
    return f"  - {{id: {ident}, driver: dht11, pin: sim/{pin}{interval}{more}}}"


def of(listener, name):
    return [reading for reading in listener.readings() if reading["sensor"] == name]


def wait_for_readings(listener, name, number):
    wait_until(lambda: len(of(listener, name)) >= number, f"{number} readings of {name}")


def check_complete(listener):
    """Every reading came once, in order."""
    numbers = [reading["seq"] for reading in listener.readings()]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def kept(listen):
    """What the broker keeps for those who come late."""
    late = listen()
    late.catch_up()
    return {message.topic: message.text for message in late.seen() if message.is_retained}


def test_sensors_come_go_and_move_and_the_others_notice_nothing(listen, run):
    listener = listen()
    gateway = run("\n".join([sensor("stays", 1), sensor("goes", 2), sensor("moves", 3)]))
    wait_for_readings(listener, "goes", 2)
    gateway.reload(sensors="\n".join([sensor("comes", 2), sensor("moves", 4),
                                      sensor("stays", 1)]))
    assert 'changed="+comes, moves (pin), -goes"' in gateway.said()
    number = len(of(listener, "goes"))
    for name in ("comes", "moves", "stays"):
        wait_for_readings(listener, name, len(of(listener, name)) + 3)
    assert len(of(listener, "goes")) <= number + 1
    check_complete(listener)
    told = listener.texts("/availability")
    assert told.count("offline") == 4, told
    assert listener.texts("/stays/availability") == ["offline", "online"]
    assert listener.texts("/moves/availability") == ["offline", "online"]
    assert gateway.said().count("connected to the broker") == 1
    assert [entry["id"] for entry in json.loads(listener.last("/info"))["sensors"]] == [
        "comes", "moves", "stays"]
    assert "warning" not in gateway.said()
    assert kept(listen).keys() == {"b/g/status", "b/g/info"} | {
        f"b/g/{name}/{leaf}" for name in ("comes", "moves", "stays")
        for leaf in ("availability", "state")}


def test_a_sensor_that_stays_is_asked_when_it_would_have_been(listen, run):
    """Its next turn would come an hour later: a reload brings no reading of its own."""
    listener = listen()
    gateway = run("\n".join([sensor("slow", 1, interval="1h"), sensor("quick", 2)]))
    wait_for_readings(listener, "slow", 1)
    for pin in (3, 4, 5):
        gateway.reload(sensors="\n".join([sensor("quick", pin), sensor("slow", 1, interval="1h",
                                                                       name=f"S{pin}")]))
        wait_for_readings(listener, "quick", len(of(listener, "quick")) + 2)
    assert len(of(listener, "slow")) == 1
    gateway.reload(sensors=sensor("slow", 6, interval="1h"))
    wait_for_readings(listener, "slow", 2)


def test_a_file_with_errors_changes_nothing_and_all_of_them_are_said(listen, run):
    listener = listen()
    gateway = run(sensor("porch", 1))
    wait_for_readings(listener, "porch", 1)
    before = gateway.config.read_text()
    gateway.configure(sensors=f"{sensor('porch', 2, intervall='2s')}\n"
                              f"{sensor('porch', 'x')}\n")
    gateway.process.send_signal(signal.SIGHUP)
    gateway.wait_for_word("not reloaded, the old configuration stays")
    errors = re.findall(r"^error: .*yaml:(\d+):\d+: (\S+):", gateway.said(), re.MULTILINE)
    rows = gateway.config.read_text().splitlines()
    wrong = {str(number) for number, row in enumerate(rows, 1) if "id: porch" in row}
    assert len(wrong) == 2 and wrong <= {line for line, _ in errors}, gateway.said()
    gateway.config.unlink()
    gateway.process.send_signal(signal.SIGHUP)
    gateway.wait_for_word("cannot be read")
    wait_for_readings(listener, "porch", len(of(listener, "porch")) + 2)
    gateway.config.write_text(before)
    gateway.process.send_signal(signal.SIGHUP)
    gateway.wait_for_word("nothing to reload")
    check_complete(listener)
    assert gateway.said().count("connected to the broker") == 1
    assert gateway.stop() < STOP_S and gateway.status == 0


def test_another_connection_is_made_only_where_mqtt_changed(listen, run):
    listener = listen()
    gateway = run(dht11s(4))
    listener.wait_for("/readings", 4)
    gateway.reload(mqtt_lines="  client_id: another\n  keepalive: 30s")
    gateway.wait_for_word("(?s)connected to the broker.*connected to the broker")
    listener.wait_for("/readings", len(listener.readings()) + 12)
    assert listener.texts("g/status") == ["online", "offline", "online"]
    gateway.stop()
    assert gateway.status == 0
    check_complete(listener)
    assert "reason=" not in gateway.said()


def test_a_gateway_may_be_given_another_name_and_topic(listen, run):
    listener = listen()
    gateway = run(sensor("porch", 1))
    listener.wait_for("b/g/readings", 2)
    gateway.config.write_text(gateway.config.read_text().replace("{id: g}", "{id: h}"))
    gateway.process.send_signal(signal.SIGHUP)
    listener.wait_for("b/h/readings", 2)
    assert listener.last("b/g/status") == "offline"
    assert listener.last("b/h/status") == "online"
    check_complete(listener)


def test_what_waits_for_the_broker_survives_with_its_sensors_name(broker, listen, run):
    listener = listen()
    gateway = run("\n".join([sensor("goes", 1), sensor("stays", 2)]))
    listener.wait_for("/readings", 2)
    broker.stop()
    gateway.wait_for_word("connection to the broker lost")
    posted = gateway.said().count("posted topic=b/g/readings")
    time.sleep(3)
    gateway.reload(sensors="\n".join([sensor("stays", 2), sensor("comes", 1)]))
    time.sleep(2)
    gateway.reload(sensors=sensor("comes", 1))
    broker.start()
    wait_for_readings(listener, "comes", 3)
    assert gateway.said().count("posted topic=b/g/readings") > posted + 6
    check_no_gap(listener.readings())
    assert len(of(listener, "goes")) >= 4 and len(of(listener, "stays")) >= 5
    left = kept(listen)
    assert not [topic for topic in left if "goes" in topic or "stays" in topic], left


def test_home_assistant_is_told_of_what_changes(listen, run):
    listener = listen()
    gateway = run("\n".join([sensor("goes", 1), sensor("stays", 2)]), homeassistant=SETTINGS)
    announced_s = listener.wait_for("/config", 3)[-1].at_s
    listener.forget()
    gateway.reload(sensors="\n".join([sensor("stays", 2, name="Renamed"), sensor("comes", 1)]))

    def last(name):
        return listener.last(f"_{name}/config")

    wait_until(lambda: last("goes") == "", "goes is taken back")
    wait_until(lambda: last("comes"), "comes is announced")
    stays = json.loads(wait_until(lambda: last("stays"), "stays is announced"))
    assert stays["device"]["name"] == "Renamed"
    first = listener.seen("_stays/config")[0]
    assert first.at_s - announced_s > 4, "changes are spaced"
    gateway.reload(homeassistant="{enabled: false}")
    wait_until(lambda: last("stays") == last("comes") == "", "all is taken back")
    listener.catch_up()
    listener.forget()
    listener.client.publish("ha/status", "online", 1)
    listener.wait_for("/readings", 8)
    assert listener.seen("/config") == []
    gateway.reload(homeassistant=SETTINGS)
    listener.wait_for("/config", 3)
    assert gateway.said().count("connected to the broker") == 1


def test_a_broker_that_hangs_delays_nothing_but_the_change(broker, listen, run):
    """Frozen, the broker takes a goodbye with patience; readings go on and the next reload,
    asked for meanwhile, is not forgotten."""
    listener = listen()
    gateway = run(sensor("porch", 1), mqtt_lines="  keepalive: 5s")
    listener.wait_for("/readings", 1)
    broker.send(signal.SIGSTOP)
    gateway.configure(mqtt_lines="  keepalive: 6s", sensors=sensor("porch", 2))
    gateway.process.send_signal(signal.SIGHUP)
    gateway.wait_for_word("reloading changed")
    gateway.configure(sensors=sensor("attic", 3))
    gateway.process.send_signal(signal.SIGHUP)
    gateway.wait_for_word("(?s)info: reloaded .*info: reloaded", 90)
    broker.send(signal.SIGCONT)
    wait_for_readings(listener, "attic", 2)
    check_no_gap(listener.readings())


@pytest.mark.slow
def test_a_hundred_reloads_lose_nothing_and_keep_nothing(listen, run):
    listener = listen()
    # What AddressSanitizer holds back, where that is built in, is no leak.
    gateway = run(dht11s(8), environment={"ASAN_OPTIONS": "quarantine_size_mb=0"})
    listener.wait_for("/readings", 8)
    files, memory = 0, 0
    for i in range(100):
        count = 2 + i * 5 % 7
        gateway.reload(sensors="\n".join(sensor(f"s{j}", j + i % 3) for j in range(count)))
        if i == 20:
            files, memory = gateway.num_files(), gateway.resident_kib()
    gateway.reload(sensors=dht11s(8))
    listener.wait_for("/readings", len(listener.readings()) + 16)
    assert gateway.num_files() <= files + 7, "of the lines, and no more"
    assert gateway.resident_kib() < memory + 4096
    assert gateway.said().count("connected to the broker") == 1
    gateway.stop()
    assert gateway.status == 0
    check_complete(listener)
