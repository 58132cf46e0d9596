# SPDX-License-Identifier: MIT
"""Requests over MQTT: what is done, what is answered, and what is not obeyed."""
import json
import re
import signal
import subprocess
import time

import pytest

from conftest import PROGRAM, dht11s, wait_until
from homeassistant_rules import check, entities

ON = "  requests: true"
SLOW = "  - {id: slow, driver: dht22, pin: sim/1, interval: 1h}"


class Asker:
    """Posts requests and waits for their answers, told by the transaction."""

    def __init__(self, listener):
        self.listener = listener
        self.number = 0

    def post(self, verb, payload, retain=False):
        self.listener.client.publish(f"b/g/request/{verb}", payload, 1, retain)

    def ask(self, verb, **members):
        self.number += 1
        transaction = f"t{self.number}"
        self.post(verb, json.dumps({"transaction": transaction, **members}))
        return self.answer(verb, transaction)

    def answer(self, verb, transaction):
        def find():
            answers = [json.loads(text) for text in
                       self.listener.texts(f"b/g/response/{verb}")]
            return [answer for answer in answers if answer.get("transaction") == transaction]
        found = wait_until(find, f"an answer on {verb}")
        time.sleep(0.2)
        assert len(find()) == 1
        return found[0]


@pytest.fixture(name="asker")
def asking(listen):
    return Asker(listen())


def test_a_sensor_is_read_out_of_turn(asker, run):
    run(SLOW, mqtt_lines=ON)
    asker.listener.wait_for("/readings")
    answer = asker.ask("read", sensor="slow")
    reading = json.loads(asker.listener.wait_for("/readings", 2)[1].text)
    assert answer == {"transaction": "t1", "status": "ok"} | reading
    assert json.loads(asker.listener.wait_for("/state", 2)[1].text)["seq"] == reading["seq"]
    # The sensor's rest of two seconds is kept.
    first = json.loads(asker.listener.texts("/readings")[0])
    assert reading["ts"] > first["ts"]
    answers = asker.listener.seen("/response/read")
    assert [(message.qos, message.is_retained) for message in answers] == [(1, False)]


def test_answers_are_recorded_as_an_edge_log(asker, run, tmp_path):
    run(SLOW, mqtt_lines=ON)
    asker.listener.wait_for("/readings")
    answer = asker.ask("capture", sensor="slow", frames=2)
    assert answer["status"] == "ok"
    log = tmp_path / "log.csv"
    log.write_text(answer["log"], encoding="ascii")
    decoded = subprocess.run([PROGRAM, "decode", "--driver", "dht22", log], check=True,
                             capture_output=True, text=True, timeout=30)
    frames = [json.loads(line) for line in decoded.stdout.splitlines()]
    assert [frame["verdict"] for frame in frames] == ["clean", "clean"]
    read = [json.loads(text) for text in asker.listener.texts("/readings")]
    assert [(frame["temperature"], frame["humidity"]) for frame in frames] == [
        (reading["temperature"], reading["humidity"]) for reading in read[1:3]]


def test_the_configuration_is_reloaded_or_its_errors_are_told(asker, run):
    gateway = run(SLOW, mqtt_lines=ON)
    asker.listener.wait_for("/readings")
    assert asker.ask("reload") == {"transaction": "t1", "status": "ok", "changed": ""}
    gateway.configure(sensors=f"{SLOW}\n{dht11s(1).replace('sim/0', 'sim/7')}")
    assert asker.ask("reload")["changed"] == "+s0"
    asker.listener.wait_for("/s0/state")
    gateway.configure(sensors=SLOW.replace("interval", "intervall"),
                      mqtt_lines=f"{ON}\n  username: u\n  password: S3cret-and-wrong\n  qos: 7")
    answer = asker.ask("reload")
    assert answer["status"] == "error" and len(answer["errors"]) == 2, answer
    assert "S3cret" not in json.dumps(answer) and "S3cret" not in gateway.said()
    gateway.configure(sensors=SLOW, mqtt_lines=f"{ON}\n  keepalive: 33s")
    assert asker.ask("reload")["changed"] == "mqtt.keepalive, -s0"
    gateway.configure(mqtt_lines="  keepalive: 33s")
    asker.ask("reload")
    asker.post("read", '{"sensor":"slow"}')
    time.sleep(1)
    assert asker.listener.seen("/response/read") == []


def test_power_is_cut_and_the_sensor_read_when_it_is_back(asker, run):
    run(SLOW.replace("}", ", power_pin: sim/9}"), mqtt_lines=ON,
        homeassistant="{prefix: ha, status_topic: ha/status}")
    asker.listener.wait_for("/readings")
    assert asker.ask("power_cycle", sensor="slow") == {
        "transaction": "t1", "status": "ok", "sensor": "slow"}
    asker.listener.wait_for("/readings", 2)
    told = {message.topic: message.text for message in asker.listener.seen("/config")}
    assert check(told.items(), "ha") == []
    assert {entity["name"] for _, _, entity in entities(told.items())
            if entity["platform"] == "button"} == {"Read now", "Power cycle"}


def test_the_log_level_changes(asker, run):
    gateway = run(dht11s(1), mqtt_lines=ON)
    asker.listener.wait_for("/readings", 2)
    assert asker.ask("log_level", level="warning")["status"] == "ok"
    quiet = len(gateway.said())
    asker.listener.wait_for("/readings", len(asker.listener.readings()) + 2)
    assert "debug" not in gateway.said()[quiet:]
    asker.ask("log_level", level="debug")
    asker.listener.wait_for("/readings", len(asker.listener.readings()) + 2)
    assert "debug" in gateway.said()[quiet:]


def test_what_cannot_be_done_is_answered_with_why(asker, run):
    run(f"{SLOW}\n  - {{id: gone, driver: dht22, pin: 'replay:/no/such', interval: 5s}}",
        mqtt_lines=ON)
    asker.listener.wait_for("/readings")
    for verb, members, error in [
            ("read", {"sensor": "nobody"}, "there is no such sensor"),
            ("read", {"sensor": "gone"}, "its line is not available"),
            ("power_cycle", {"sensor": "slow"}, "it has no power_pin"),
            ("read", {}, "sensor is missing: which one?"),
            ("capture", {"sensor": "slow", "frames": 5},
             "frames must be a whole number, 1 to 4"),
            ("log_level", {"level": "loud"}, "level must be error, warning, info or debug"),
            ("reload", {"path": "/etc/passwd"}, "path is not known here")]:
        answer = asker.ask(verb, **members)
        assert (answer["status"], answer["error"]) == ("error", error)
    for payload in ("PRESS", "{", "x" * 2000, "[" * 500, "\u0000", '{"sensor":"slow"}{}'):
        number = len(asker.listener.seen("/response/read"))
        asker.post("read", payload)
        asker.listener.wait_for("/response/read", number + 1)
        assert json.loads(asker.listener.last("/response/read"))["status"] == "error"
        time.sleep(0.5)


def test_a_flood_is_bounded_and_delays_no_reading(asker, run):
    gateway = run(dht11s(4), mqtt_lines=ON)
    asker.listener.wait_for("/readings", 4)
    for _ in range(3000):
        asker.post("read", '{"sensor":"s1"}')
    gateway.wait_for_word("requests come too fast")
    number = len(asker.listener.readings())
    asker.listener.wait_for("/readings", number + 12)
    assert len(asker.listener.seen("/response/read")) < 100
    errors = {json.loads(text).get("error") for text in asker.listener.texts("/response/read")}
    assert "too many requests: 10 at once, then 2 a second" in errors
    numbers = [reading["seq"] for reading in asker.listener.readings()]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_a_retained_request_is_not_obeyed(asker, run):
    asker.post("log_level", '{"level":"error"}', retain=True)
    asker.listener.wait_for("/request/log_level")
    gateway = run(dht11s(1), mqtt_lines=ON)
    gateway.wait_for_word("a retained request is not obeyed")
    assert asker.ask("read", sensor="s0")["status"] == "ok"
    assert asker.listener.seen("/response/log_level") == []


def test_without_the_key_nothing_is_heard(asker, run):
    gateway = run(dht11s(1))
    asker.listener.wait_for("/readings", 2)
    asker.post("log_level", '{"level":"error"}')
    asker.listener.wait_for("/readings", 4)
    assert asker.listener.seen("/response/log_level") == []
    assert "request" not in gateway.said()


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_home_assistant_gets_a_button_that_reads(asker, run, version):
    run(SLOW, mqtt_lines=f"{ON}\n  version: {version}",
        homeassistant="{prefix: ha, status_topic: ha/status}")
    asker.listener.wait_for("/readings")
    told = {message.topic: message.text for message in asker.listener.seen("/config")}
    assert check(told.items(), "ha") == []
    buttons = [entity for _, _, entity in entities(told.items())
               if entity["platform"] == "button"]
    assert [button["name"] for button in buttons] == ["Read now"]
    asker.listener.client.publish(buttons[0]["command_topic"], buttons[0]["payload_press"], 1)
    answer = json.loads(asker.listener.wait_for("/response/read")[0].text)
    assert (answer["status"], answer["sensor"]) == ("ok", "slow")


def test_a_stop_answers_what_it_leaves_undone(asker, run):
    """A dht22 may be asked every two seconds: the second request still waits."""
    gateway = run(SLOW, mqtt_lines=ON)
    asker.listener.wait_for("/readings")
    asker.ask("read", sensor="slow")
    asker.post("read", '{"transaction":"late","sensor":"slow"}')
    gateway.wait_for_word("(?s)request verb=read.*request verb=read")
    gateway.stop(signal.SIGTERM)
    answer = asker.answer("read", "late")
    assert re.search("given up|ok", json.dumps(answer))
