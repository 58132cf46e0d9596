# SPDX-License-Identifier: MIT
"""User and password, what happens without, and what must not be seen of them."""
import pytest

from conftest import PROMPT_S

SECRET = "correct-horse-battery-staple"


@pytest.fixture(name="guarded")
def broker_with_password(broker):
    broker.stop()
    broker.set_password("greenhouse", SECRET)
    broker.start()
    return broker


def test_user_and_password_are_accepted(guarded, listen, run):
    listener = listen(user="greenhouse", password=SECRET)
    gateway = run(mqtt_lines=f"  username: greenhouse\n  password: {SECRET}")
    listener.wait_for("/readings")
    assert "connected to the broker" in gateway.said()
    assert SECRET not in gateway.said()
    assert all(SECRET not in message.text for message in listener.seen())


def test_readings_get_through_where_home_assistant_may_not_be_told(broker, listen, run, tmp_path):
    """Mosquitto 2.0.11 even hangs up then, where its queues have no bound."""
    acl = tmp_path / "acl"
    acl.write_text("topic readwrite b/#\n")
    broker.stop()
    broker.configure("allow_anonymous true", f"acl_file {acl}")
    broker.start()
    listener = listen()
    gateway = run(homeassistant="{enabled: true}")
    listener.wait_for("/readings", 5)
    # A connection may break before its refusal is read; after it there is one more at most.
    gateway.wait_for_word("refused a message topic=discovery")
    listener.wait_for("/readings", len(listener.seen("/readings")) + 5)
    after = gateway.said().partition("refused a message topic=discovery")[2]
    assert after.count("info: connected to the broker") <= 1


@pytest.mark.parametrize("version", ["auto", "5", "3.1.1"])
def test_a_wrong_password_is_told_and_not_shown(guarded, run, version):
    gateway = run(mqtt_lines=f"  username: greenhouse\n  password: wrong-{SECRET}\n"
                             f"  version: {version}")
    said = gateway.wait_for_word(r'warning: no connection to the broker .* reason="(.*)"')
    assert said[1] in ("refused: not authorised", "refused: wrong user name or password")
    gateway.wait_for_word("trying the broker again")
    assert gateway.is_alive()
    assert gateway.stop() < PROMPT_S
    assert gateway.status == 0
    assert SECRET not in gateway.said()


def test_it_logs_in_when_the_broker_is_given_the_password(guarded, listen, run):
    guarded.stop()
    guarded.set_password("greenhouse", "something else")
    guarded.start()
    gateway = run(mqtt_lines=f"  username: greenhouse\n  password: {SECRET}")
    gateway.wait_for_word("no connection to the broker")
    guarded.stop()
    guarded.set_password("greenhouse", SECRET)
    guarded.start()
    listen(user="greenhouse", password=SECRET).wait_for("/readings")


def test_proxies_and_traces_of_the_environment_are_ignored(broker, listen, run):
    listener = listen()
    gateway = run(environment={
        "http_proxy": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1",
        "MQTT_C_CLIENT_TRACE": "ON", "MQTT_C_CLIENT_TRACE_LEVEL": "MAXIMUM",
        "PAHO_C_CLIENT_USE_HTTP_PROXY": "TRUE"},
        mqtt_lines=f"  username: greenhouse\n  password: {SECRET}")
    listener.wait_for("/readings")
    assert gateway.stop() < PROMPT_S
    assert SECRET not in gateway.said()
