# SPDX-License-Identifier: MIT
"""What Home Assistant is told, by `pin2mqtt discovery` and by a gateway that runs: held against
its rules, and against what the gateway's topics carry."""
import collections
import json
import re
import subprocess
import time

import pytest

from conftest import PROGRAM, wait_until
from homeassistant_rules import MAX_STATE, check, entities, render

PREFIX = "ha"
SETTINGS = "{prefix: ha, status_topic: ha/status}"
PORCH = "  - {id: porch, name: Porch, driver: dht22, pin: sim/4, interval: 2s, stale_after: 7s}"
SHED = "  - {id: shed-2, driver: dht11, pin: sim/5, interval: 1s}"
DEVICE = re.compile(r"ha/device/(pin2mqtt_[0-9a-f]{16}(?:_[a-z0-9_-]+)?)/config")


def printed(folder, gateway="{id: g}", sensors=f"{PORCH}\n{SHED}", settings=SETTINGS):
    """The messages that `pin2mqtt discovery` prints: topic -> payload."""
    file = folder / "discovery.yaml"
    file.write_text(f"gateway: {gateway}\nmqtt: {{servers: [mqtt://a], topic: b}}\n"
                    f"homeassistant: {settings}\nsensors:\n{sensors}\n", encoding="utf-8")
    told = subprocess.run([PROGRAM, "discovery", "-c", file], capture_output=True, text=True,
                          timeout=30, check=True, stdin=subprocess.DEVNULL)
    return dict(line.split(" ", 1) for line in told.stdout.splitlines())


def announced(listener):
    """The messages that came last: topic -> payload; those taken back are empty."""
    return {message.topic: message.text for message in listener.seen("/config")}


def unique_ids(messages):
    return {entity["unique_id"] for _, _, entity in entities(messages.items())}


def test_what_is_printed_follows_the_rules(tmp_path):
    messages = printed(tmp_path)
    assert check(messages.items(), PREFIX) == []
    assert len(messages) == 3 and all(DEVICE.fullmatch(topic) for topic in messages)
    gateway, porch, shed = (json.loads(payload) for payload in messages.values())
    assert porch["device"]["via_device"] == gateway["device"]["identifiers"][0]
    assert porch["device"]["name"] == "Porch"
    assert porch["components"]["temperature"]["expire_after"] == 7
    assert shed["components"]["humidity"]["expire_after"] == 60
    assert "via_device" not in gateway["device"]


def test_names_of_any_kind_follow_the_rules(tmp_path):
    messages = printed(tmp_path, '{id: _-g-_, name: "Ä \\"q\\" {{ x }} \\\\"}',
                       '  - {id: "-_-", name: "ß\'", driver: si7021, pin: sim/1}\n'
                       '  - {id: a_temperature, driver: dht12, pin: sim/2}\n'
                       '  - {id: a, driver: dht21, pin: sim/3}')
    complaints = check(messages.items(), PREFIX)
    assert [line for line in complaints if "default_entity_id" not in line] == []
    assert json.loads(list(messages.values())[0])["device"]["name"] == 'Ä "q" {{ x }} \\'


def test_unique_ids_survive_renames_and_differ_between_gateways(tmp_path):
    before = printed(tmp_path)
    renamed = printed(tmp_path, "{id: g, name: New}", f"{PORCH.replace('Porch', 'New')}\n{SHED}")
    assert before.keys() == renamed.keys() and before != renamed
    assert unique_ids(before) == unique_ids(renamed)
    other = printed(tmp_path, "{id: h}")
    assert not before.keys() & other.keys()
    assert not unique_ids(before) & unique_ids(other)
    assert check([*before.items(), *other.items()], PREFIX) == []


def test_without_home_assistant_it_is_still_printed_and_said(tmp_path):
    assert len(printed(tmp_path, settings="{enabled: false}")) == 3


def test_a_wrong_configuration_is_refused(tmp_path):
    told = subprocess.run([PROGRAM, "discovery", "-c", tmp_path / "none"], capture_output=True,
                          text=True, timeout=30, check=False)
    assert (told.returncode, told.stdout) == (78, "")
    told = subprocess.run([PROGRAM, "discovery", "more"], capture_output=True, text=True,
                          timeout=30, check=False)
    assert told.returncode == 64


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_gateway_announces_what_is_printed(tmp_path, broker, listen, run, version):
    listener = listen()
    run(f"{PORCH}\n{SHED}", homeassistant=SETTINGS, mqtt_lines=f"  version: {version}")
    listener.wait_for("/readings", 2)
    assert announced(listener) == printed(tmp_path)
    assert check(announced(listener).items(), PREFIX) == []
    assert all(message.is_retained and message.qos == 1 and message.expiry_s == 0
               for message in listener.seen("/config"))
    order = [re.sub(r"^.*/", "", message.topic) for message in listener.seen()]
    assert order[:7] == ["status", "info", "config", "config", "config", "availability",
                         "availability"]
    assert max(i for i, leaf in enumerate(order) if leaf == "config") < order.index("state")


def test_it_can_be_switched_off(broker, listen, run):
    listener = listen()
    run(PORCH, homeassistant="{enabled: false}")
    listener.wait_for("/readings", 2)
    assert listener.seen("/config") == []


def check_state(entity, payload):
    state = render(entity["value_template"], payload) if "value_template" in entity else payload
    assert 0 < len(state) <= MAX_STATE, entity
    if entity["platform"] == "binary_sensor":
        assert state in (entity["payload_on"], entity["payload_off"])
    elif "state_class" in entity:
        float(state)
    elif entity.get("device_class") == "timestamp":
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", state)


@pytest.mark.slow
def test_every_entity_gets_its_state_from_what_the_gateway_posts(broker, listen, run):
    listener = listen()
    run(f"{PORCH}\n{SHED}", homeassistant=SETTINGS)
    listener.wait_for("/health", seconds=90)
    newest = {message.topic: message.text for message in listener.seen()}
    number = 0
    for _, _, entity in entities(announced(listener).items()):
        check_state(entity, newest[entity["state_topic"]])
        for place in entity.get("availability", []):
            assert newest[place["topic"]] == "online"
        number += 1
    assert number == 7 + 2 * 10


def test_all_is_announced_again_when_home_assistant_starts(broker, listen, run):
    listener = listen()
    run("  - {id: porch, driver: dht22, pin: sim/4, interval: 60s}", homeassistant=SETTINGS)
    listener.wait_for("/readings")  # the last of what a first reading brings
    first = announced(listener)
    listener.forget()
    began_s = time.monotonic()
    listener.client.publish("ha/status", "offline", 1)
    listener.client.publish("ha/status", "online", 1)
    listener.wait_for("/config", 2)
    assert time.monotonic() - began_s >= 1
    assert announced(listener) == first
    listener.wait_for("/state")
    leaves = [re.sub(r"^.*/", "", message.topic) for message in listener.seen()
              if not message.topic.endswith("/status")]
    assert leaves == ["config", "config", "state"]
    time.sleep(2)
    assert len(listener.seen("/config")) == 2


def test_what_left_the_configuration_is_taken_back_and_nothing_else(broker, listen, run):
    listener = listen()
    gateway = run(f"{PORCH}\n{SHED}", homeassistant=SETTINGS)
    listener.wait_for("/config", 3)
    listener.wait_for("/readings", 2)
    ours = announced(listener)
    gateway.stop()
    shed = next(topic for topic in ours if "shed" in topic)
    porch = next(topic for topic in ours if "porch" in topic)
    others = {
        "ha/device/0x00158d/config": ours[shed],
        shed.replace("shed-2", "foreign"): '{"origin":{"name":"zigbee2mqtt"}}',
        shed.replace("pin2mqtt_", "pin2mqtt_0"): ours[shed],
        "ha/sensor/x/config": "{}",
        shed.replace("ha/", "other/"): ours[shed]}
    for topic, payload in others.items():
        listener.client.publish(topic, payload, 1, True).wait_for_publish()
    listener.forget()
    gateway = run(PORCH, homeassistant=SETTINGS)
    wait_until(lambda: announced(listener).get(shed) == "", "the shed is taken back")
    assert [message.is_retained for message in listener.seen("/config")
            if message.topic == shed] == [True]
    time.sleep(6)
    late = listen()
    late.catch_up()
    kept = collections.Counter(message.topic for message in late.seen("/config"))
    assert kept == collections.Counter([*others, porch, porch.replace("_porch", "")])
    assert all(announced(late)[topic] == payload for topic, payload in others.items())
    assert gateway.is_alive()
    assert not re.search("warning|error", gateway.said()), gateway.said()


def forbid_to_look(broker):
    """Only the user `all` may hear what is announced."""
    broker.stop()
    broker.set_password("all", "secret")
    rights = broker.folder / "rights"
    rights.write_text("topic readwrite b/#\ntopic write ha/#\ntopic read ha/status\n"
                      "user all\ntopic readwrite #\n", encoding="ascii")
    rights.chmod(0o644)
    broker.configure("allow_anonymous true", f"password_file {broker.folder / 'passwords'}",
                     f"acl_file {rights}")
    broker.start()


def take_back_without_a_look(broker, listen, run, **after):
    """What a gateway takes back after a restart with other settings, of what it announced."""
    forbid_to_look(broker)
    listener = listen(user="all", password="secret")
    gateway = run(f"{PORCH}\n{SHED}", homeassistant=SETTINGS)
    listener.wait_for("/config", 3)
    listener.wait_for("/readings", 2)
    ours = announced(listener)
    gateway.stop()
    listener.forget()
    gateway.configure(**after)
    gateway.start()
    wait_until(lambda: "" in announced(listener).values(), "something is taken back")
    # The rest comes with it.
    listener.wait_for("/readings", len(listener.seen("/readings")) + 2)
    gateway.stop()
    assert gateway.status == 0
    late = listen(user="all", password="secret")
    # What the broker keeps comes before what is posted now.
    late.client.publish("b/end", "", 1)
    late.wait_for("/end")
    return gateway, ours.keys() - announced(late).keys()


def test_what_left_is_taken_back_once_where_the_broker_does_not_show_it(broker, listen, run):
    gateway, gone = take_back_without_a_look(broker, listen, run, sensors=PORCH)
    assert len(gone) == 1 and "shed-2" in gone.pop()
    listener = listen(user="all", password="secret")
    listener.wait_for("/config", 2)
    listener.forget()
    gateway.start()
    listener.wait_for("/state")
    time.sleep(6)
    assert len(listener.seen("/config")) == 2 and "" not in announced(listener).values()


def test_all_is_taken_back_where_home_assistant_is_switched_off(broker, listen, run):
    _, gone = take_back_without_a_look(broker, listen, run, homeassistant="{enabled: false}")
    assert len(gone) == 3


def test_what_was_announced_under_another_prefix_is_taken_back(broker, listen, run):
    other = "{prefix: ha/other, status_topic: ha/status}"
    _, gone = take_back_without_a_look(broker, listen, run, homeassistant=other)
    assert len(gone) == 3


def test_buttons_leave_with_the_requests(broker, listen, run):
    def buttons(listener):
        return [json.loads(payload)["components"].get("read")
                for topic, payload in announced(listener).items() if topic.endswith("porch/config")]

    listener = listen()
    gateway = run(PORCH, homeassistant=SETTINGS, mqtt_lines="  requests: true")
    wait_until(lambda: [button for button in buttons(listener) if "command_topic" in button],
               "there is a button")
    gateway.reload(mqtt_lines="")
    gone = [{"platform": "button"}]
    wait_until(lambda: buttons(listener) == gone, "the button leaves")
    assert check(announced(listener).items(), PREFIX) == []
    # Home Assistant may have been away: it is told for as long as they are off.
    gateway.stop()
    listener.forget()
    gateway.start()
    wait_until(lambda: buttons(listener), "it is announced")
    assert buttons(listener) == gone
    gateway.reload(mqtt_lines="  requests: true")
    wait_until(lambda: "command_topic" in buttons(listener)[0], "there is a button again")
    assert check(announced(listener).items(), PREFIX) == []
