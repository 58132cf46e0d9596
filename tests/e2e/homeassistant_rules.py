# SPDX-License-Identifier: MIT
"""Home Assistant's rules for device-based MQTT discovery, as its source has them
(homeassistant/components/mqtt: discovery.py, schemas.py, entity.py, sensor.py,
binary_sensor.py, button.py; components/sensor/const.py), and stricter than it: what it drops or logs
without losing the entity is a complaint here, too.

check() takes the retained messages and returns what is wrong with them, in words.
"""
import json
import re

import jinja2
import jinja2.sandbox
import voluptuous as vol

ID = r"[a-zA-Z0-9_-]+"
TOPIC = re.compile(rf"(?P<prefix>.+)/device/(?:{ID}/)?(?P<id>{ID})/config")
SLUG = re.compile(r"[a-z0-9]+(?:_+[a-z0-9]+)*")
PLATFORMS = ("sensor", "binary_sensor", "button")
MAX_STATE = 255

# Device class -> its units. None: a state of it is no number, and has neither unit nor class.
SENSOR_UNITS = {
    "absolute_humidity": {"g/m³", "mg/m³"}, "atmospheric_pressure": {
        "cbar", "bar", "hPa", "mmHg", "inHg", "inH₂O", "kPa", "mbar", "mPa", "Pa", "psi"},
    "data_size": {"B", "kB", "MB", "GB", "KiB", "MiB", "GiB"},
    "date": None, "timestamp": None, "enum": None,
    "duration": {"d", "h", "min", "s", "ms", "μs"}, "humidity": {"%"},
    "moisture": {"%"}, "signal_strength": {"dB", "dBm"}, "temperature": {"°C", "°F", "K"},
    "voltage": {"V", "mV", "μV", "kV", "MV"}}
STATE_CLASSES = {"measurement", "measurement_angle", "total", "total_increasing"}
# Where it is not every class.
SENSOR_STATE_CLASSES = {
    "absolute_humidity": {"measurement"}, "atmospheric_pressure": {"measurement"},
    "humidity": {"measurement"}, "moisture": {"measurement"},
    "signal_strength": {"measurement"}, "temperature": {"measurement"},
    "voltage": {"measurement"}}
BINARY_CLASSES = {"connectivity", "problem", "running", "power", "motion", "moisture",
                  "occupancy", "opening", "door", "window", "update"}


def text(value):
    if not isinstance(value, str) or not value:
        raise vol.Invalid("expected a text")
    return value


def topic_to_read(value):
    """Wildcards are legal in a subscription, but never what we mean."""
    text(value)
    if set("+#\0") & set(value) or len(value.encode()) > 65535 or value.startswith("$"):
        raise vol.Invalid("is no topic")
    return value


def template(value):
    try:
        jinja2.sandbox.ImmutableSandboxedEnvironment().from_string(text(value))
    except jinja2.TemplateError as error:
        raise vol.Invalid(f"is no template: {error}") from error
    return value


def whole(value):
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise vol.Invalid("expected a whole number of 0 or more")
    return value


def web_address(value):
    if not re.fullmatch(r"https?://\S+", text(value)):
        raise vol.Invalid("is no http address")
    return value


def icon(value):
    if not re.fullmatch(r"mdi:[a-z0-9-]+", text(value)):
        raise vol.Invalid("is no icon")
    return value


QOS = vol.All(whole, vol.In((0, 1, 2)))
AVAILABILITY = {
    vol.Exclusive("availability", "availability"): vol.All([{
        vol.Required("topic"): topic_to_read,
        "payload_available": text, "payload_not_available": text,
        "value_template": template}], vol.Length(min=1)),
    vol.Exclusive("availability_topic", "availability"): topic_to_read,
    "availability_mode": vol.In(("all", "any", "latest")),
    "availability_template": template,
    "payload_available": text, "payload_not_available": text}
DEVICE = vol.All({
    "identifiers": vol.All([text], vol.Length(min=1)), "connections": [[text]], "name": text,
    "manufacturer": text, "model": text, "model_id": text, "sw_version": text,
    "hw_version": text, "serial_number": text, "suggested_area": text, "via_device": text,
    "configuration_url": web_address}, vol.Any(
        vol.Schema({vol.Required("identifiers"): object}, extra=vol.ALLOW_EXTRA),
        vol.Schema({vol.Required("connections"): object}, extra=vol.ALLOW_EXTRA)))
ORIGIN = {vol.Required("name"): text, "sw_version": text, "support_url": web_address}
ROOT = vol.Schema({
    vol.Required("device"): DEVICE, vol.Required("origin"): ORIGIN,
    vol.Required("components"): vol.All({text: dict}, vol.Length(min=1)),
    "state_topic": topic_to_read, "command_topic": topic_to_read, "qos": QOS, "encoding": text,
    **AVAILABILITY})
ENTITY = {
    vol.Required("platform"): vol.In(PLATFORMS), vol.Required("unique_id"): text,
    vol.Required("state_topic"): topic_to_read,
    "name": vol.Any(None, text), "default_entity_id": text, "device_class": text,
    "value_template": template, "expire_after": whole, "force_update": bool,
    # Neither of our platforms may be of the category "config".
    "entity_category": vol.In(("diagnostic",)), "enabled_by_default": bool, "icon": icon,
    "json_attributes_topic": topic_to_read, "json_attributes_template": template,
    "entity_picture": text, "qos": QOS, "encoding": text, **AVAILABILITY}
BODIES = {
    "sensor": vol.Schema({
        **ENTITY, "state_class": vol.In(STATE_CLASSES), "unit_of_measurement": text,
        "suggested_display_precision": whole, "options": [text],
        "last_reset_value_template": template}),
    "binary_sensor": vol.Schema({
        **ENTITY, "payload_on": text, "payload_off": text, "off_delay": whole}),
    "button": vol.Schema({
        vol.Required("platform"): "button", vol.Required("unique_id"): text,
        vol.Required("command_topic"): topic_to_read, "command_template": template,
        "payload_press": text, "retain": False, "name": vol.Any(None, text),
        "default_entity_id": text, "device_class": vol.In(("identify", "restart", "update")),
        "entity_category": vol.In(("config", "diagnostic")), "enabled_by_default": bool,
        "icon": icon, "qos": QOS, "encoding": text, **AVAILABILITY})}


def sensor_complaints(entity):
    """validate_sensor_state_and_device_class_config, and what is only logged later."""
    device_class, unit = entity.get("device_class"), entity.get("unit_of_measurement")
    state_class = entity.get("state_class")
    if device_class is not None and device_class not in SENSOR_UNITS:
        yield f"no such device class of a sensor: {device_class}"
        return
    if "options" in entity and (device_class != "enum" or state_class or unit):
        yield "options need the device class enum, without unit and state class"
    if "last_reset_value_template" in entity and state_class != "total":
        yield "last_reset_value_template needs the state class total"
    if state_class == "measurement_angle" and unit != "°":
        yield "measurement_angle needs the unit °"
    if device_class is not None and SENSOR_UNITS[device_class] is None:
        if unit or state_class:
            yield f"a {device_class} has neither unit nor state class"
        return
    units = SENSOR_UNITS.get(device_class)
    if units and (unit or "").replace("µ", "μ") not in units:
        yield f"the unit {unit} is none of {device_class}"
    if unit and not state_class:
        yield "a number without a state class has no statistics"
    if state_class and state_class not in SENSOR_STATE_CLASSES.get(device_class, STATE_CLASSES):
        yield f"the state class {state_class} does not go with {device_class}"


def merged(root, component):
    """A component with what it takes from the root."""
    entity = dict(component)
    if not {"availability", "availability_topic"} & entity.keys():
        entity |= {key: root[key] for key in ("availability", "availability_topic")
                   if key in root}
    for key in ("availability_mode", "availability_template", "payload_available",
                "payload_not_available", "state_topic", "command_topic"):
        if key == "state_topic" and component.get("platform") == "button":
            continue  # which it drops without a word, and without harm
        if key in root:
            entity.setdefault(key, root[key])
    return entity


def errors_of(schema, value):
    try:
        schema(value)
    except vol.MultipleInvalid as errors:
        for error in errors.errors:
            yield str(error)


def entity_complaints(entity):
    platform = entity.get("platform")
    if platform not in BODIES:
        yield f"no such platform: {platform}"
        return
    yield from errors_of(BODIES[platform], entity)
    if platform == "sensor":
        yield from sensor_complaints(entity)
    elif platform == "binary_sensor" and \
            entity.get("device_class") not in BINARY_CLASSES | {None}:
        yield f"no such device class of a binary_sensor: {entity['device_class']}"
    wanted = entity.get("default_entity_id", "")
    domain, _, slug = wanted.partition(".")
    if wanted and (domain != platform or not SLUG.fullmatch(slug)):
        yield f"default_entity_id {wanted} is no entity id of a {platform}"


def is_removal(component):
    """Whether it takes back what was there: nothing but the platform."""
    return component.keys() == {"platform"} and component["platform"] in PLATFORMS


def load(payload):
    """JSON without doubles."""
    def unique(pairs):
        keys = [key for key, _ in pairs]
        if len(set(keys)) != len(keys):
            raise ValueError(f"a key is there twice: {keys}")
        return dict(pairs)
    return json.loads(payload, object_pairs_hook=unique)


class Register:
    """What must not be there twice in all of Home Assistant."""

    def __init__(self):
        self.taken = {}

    def take(self, kind, value, owner):
        if (kind, value) in self.taken:
            yield f"{owner}: the {kind} {value} is that of {self.taken[kind, value]}, too"
        self.taken.setdefault((kind, value), owner)


def message_complaints(topic, payload, register):
    try:
        document = load(payload)
    except ValueError as error:
        yield f"{topic}: no JSON: {error}"
        return
    if not isinstance(document, dict):
        yield f"{topic}: no JSON object"
        return
    for error in errors_of(ROOT, document):
        yield f"{topic}: {error}"
    device = document.get("device")
    identifiers = device.get("identifiers", []) if isinstance(device, dict) else []
    for identifier in identifiers:
        yield from register.take("identifier", identifier, topic)
    components = document.get("components")
    for key, component in (components if isinstance(components, dict) else {}).items():
        owner = f"{topic}: {key}"
        if not isinstance(component, dict):
            continue
        if not re.fullmatch(ID, key):
            yield f"{owner}: is no id"
        if is_removal(component):
            continue
        entity = merged(document, component)
        yield from (f"{owner}: {complaint}" for complaint in entity_complaints(entity))
        for kind in ("unique_id", "default_entity_id"):
            if kind in entity:
                yield from register.take(kind, (entity.get("platform"), entity[kind])
                                         if kind == "unique_id" else entity[kind], owner)


def check(messages, prefix="homeassistant"):
    """messages: pairs of topic and payload. Returns the complaints; none: all is well."""
    complaints, register, vias = [], Register(), []
    for topic, payload in messages:
        match = TOPIC.fullmatch(topic)
        if not match or match["prefix"] != prefix:
            complaints.append(f"{topic}: no discovery topic of a device")
        complaints += message_complaints(topic, payload, register)
        complaints += register.take("topic", topic, topic)
        found = re.search(r'"via_device": *("[^"]*")', payload)
        if found:
            vias.append((topic, json.loads(found[1])))
    for topic, via in vias:
        if ("identifier", via) not in register.taken:
            complaints.append(f"{topic}: via_device {via} is no device")
    return complaints


def render(value_template, payload):
    """What Home Assistant makes of a payload."""
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined)
    try:
        value_json = json.loads(payload)
    except ValueError:
        value_json = None
    return environment.from_string(value_template).render(value=payload, value_json=value_json)


def entities(messages):
    """(topic, key, entity) of all messages, with what they take from their root."""
    for topic, payload in messages:
        document = json.loads(payload)
        for key, component in document["components"].items():
            if not is_removal(component):
                yield topic, key, merged(document, component)
