# SPDX-License-Identifier: MIT
"""pin2mqtt-topics(7) against what a gateway posts."""
import pathlib
import re

from conftest import dht11s, wait_until

PAGE = pathlib.Path(__file__).resolve().parents[2] / "packaging/man/pin2mqtt-topics.7"


def documented():
    """topic -> (retained, QoS), with b and g for B and G, s0, the verb read and one device."""
    text = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^(\\f.*)\|(.*)\|([01])\|.*$", text.partition(".SS Topics")[2],
                      re.MULTILINE)
    names = {"B": "b", "G": "g", "S": "s0", "V": "read", "P": "homeassistant", "D": "ID"}
    topics = {}
    for topic, retained, qos in rows:
        plain = re.sub(r"\\f[A-Z]", "", topic)
        topics["/".join(names.get(part, part) for part in plain.split("/"))] = (retained, int(qos))
    return topics


def heard(listener):
    """topic -> (is retained, QoS) of what came."""
    return {re.sub(r"/pin2mqtt_[^/]+/", "/ID/", message.topic): (message.is_retained, message.qos)
            for message in listener.seen()}


def test_topics_are_those_of_the_manual(run, listen):
    topics = documented()
    assert len(topics) == 9
    listener = listen()
    run(sensors=dht11s(1), mqtt_lines="  requests: true", homeassistant="{enabled: true}")
    listener.wait_for("/readings")
    listener.client.publish("b/g/request/read", '{"sensor":"s0"}', qos=1)
    listener.wait_for("response/read")
    # Health comes after a minute.
    expected = {topic: row for topic, row in topics.items() if not topic.endswith("/health")}
    wait_until(lambda: set(heard(listener)) >= set(expected), f"all of {sorted(expected)}")
    told = heard(listener)
    assert set(told) - set(topics) == set()
    for topic, (retained, qos) in expected.items():
        if topic.endswith("/request/read"):
            continue
        is_retained = {"yes": True, "no": False, "as below": True}[retained]
        assert told[topic] == (is_retained, qos), topic
