# SPDX-License-Identifier: MIT
"""packaging/dashboards/telegraf.conf, without Telegraf, which Debian does not have: each option
is one that Telegraf's manual documents (agent; inputs.mqtt_consumer; parsers json_v2;
outputs.influxdb), and what the manual says that they do makes the same point of a reading as
packaging/clients/influxdb.py, which is tried against a real InfluxDB."""
import importlib.util
import re
import sys
import tomllib

import jsonschema
import pytest

from test_dashboards import DASHBOARDS, TOP

FILE = DASHBOARDS / "telegraf.conf"
CONFIG = tomllib.loads(FILE.read_text(encoding="utf-8"))
TEXT, FLAG, COUNT = {"type": "string"}, {"type": "boolean"}, {"type": "integer", "minimum": 1}
TEXTS = {"type": "array", "items": TEXT, "minItems": 1}
DURATION = {"type": "string", "pattern": r"^(\d+(ns|us|ms|s|m|h))+$"}
SECRET = {"type": "string", "pattern": r"^\$\{[A-Z_]+:-\}$"}
KIND = {"enum": ["int", "uint", "float", "string", "bool"]}


def table(required=(), **options):
    return {"type": "object", "additionalProperties": False, "required": list(required),
            "properties": options}


def tables(required=(), **options):
    return {"type": "array", "items": table(required, **options), "minItems": 1, "maxItems": 1}


TLS = {"tls_ca": TEXT, "tls_cert": TEXT, "tls_key": TEXT, "insecure_skip_verify": FLAG}
PICK = {"path": TEXT, "rename": TEXT, "optional": FLAG}
TIME = {"timestamp_format": {"type": "string", "pattern": "^(unix(_ms|_us|_ns)?|.*2006.*)$"},
        "timestamp_timezone": TEXT}
SCHEMA = table(
    ["agent", "inputs", "outputs"],
    agent=table(
        interval=DURATION, round_interval=FLAG, metric_batch_size=COUNT,
        metric_buffer_limit=COUNT, collection_jitter=DURATION, flush_interval=DURATION,
        flush_jitter=DURATION, precision=DURATION, debug=FLAG, quiet=FLAG, logfile=TEXT,
        hostname=TEXT, omit_hostname=FLAG),
    inputs=table(["mqtt_consumer"], mqtt_consumer=tables(
        ["servers", "topics", "data_format"],
        servers={"type": "array", "items": {
            "type": "string", "pattern": r"^\$\{[A-Z_]+:-(tcp|ssl|ws)://[^}]+\}$"}},
        topics=TEXTS, topic_tag=TEXT, qos={"enum": [0, 1, 2]}, connection_timeout=DURATION,
        keepalive=DURATION, ping_timeout=DURATION, max_undelivered_messages=COUNT,
        persistent_session=FLAG, client_id=TEXT, username=SECRET, password=SECRET,
        client_trace=FLAG, **TLS,
        startup_error_behavior={"enum": ["error", "ignore", "retry", "probe"]},
        data_format={"const": "json_v2"},
        topic_parsing=tables(["topic"], topic=TEXT, measurement=TEXT, tags=TEXT, fields=TEXT,
                             types={"type": "object"}),
        json_v2=tables(
            measurement_name=TEXT, measurement_name_path=TEXT, timestamp_path=TEXT, **TIME,
            tag=tables(["path"], **PICK), field=tables(["path"], type=KIND, **PICK),
            object=tables(
                ["path"], path=TEXT, optional=FLAG, timestamp_key=TEXT, **TIME, tags=TEXTS,
                included_keys=TEXTS, excluded_keys=TEXTS, disable_prepend_keys=FLAG,
                tag=tables(["path"], **PICK), field=tables(["path"], type=KIND, **PICK),
                renames={"type": "object", "additionalProperties": TEXT},
                fields={"type": "object", "additionalProperties": KIND})))),
    outputs=table(["influxdb"], influxdb=tables(
        ["urls", "database"],
        urls={"type": "array", "items": {
            "type": "string", "pattern": r"^\$\{[A-Z_]+:-https?://[^}]+\}$"}},
        database=TEXT, database_tag=TEXT, skip_database_creation=FLAG, retention_policy=TEXT,
        timeout=DURATION, username=SECRET, password=SECRET, user_agent=TEXT, **TLS,
        content_encoding={"enum": ["gzip", "identity"]}, influx_uint_support=FLAG)))
INPUT = CONFIG["inputs"]["mqtt_consumer"][0]


def test_every_option_is_documented():
    jsonschema.Draft7Validator(SCHEMA).validate(CONFIG)


def test_what_it_does_not_know_is_refused():
    for wrong in ("[agent]\nno_such = 1", "[[inputs.mqtt_consumer]]\nqos = 3",
                  "[[inputs.cpu]]", "[[inputs.mqtt_consumer.json_v2.object]]\ntag_keys = ['a']"):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft7Validator(SCHEMA).validate(CONFIG | tomllib.loads(wrong))


def test_nothing_is_lost_while_it_does_not_run():
    assert INPUT["qos"] == 1 and INPUT["persistent_session"] and INPUT["client_id"]
    # All that it takes fits into metric_buffer_limit, which drops what does not.
    assert INPUT["max_undelivered_messages"] <= 10000


def as_telegraf_does(topic, reading):
    """The point in line protocol, its time as text; by the manual of json_v2's object."""
    (parsing,), (parser,) = INPUT["topic_parsing"], INPUT["json_v2"]
    (picked,) = parser["object"]
    assert picked["path"] == "@this"  # GJSON's word for all of it
    parts = topic.split("/")
    pattern = parsing["topic"].split("/")
    assert len(parts) == len(pattern)
    assert all(part in ("+", own) for part, own in zip(pattern, parts))
    tags = {name: part for name, part in zip(parsing["tags"].split("/"), parts) if name != "_"}
    fields, kinds = {}, picked["fields"]
    for name, value in reading.items():
        if name in picked["tags"]:
            tags[name] = value
        elif name != picked["timestamp_key"]:
            kind = kinds.get(name)
            fields[name] = (f"{int(value)}i" if kind == "int" else
                            str(value).lower() if isinstance(value, bool) else
                            f'"{value}"' if isinstance(value, str) else repr(float(value)))
    assert INPUT["topic_tag"] == "" and CONFIG["agent"]["omit_hostname"]
    told = ",".join(f"{name}={value}" for name, value in fields.items())
    named = "".join(f",{name}={value}" for name, value in sorted(tags.items()))
    return f"{parser['measurement_name']}{named} {told}", reading[picked["timestamp_key"]]


@pytest.mark.parametrize("reading", [
    {"sensor": "porch", "ts": "2026-11-22T06:00:00.123Z", "seq": 1795327200123456,
     "temperature": -21.5, "humidity": 48},
    {"sensor": "porch", "ts": "2026-11-22T06:00:00.000Z", "seq": 1, "temperature": 0,
     "repaired": True, "clock": "unsynced", "replay": True}], ids=["plain", "replayed"])
def test_it_makes_the_points_that_our_client_makes(reading, monkeypatch):
    monkeypatch.syspath_prepend(str(TOP / "packaging/clients"))
    spec = importlib.util.spec_from_file_location("influxdb_client",
                                                  TOP / "packaging/clients/influxdb.py")
    client = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(client)
    sys.modules.pop("readings")
    point, read_at = as_telegraf_does("pin2mqtt/greenhouse/readings", reading)
    ours, _, time_ms = client.line_of("greenhouse", reading).rpartition(" ")
    assert ours == point
    assert read_at.endswith(f"{int(time_ms) % 1000:03}Z")


def test_the_time_is_read_by_a_layout_that_fits():
    """Go's: the reference time; a fraction of a second is read without being in the layout."""
    layout = INPUT["json_v2"][0]["object"][0]["timestamp_format"]
    pattern = layout.replace("2006-01-02T15:04:05", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?")
    pattern = pattern.replace("Z07:00", r"(Z|[+-]\d\d:\d\d)")
    assert re.fullmatch(pattern, "2026-11-22T06:00:00.123Z")
