# SPDX-License-Identifier: MIT
"""Raw edges of a real kernel, and models that nobody named."""
import json
import subprocess

import pytest

import board

MODELS = ("dht22", "dht11", "dht21")
NUM_FRAMES = 4


def decode(generation, path, *options):
    """What this libgpiod's pin2mqtt reads from a file that came home."""
    told = subprocess.run([board.gateway(generation), "decode", *options, path],
                          capture_output=True, text=True, timeout=60, check=False)
    return [json.loads(line) for line in told.stdout.splitlines() if line.startswith("{")]


def values_sent(run, line, driver):
    return [{name: float(value) for name, value in board.decode(driver, start.data).items()}
            for start in run.starts if start.line == line and start.what == "A"]


def values_read(frames):
    return [{name: frame[name] for name in ("humidity", "temperature")} for frame in frames]


@pytest.mark.slow
def test_what_is_captured_is_what_was_sent(generation, tmp_path):
    captures = "; ".join(
        f"pin2mqtt capture --driver {model} --pin GPIO{line} -n {NUM_FRAMES} -o /out/{line}.csv && "
        f"pin2mqtt capture --driver dht --pin GPIO{line} -n {NUM_FRAMES} -o /out/{line}.vcd"
        for line, model in enumerate(MODELS))
    run = board.boot(f"set -e; {captures}", module=f"lines={len(MODELS)}",
                     conf=[f"{line} model={model}" for line, model in enumerate(MODELS)],
                     files=[(board.gateway(generation), "/bin/pin2mqtt")])
    for line, model in enumerate(MODELS):
        sent = values_sent(run, line, model)
        assert len(sent) == 2 * NUM_FRAMES
        log = tmp_path / f"{line}.csv"
        log.write_text(run.files[log.name], encoding="utf-8")
        # found out from what came, and written down
        assert f"driver={model}; pin=GPIO{line}" in run.files[log.name]
        assert values_read(decode(generation, log)) == sent[:NUM_FRAMES]
        levels = tmp_path / f"{line}.vcd"
        levels.write_text(run.files[levels.name], encoding="utf-8")
        assert f"driver={model} " in run.files[levels.name]
        assert values_read(decode(generation, levels)) == sent[NUM_FRAMES:]


@pytest.mark.slow
def test_models_are_found_out_and_no_value_comes_before(generation):
    sensors = [{"id": f"s{line}", "driver": "dht", "pin": f"GPIO{line}", "interval": "2s"}
               for line in range(len(MODELS))]
    run = board.run_gateway(
        generation, sensors,
        "gateway_start; sleep 40; pin2mqtt capture -c /etc/pin2mqtt.yaml s0 --last -o /out/last.csv;"
        " gateway_stop", module=f"lines={len(MODELS)}",
        conf=[f"{line} model={model}" for line, model in enumerate(MODELS)])
    accounts = board.account(run, {f"s{line}": (line, model)
                                   for line, model in enumerate(MODELS)})
    for line, model in enumerate(MODELS):
        account = accounts[f"s{line}"]
        assert account.wrong == []
        # the two good frames before the third; the last start may be cut off
        assert len(account.lost) in (2, 3)
        assert len(account.right) >= 10
        assert f"s{line}: model found out model={model} good_frames=3" in \
            run.files["gateway.log"]
    assert run.files["last.csv"].count(",start,") == 16
