#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""influxdb.py - puts every reading of pin2mqtt into InfluxDB, at the time it was read.

    influxdb.py [--influxdb http://localhost:8086] [--database pin2mqtt]
                [--influxdb-user U --influxdb-password-file F] [options of readings.py]

Measurement pin2mqtt, with the tags gateway and sensor: what Telegraf makes of readings with
telegraf.conf, for who does without it. A reading that comes twice is one point. The broker is
told that a reading has arrived when InfluxDB has it, and keeps what comes until then.

InfluxDB 1.x, or 2.x with its API of 1.x. Needs readings.py beside it. Ctrl-C ends it.
"""
import base64
import datetime
import http.client
import json
import math
import pathlib
import re
import sys
import time
import urllib.parse

import readings

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
PAUSE_S = 1
TIMEOUT_S = 10


def field(value):
    """The text of a value; None where InfluxDB has nothing for it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)) and math.isfinite(value):
        return repr(float(value))
    if isinstance(value, str) and "\n" not in value:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return None


def line_of(gateway, reading):
    """The reading in line protocol, its time in milliseconds. ValueError, TypeError, KeyError:
    it is none."""
    for name in (gateway, reading["sensor"], *reading):
        if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
            raise ValueError(f"no name: {name}")
    read_at = datetime.datetime.strptime(reading["ts"], "%Y-%m-%dT%H:%M:%S.%f%z")
    fields = {name: field(value) for name, value in reading.items()
              if name not in ("sensor", "ts", "seq")}
    told = "".join(f",{name}={value}" for name, value in fields.items() if value is not None)
    return (f"pin2mqtt,gateway={gateway},sensor={reading['sensor']} seq={reading['seq']:d}i{told} "
            f"{(read_at - EPOCH) // datetime.timedelta(milliseconds=1)}")


class InfluxDb:
    """A connection that comes back by itself."""

    def __init__(self, options):
        url = urllib.parse.urlsplit(options.influxdb)
        connection = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
        self.connection = connection[url.scheme](url.hostname, url.port or 8086,
                                                 timeout=TIMEOUT_S)
        self.database = options.database
        self.headers = {}
        if options.influxdb_user:
            password = pathlib.Path(options.influxdb_password_file).read_text(encoding="utf-8")
            login = f"{options.influxdb_user}:{password.rstrip(chr(10))}".encode()
            self.headers["Authorization"] = "Basic " + base64.b64encode(login).decode()
        self.was_told = None

    def post_once(self, path, body, query):
        try:
            self.connection.request("POST", f"{path}?{urllib.parse.urlencode(query)}", body,
                                    self.headers)
            response = self.connection.getresponse()
            return response.status, response.read().decode(errors="replace")
        except (OSError, http.client.HTTPException):
            self.connection.close()
            raise

    def post(self, path, body=None, **query):
        """(status, text)"""
        try:
            return self.post_once(path, body, query)
        except (OSError, http.client.HTTPException):
            # It ends connections that rest, and does not mind to be told twice.
            return self.post_once(path, body, query)

    def tell(self, what):
        """Once, not at each try."""
        if what != self.was_told:
            print(f"influxdb: {what}", file=sys.stderr, flush=True)
        self.was_told = what

    def has_taken(self, line):
        """False: try again later."""
        try:
            status, text = self.post("/write", line.encode(), db=self.database, precision="ms")
            if status == 404:
                status, text = self.post("/query", q=f'CREATE DATABASE "{self.database}"')
                self.tell(f"has no data base {self.database}: {status} {text.strip()}")
                return False
        except (OSError, http.client.HTTPException) as error:
            self.tell(f"does not answer: {error!r}")
            return False
        if status == 400:
            # It never will: a field of another type, or older than it keeps.
            self.tell(f"refuses {line}: {text.strip()}")
        elif status >= 300:
            self.tell(f"answers {status}: {text.strip()}")
            return False
        else:
            self.was_told = None
        return True

    def take(self, gateway, reading):
        try:
            line = line_of(gateway, reading)
        except (ValueError, TypeError, KeyError) as error:
            print(f"influxdb: no reading: {json.dumps(reading)[:80]}: {error!r}",
                  file=sys.stderr, flush=True)
            return
        while not self.has_taken(line):
            time.sleep(PAUSE_S)


def main():
    parser = readings.parser_of(__doc__, "influxdb")
    parser.add_argument("--influxdb", default="http://localhost:8086")
    parser.add_argument("--influxdb-user")
    parser.add_argument("--influxdb-password-file")
    parser.add_argument("--database", default="pin2mqtt")
    options = parser.parse_args()
    readings.run(options, InfluxDb(options).take)


if __name__ == "__main__":
    main()
