# SPDX-License-Identifier: MIT
"""The broker away, frozen, restarted, refusing: what was read arrives all the same."""
import datetime
import json
import random
import re
import signal
import socket
import time

import pytest

from conftest import STOP_S, free_port, wait_until
from wire import Wire


def check_complete(readings):
    """No number is missing, the first copies are in order, doubles say the same."""
    first = {}
    for reading in readings:
        reading = dict(reading)
        reading.pop("replay", None)
        assert first.setdefault(reading["seq"], reading) == reading
    seqs = list(first)
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
    return list(first.values())


def times_of(readings):
    return [datetime.datetime.fromisoformat(reading["ts"].replace("Z", "+00:00")).timestamp()
            for reading in readings]


def check_kept_time(readings, seconds=1):
    """Each sensor's own times keep its interval, whatever the broker did: no turn is left out,
    though a busy machine may be late for one."""
    for sensor in {reading["sensor"] for reading in readings}:
        times = times_of([reading for reading in readings if reading["sensor"] == sensor])
        gaps = [later - sooner for sooner, later in zip(times, times[1:])]
        assert all(abs(gap - seconds) < 0.9 for gap in gaps), (sensor, gaps)


def test_it_starts_without_a_broker_and_delivers_when_one_comes(broker, listen, run, sensors):
    broker.stop()
    started = time.time()
    gateway = run(sensors(4))
    gateway.wait_for_word('reason="connection refused"')
    time.sleep(3)
    broker.start()
    broker_came = time.time()
    # Its session begins now: the gateway may be faster.
    listener = listen()
    listener.wait_for_text("/status", "online")
    listener.wait_for("/readings", 16)
    readings = check_complete(listener.readings())
    check_kept_time(readings)
    for reading, ts in zip(listener.readings(), times_of(listener.readings())):
        assert started - 1 < ts
        assert reading.get("replay", False) or ts > broker_came - 1


def test_readings_of_an_outage_arrive_in_order_with_their_own_time(broker, listen, run, sensors):
    listener = listen()
    run(sensors(4))
    listener.wait_for("/readings", 4)
    broker.stop()
    went = time.time()
    time.sleep(5)
    broker.start()
    came = time.time()
    wait_until(lambda: any(ts > came + 3 for ts in times_of(listener.readings())),
               "readings from after the outage")
    readings = check_complete(listener.readings())
    check_kept_time(readings)
    meanwhile = [reading for reading, ts in zip(readings, times_of(readings))
                 if went + 0.5 < ts < came]
    assert len(meanwhile) >= 16
    # The very first copy of each has waited.
    waited = {reading["seq"] for reading in listener.readings() if reading.get("replay")}
    assert {reading["seq"] for reading in meanwhile} <= waited
    assert listener.last("/status") == "online"


@pytest.mark.slow
def test_twenty_restarts_of_the_broker_lose_nothing(broker, listen, run, sensors):
    dice = random.Random(seed := time.time_ns())
    print("seed", seed)
    listener = listen()
    gateway = run(sensors(8))
    listener.wait_for("/readings", 8)
    for _ in range(20):
        time.sleep(dice.uniform(0, 1.5))
        broker.stop()
        listener.forget_status = len(listener.seen("/status"))
        time.sleep(dice.uniform(0, 1.5))
        broker.start()
        up_s = time.monotonic()
        wait_until(lambda: "online" in listener.texts("/status")[listener.forget_status:],
                   "the gateway is back")
        waits = re.findall(r"trying the broker again in_s=([\d.]+)", gateway.said())
        # Its own pause, the attempt that was under way, the listener's pause, and a busy machine.
        assert time.monotonic() - up_s < float(waits[-1]) + 8
        assert listener.last("/status") == "online"
    end = time.time()
    wait_until(lambda: times_of(listener.readings())[-1] > end, "what comes after all that")
    readings = check_complete(listener.readings())
    check_kept_time(readings)
    num_doubles = len(listener.readings()) - len(readings)
    print(len(readings), "readings,", num_doubles, "doubles")


def test_a_frozen_broker_stops_no_reading(broker, listen, run, sensors):
    listener = listen()
    run(sensors(4))
    listener.wait_for("/readings", 4)
    broker.send(signal.SIGSTOP)
    froze = time.time()
    time.sleep(11)
    broker.send(signal.SIGCONT)
    thawed = time.time()
    wait_until(lambda: times_of(listener.readings())[-1] > thawed, "readings after the thaw")
    readings = check_complete(listener.readings())
    check_kept_time(readings)
    # The first sixteen messages went out before anybody could know, half of them states.
    old = [reading for reading, ts in zip(listener.readings(), times_of(listener.readings()))
           if froze + 4 < ts < thawed - 6]
    assert old and all(reading.get("replay") for reading in old)


def stop_in_time(gateway):
    assert gateway.stop() < STOP_S
    assert gateway.status == 0


def test_it_stops_in_time_while_there_is_no_broker(broker, run):
    broker.stop()
    gateway = run()
    gateway.wait_for_word("trying the broker again")
    stop_in_time(gateway)


def test_it_stops_in_time_while_the_broker_is_frozen(broker, listen, run, sensors):
    listener = listen()
    gateway = run(sensors(8))
    listener.wait_for("/readings", 4)
    broker.send(signal.SIGSTOP)
    time.sleep(3)
    stop_in_time(gateway)


def test_it_stops_in_time_while_a_broker_says_nothing(broker, run):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        gateway = run(servers=[f"mqtt://127.0.0.1:{mute.getsockname()[1]}"])
        caller, _ = mute.accept()
        assert caller.recv(1)
        stop_in_time(gateway)
        caller.close()


def test_it_stops_in_time_while_a_name_is_looked_up(broker, run):
    gateway = run(servers=["mqtt://no-such-host.invalid"])
    gateway.wait_for_word("starts")
    time.sleep(0.3)
    stop_in_time(gateway)


def test_it_stops_in_time_at_once(broker, run):
    gateway = run()
    gateway.wait_for_word("starts")
    stop_in_time(gateway)


@pytest.mark.slow
def test_a_mute_broker_is_told_from_a_missing_one(broker, run):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        gateway = run(servers=[f"mqtt://127.0.0.1:{mute.getsockname()[1]}"])
        gateway.wait_for_word('reason="timed out: .* does not answer"', 60)


def test_the_next_server_is_taken_when_one_is_gone(broker, listen, run):
    listener = listen()
    gateway = run(servers=[f"mqtt://127.0.0.1:{free_port()}", broker.url])
    listener.wait_for_text("/status", "online")
    assert 'reason="connection refused"' in gateway.said()


@pytest.mark.slow
def test_two_gateways_of_one_id_are_hinted_at(broker, run):
    first, second = run(), run()
    wait_until(lambda: re.search("another client with the same mqtt.client_id", first.said() + second.said()), "a hint", 90)


LONG = "a" * 60


def test_what_a_broker_refuses_holds_nothing_up(broker, listen, run):
    """Readings of one sensor are too large for it, states of another are forbidden; the rest
    comes whole and in order, and so does what waited while the broker was away."""
    rights = broker.folder / "rights"
    rights.write_text("topic readwrite #\ntopic deny b/g/s1/state\n", encoding="ascii")
    rights.chmod(0o644)
    broker.stop()
    # With no limit to what it queues, mosquitto 2.0.11 hangs up on who posts too much.
    broker.configure("allow_anonymous true", f"acl_file {rights}", "message_size_limit 160",
                     "max_queued_messages 100000")
    broker.start()
    listener, wire = listen(), Wire(broker.port)
    gateway = run("\n".join(f"  - {{id: {sensor}, driver: dht11, pin: sim/{pin}, interval: 1s}}"
                            for pin, sensor in enumerate(("s0", "s1", LONG))), [wire.url])
    listener.wait_for("/readings", 6)
    broker.stop()
    time.sleep(3)
    broker.start()
    up = time.time()
    # With rights to look at, it forgets what comes before the listener is back.
    wait_until(lambda: sum(ts > up for ts in times_of(wire.record.taken())) >= 6,
               "readings from after it")
    assert gateway.stop() < STOP_S and gateway.status == 0
    wire.close()
    assert "waiting=0" in gateway.said()
    taken = list({reading["seq"]: reading for reading in wire.record.taken()}.values())
    assert {reading["sensor"] for reading in taken} == {"s0", "s1"}
    check_kept_time(taken)
    assert listener.seen("/s0/state") and not listener.seen("/s1/state")
    # Each is told once a connection: info, readings and states, for two reasons.
    told = re.findall("warning: .*refused a message .* \"([^\"]*)\"", gateway.said())
    assert set(told) == {"packet too large", "not authorised"}


def test_readings_that_are_forbidden_wait_until_they_are_allowed(broker, listen, run):
    """States go on meanwhile; then each reading comes."""
    rights = broker.folder / "rights"
    rights.write_text("topic readwrite #\ntopic deny b/g/readings\n", encoding="ascii")
    rights.chmod(0o644)
    broker.stop()
    # With no limit to what it queues, mosquitto 2.0.11 hangs up over what it refuses.
    broker.configure("allow_anonymous true", f"acl_file {rights}", "max_queued_messages 100000")
    broker.start()
    listener, gateway = listen(), run()
    gateway.wait_for_word('topic=readings .*"not authorised", readings wait: ')
    states = [json.loads(message.text) for message in listener.wait_for("/s0/state", 2)]
    assert not listener.seen("/readings")
    rights.write_text("topic readwrite #\n", encoding="ascii")
    broker.send(signal.SIGHUP)
    listener.wait_for("/readings", len(states) + 1)
    gateway.stop()
    assert "waiting=0" in gateway.said()
    listener.catch_up()
    # Of two on their way when it is allowed, the second may be taken and the first not yet.
    numbers = sorted(reading["seq"] for reading in listener.readings())
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert {state["seq"] for state in states} <= set(numbers)
