#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""readings.py - takes every reading of pin2mqtt from the broker, once each.

    readings.py [--host H] [--port N] [--user U --password-file F] [--ca-file F]
                [--topic pin2mqtt] [--client-id readings] [--count N]

A line a reading: gateway, sensor, time, number, values. Where it says `print`, put your data
base, with (gateway, number) as the key: after a restart the last ones may come again; or hand
Readings a function of your own, as influxdb.py beside this does. The broker
keeps the readings that come while this does not run, since it knows it by its client id: let no
two programs have the same one.

Needs paho-mqtt 1.6 or 2 (Debian: python3-paho-mqtt). Ctrl-C ends it.
"""
import argparse
import collections
import json
import pathlib
import sys

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

KEPT_BY_BROKER_S = 7 * 24 * 3600


class Seen:
    """The numbers of the newest readings of each gateway: one may come twice."""

    def __init__(self, most=1024):
        self.most = most
        self.numbers = collections.defaultdict(collections.deque)

    def is_new(self, gateway, number):
        numbers = self.numbers[gateway]
        if number in numbers:
            return False
        numbers.append(number)
        if len(numbers) > self.most:
            numbers.popleft()
        return True


def show(gateway, reading):
    """What is done with a reading. It has arrived for good only when this returns."""
    values = {name: value for name, value in reading.items()
              if name not in ("sensor", "ts", "seq", "replay", "repaired", "clock")}
    notes = [note for note in ("replay", "repaired") if reading.get(note)]
    # The gateway's clock was not set yet: ts cannot be trusted.
    notes += ["unsynced"] if reading.get("clock") == "unsynced" else []
    print(gateway, reading["sensor"], reading["ts"], reading["seq"],
          *(f"{name}={value}" for name, value in values.items()), *notes, flush=True)


class Readings:
    """Hands every reading to take(gateway, reading), which returns when it is done with it."""

    def __init__(self, options, take):
        self.options = options
        self.take = take
        self.seen = Seen()
        self.num_taken = 0
        # paho-mqtt 2 wants to know which callbacks we have; what we use of them is in both.
        version = ([mqtt.CallbackAPIVersion.VERSION2] if hasattr(mqtt, "CallbackAPIVersion")
                   else [])
        self.client = mqtt.Client(*version, client_id=options.client_id, protocol=mqtt.MQTTv5)
        self.client.on_connect = self.on_connect
        self.client.on_subscribe = lambda *_: print("readings: listening", file=sys.stderr)
        self.client.on_message = self.on_message
        if options.user:
            password = pathlib.Path(options.password_file).read_text(encoding="utf-8")
            self.client.username_pw_set(options.user, password.rstrip("\n"))
        if options.ca_file:
            self.client.tls_set(options.ca_file)

    def on_connect(self, client, _data, _flags, reason, _properties=None):
        if reason != 0:
            print(f"readings: refused: {reason}", file=sys.stderr)
            return
        # At each connection, for the broker may have forgotten us. "+" is any gateway.
        client.subscribe(f"{self.options.topic}/+/readings", qos=1)

    def on_message(self, client, _data, message):
        gateway = message.topic.split("/")[-2]
        try:
            reading = json.loads(message.payload)
            is_new = self.seen.is_new(gateway, reading["seq"])
        except (ValueError, TypeError, KeyError):
            print(f"readings: no reading: {message.payload[:80]}", file=sys.stderr)
            return
        if not is_new:
            return
        self.take(gateway, reading)
        self.num_taken += 1
        if self.num_taken == self.options.count:
            client.disconnect()

    def run(self):
        session = Properties(PacketTypes.CONNECT)
        session.SessionExpiryInterval = KEPT_BY_BROKER_S
        self.client.connect_async(self.options.host, self.options.port, keepalive=30,
                                  clean_start=False, properties=session)
        self.client.loop_forever(retry_first_connection=True)


def parser_of(documentation, client_id):
    parser = argparse.ArgumentParser(description=documentation,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="localhost")
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--user")
    parser.add_argument("--password-file")
    parser.add_argument("--ca-file", help="the broker speaks TLS (port 8883)")
    parser.add_argument("--topic", default="pin2mqtt")
    parser.add_argument("--client-id", default=client_id)
    parser.add_argument("--count", type=int, help="ends after so many readings")
    return parser


def run(options, take):
    """Until Ctrl-C, or for options.count readings."""
    try:
        Readings(options, take).run()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    run(parser_of(__doc__, "readings").parse_args(), show)
